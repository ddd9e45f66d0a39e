"""The data on which a run is evaluated by default."""

from rnncli.datasets.dataset import DataSet
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
    data = read_run_data(saved)
    train, split = data.splits.train, _evaluation_split(saved, data)
    if isinstance(train, Text) or isinstance(split, Text):
        raise InputError(f"{saved.path}: is a language model; a model of labels was expected")
    return train, split


def evaluation_text_of(saved: SavedModel, data: DataSet) -> Text:
    """Return the test or else the validation split of the data of a language model.

    Raises
    ------
    InputError
        The data has neither.
    """
    split = _evaluation_split(saved, data)
    assert isinstance(split, Text)
    return split


def read_run_data(saved: SavedModel) -> DataSet:
    """Return the data of a model's run.

    Raises
    ------
    InputError
        The model does not belong to a run, or its data is now invalid.
    """
    if saved.run is None:
        raise InputError(f"{saved.path}: a weights file alone has no data; give --input FILE")
    config = saved.read_config()
    return config.data.read(config.seed)


def _evaluation_split(saved: SavedModel, data: DataSet) -> Sequences | Text:
    split = data.splits.for_evaluation
    if split is None:
        raise InputError(f"{saved.run}: no test or validation split; give --input FILE")
    return split
