"""The data that a run held out of its training."""

from pathlib import Path

from rnncli.config.validate import read_config
from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.runs.run_folder import CONFIG


def held_out_of(run: Path) -> Sequences:
    """Return a run's test data where there is some, else its validation part.

    Raises
    ------
    InputError
        The run held no data out, or its data is wrong by now.
    """
    config = read_config(run / CONFIG)
    held_out = config.data.read(config.seed).splits.held_out
    if held_out is None:
        raise InputError(f"{run}: this run held no data out; 'rnn evaluate' takes --input FILE")
    return held_out
