"""The data on which a run is evaluated by default."""

from rnncli.datasets.sequences import Sequences
from rnncli.datasets.text import Text
from rnncli.errors import InputError
from rnncli.runs.saved_model import SavedModel


def read_evaluation_data(saved: SavedModel) -> tuple[Sequences, Sequences]:
    """Return the training split of a model's run, and its test or else its validation split.

    Raises
    ------
    InputError
        The model does not belong to a run, the run has neither split, its data is now invalid, or
        it is a text without labels.
    """
    train, split = _read(saved)
    if isinstance(train, Text) or isinstance(split, Text):
        raise InputError(f"{saved.path}: is a language model; a model of labels was expected")
    return train, split


def read_evaluation_text(saved: SavedModel) -> tuple[Text, Text]:
    """Return the splits of the run of a language model; see `read_evaluation_data`."""
    train, split = _read(saved)
    assert isinstance(train, Text)
    assert isinstance(split, Text)
    return train, split


def _read(saved: SavedModel) -> tuple[Sequences | Text, Sequences | Text]:
    if saved.run is None:
        raise InputError(f"{saved.path}: a weights file alone has no data; give --input FILE")
    config = saved.read_config()
    splits = config.data.read(config.seed).splits
    if splits.for_evaluation is None:
        raise InputError(f"{saved.run}: no test or validation split; give --input FILE")
    return splits.train, splits.for_evaluation
