"""The data on which a run is evaluated by default."""

from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.runs.saved_model import SavedModel


def read_evaluation_data(saved: SavedModel) -> tuple[Sequences, Sequences]:
    """Return the training split of a model's run, and its test or else its validation split.

    Raises
    ------
    InputError
        The model does not belong to a run, the run has neither split, or its data is now invalid.
    """
    if saved.run is None:
        raise InputError(f"{saved.path}: a weights file alone has no data; give --input FILE")
    config = saved.read_config()
    splits = config.data.read(config.seed).splits
    if splits.for_evaluation is None:
        raise InputError(f"{saved.run}: no test or validation split; give --input FILE")
    return splits.train, splits.for_evaluation
