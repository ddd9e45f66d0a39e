"""The data on which a run is evaluated by default."""

from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.runs.saved_model import SavedModel


def read_evaluation_data(saved: SavedModel) -> Sequences:
    """Return the test split of a model's run, or else its validation split.

    Raises
    ------
    InputError
        The model is not a run's, the run has neither split, or its data is invalid by now.
    """
    if saved.run is None:
        raise InputError(f"{saved.path}: a weights file alone has no data; give --input FILE")
    config = saved.read_config()
    sequences = config.data.read(config.seed)[0].for_evaluation
    if sequences is None:
        raise InputError(f"{saved.run}: no test or validation split; give --input FILE")
    return sequences
