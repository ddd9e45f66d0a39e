"""The data that a run held out of its training."""

from pathlib import Path

from rnncli.config.reading import read_config
from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.runs.run_folder import CONFIG


def held_out_of(run: Path) -> Sequences:
    """Return the test split of a run, or its validation split if it has no test split.

    Raises
    ------
    InputError
        The run has neither, or its data has become invalid.
    """
    return train_and_held_out(run)[1]


def train_and_held_out(run: Path) -> tuple[Sequences, Sequences]:
    """Return the training split of a run, and what `held_out_of` returns; errors as there."""
    config = read_config(run / CONFIG)
    splits = config.data.read(config.seed).splits
    if splits.held_out is None:
        raise InputError(f"{run}: this run held no data out; 'rnn evaluate' takes --input FILE")
    return splits.train, splits.held_out
