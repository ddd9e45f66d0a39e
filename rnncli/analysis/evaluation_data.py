"""The data on which a run is evaluated by default."""

from rnncli.datasets import Series
from rnncli.datasets.arrangements.named_rows import NumericTable
from rnncli.datasets.dataset import DataSet
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.text import Text
from rnncli.errors import InputError
from rnncli.runs.run_record import read_record
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


def read_baseline_data(saved: SavedModel) -> Sequences | None:
    """Return the training split of the run of a model that forecasts.

    It is None if the model does not forecast, or has no run whose data can be read: its baselines
    for other data are then those that need no training.
    """
    if saved.model.input_spec.windows is None:
        return None
    try:
        train = read_run_data(saved).splits.train
    except InputError:
        return None
    assert isinstance(train, Sequences)
    return train


def read_forecast_table(saved: SavedModel) -> NumericTable | None:
    """Return the table of the run of a model that forecasts; None of another model.

    Errors are those of `read_run_data`.
    """
    data = saved.read_config().data
    return data.read_table() if isinstance(data, Series) else None


def data_warnings(saved: SavedModel) -> list[str]:
    """Return a warning for each averaged model that was trained on other splits than the first.

    The evaluation data of the first run may be among the training data of the other.
    """
    if not saved.others:
        return []  # A run that is evaluated alone may have been deleted since its model was read.
    runs = [(one.path, read_record(one.run)) for one in (saved, *saved.others) if one.run]
    if not runs:
        return []
    (first, record), *others = runs
    return [
        f"{path}: was trained on other data or another split than {first}, and may have seen the "
        "evaluation data of that run; give --input FILE"
        for path, other in others
        if other.get("data_sha256") != record.get("data_sha256")
    ]


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
