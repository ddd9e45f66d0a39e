"""``checkpoint.npz``: everything needed to resume a training run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnncli.config.tree import as_tree
from rnncli.errors import InputError
from rnncli.nn.state_dict import Shapes
from rnncli.runs.archive import Contents, read_contents, read_metadata
from rnncli.runs.training_setup import TrainingSetup
from rnncli.training.members import members_of
from rnncli.training.state import restored_plan

FORMAT, VERSION = "rnncli-checkpoint", 1


def checkpoint_of(setup: TrainingSetup, config_sha256: str, metrics_sha256: str) -> Contents:
    """Return a copy of the state of a training run, as it is written to a file.

    The random streams have no state to save: they depend on the seed, the epoch and the step, and
    these are part of the checkpoint.

    Parameters
    ----------
    setup : TrainingSetup
        The training run.
    config_sha256, metrics_sha256 : str
        The hashes of the run's config file, and of its metrics log up to this epoch.
    """
    arrays = {name: array.copy() for name, array in setup.members.vectors().items()}
    metadata = {
        "progress": setup.members.numbers(),
        "config": as_tree(setup.config),
        "config_sha256": config_sha256,
        "metrics_sha256": metrics_sha256,
        "data_sha256": setup.splits.sha256,
    }
    return Contents(FORMAT, VERSION, arrays, metadata)


def saved_config(path: Path) -> dict[str, Any]:
    """Return the config of a checkpoint's training run, as plain values."""
    config = read_metadata(path, FORMAT, VERSION).get("config")
    if not isinstance(config, dict):
        raise InputError(f"{path}: config missing; the file is damaged")
    return config


def saved_config_sha256(path: Path) -> str | None:
    """Return the hash of the config file of a checkpoint's run; None of an older checkpoint."""
    sha256: str | None = read_metadata(path, FORMAT, VERSION).get("config_sha256")
    return sha256


def saved_plan(path: Path) -> list[tuple[list[int], int]]:
    """Return the values of ``training.num_epochs``, each with the steps from which it applied.

    These are the numbers of steps that each network had taken.
    """
    metadata = read_metadata(path, FORMAT, VERSION)
    with _valid_state(path):
        plans = [restored_plan(numbers["plan"]) for numbers in members_of(metadata["progress"])]
        num_epochs = [[planned for _, planned in plan] for plan in plans]
        if num_epochs.count(num_epochs[0]) < len(num_epochs):
            raise ValueError("members with different numbers of epochs")
        return [
            ([plan[i][0] for plan in plans], planned) for i, planned in enumerate(num_epochs[0])
        ]


def restore_checkpoint(path: Path, setup: TrainingSetup) -> str | None:
    """Set the state of a training run to that of a checkpoint.

    Returns
    -------
    str or None
        The hash of the metrics log up to the checkpoint's epoch; None of an older checkpoint.

    Raises
    ------
    InputError
        The file is damaged or belongs to another training run.
    """
    vectors = setup.members.vectors()

    def expected_shapes(metadata: dict[str, Any]) -> Shapes:
        # Other data may give a network of another shape, and so they are compared first.
        if metadata.get("data_sha256") != setup.splits.sha256:
            raise InputError(f"{path}: the run's data has changed; resuming needs the same data")
        return {name: (vector.shape, vector.dtype) for name, vector in vectors.items()}

    contents = read_contents(path, FORMAT, VERSION, expected_shapes)
    with _valid_state(path):
        setup.members.restore(contents.metadata["progress"], setup.batches_per_epoch)
    for name, vector in vectors.items():
        vector[...] = contents.arrays[name]
    metrics_sha256: str | None = contents.metadata.get("metrics_sha256")
    return metrics_sha256


@contextmanager
def _valid_state(path: Path) -> Iterator[None]:
    """Convert the errors of an invalid state to an `InputError`."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: the state of the training is damaged ({error!r})") from None
