"""``checkpoint.npz``: all that going on with a training needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rnncli.config.tree import as_tree
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.runs.archive import Contents, read_contents, read_metadata
from rnncli.runs.trainer import Experiment
from rnncli.training.state import restored_plan

FORMAT, VERSION = "rnncli-checkpoint", 1


def checkpoint_of(experiment: Experiment) -> Contents:
    """Return a copy of the state of a training, as it goes into a file.

    The random streams need no state of their own: an epoch's shuffle depends on the seed and the
    epoch alone, and both are in here.
    """
    arrays = {name: array.copy() for name, array in _vectors(experiment).items()}
    metadata = {
        "progress": experiment.progress.numbers(),
        "config": as_tree(experiment.config),
        "data_sha256": experiment.splits.sha256,
    }
    return Contents(FORMAT, VERSION, arrays, metadata)


def is_finite(experiment: Experiment) -> bool:
    """Return whether all numbers of the training's state are finite, and it can be gone on with."""
    parameters = experiment.model.network.parameters
    return bool(np.isfinite(parameters).all()) and experiment.progress.is_finite()


def saved_config(path: Path) -> dict[str, Any]:
    """Return the config, as plain values, of the training that a checkpoint is of."""
    config = read_metadata(path, FORMAT, VERSION).get("config")
    if not isinstance(config, dict):
        raise InputError(f"{path}: has no config; the file is damaged")
    return config


def saved_plan(path: Path) -> list[list[int]]:
    """Return from which step on the training was to have how many epochs."""
    metadata = read_metadata(path, FORMAT, VERSION)
    with _sound(path):
        return restored_plan(metadata["progress"]["plan"])


def restore_checkpoint(path: Path, experiment: Experiment) -> None:
    """Put a training where a checkpoint left it.

    Raises
    ------
    InputError
        The file is damaged or belongs to another training.
    """
    progress, targets = experiment.progress, _vectors(experiment)
    shapes = {name: (target.shape, target.dtype) for name, target in targets.items()}
    contents = read_contents(path, FORMAT, VERSION, lambda _: shapes)
    if contents.metadata.get("data_sha256") != experiment.splits.sha256:
        raise InputError(f"{path}: the run's data changed since; a resumed run needs the same")
    with _sound(path):
        progress.restore(contents.metadata["progress"])
        if not progress.is_consistent(experiment.batches):
            raise ValueError("numbers that contradict each other")
    for name, target in targets.items():
        target[...] = contents.arrays[name]


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: the state of the training is damaged ({error!r})") from None


def _vectors(experiment: Experiment) -> dict[str, Array]:
    progress = experiment.progress
    return {
        "parameters": experiment.model.network.parameters,
        "best_parameters": progress.best_parameters,
    } | {f"optimizer.{name}": array for name, array in progress.slots.items()}
