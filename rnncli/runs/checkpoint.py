"""``checkpoint.npz``: all that going on with a training needs."""

from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs.archive import read_archive, write_archive
from rnncli.runs.experiment import Experiment

FORMAT, VERSION = "rnncli-checkpoint", 1


def save_checkpoint(path: Path, experiment: Experiment) -> None:
    """Write the state of a training, atomically.

    The random streams need no state of their own: an epoch's shuffle depends on the seed and the
    epoch alone, and both are in here.
    """
    progress = experiment.progress
    arrays = {
        "parameters": experiment.model.network.parameters,
        "best_parameters": progress.best_parameters,
    } | {f"optimizer.{name}": array for name, array in progress.slots.items()}
    metadata = {"progress": progress.state(), "seed": experiment.config.seed}
    metadata |= {"data_sha256": experiment.partition.sha256}
    write_archive(path, FORMAT, VERSION, arrays, metadata)


def restore_checkpoint(path: Path, experiment: Experiment) -> None:
    """Put a training where a checkpoint left it.

    Raises
    ------
    InputError
        The file is damaged or belongs to another training.
    """
    arrays, metadata = read_archive(path, FORMAT, VERSION)
    progress = experiment.progress
    targets = {
        "parameters": experiment.model.network.parameters,
        "best_parameters": progress.best_parameters,
    } | {f"optimizer.{name}": array for name, array in progress.slots.items()}
    if arrays.keys() != targets.keys() or any(
        (arrays[name].shape, arrays[name].dtype) != (target.shape, target.dtype)
        for name, target in targets.items()
    ):
        raise InputError(f"{path}: does not fit the run's config; it is of another training")
    for key, now, what in (
        ("seed", experiment.config.seed, "seed"),
        ("data_sha256", experiment.partition.sha256, "data"),
    ):
        if metadata.get(key) != now:
            raise InputError(
                f"{path}: the run's {what} changed since; a resumed run needs the same"
            )
    try:
        progress.restore(metadata["progress"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: the state of the training is damaged ({error!r})") from None
    for name, target in targets.items():
        target[...] = arrays[name]
