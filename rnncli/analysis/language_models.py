"""Evaluation of a saved language model, and the texts that it is compared with."""

from pathlib import Path

from rnncli.analysis.evaluation_data import read_evaluation_text
from rnncli.datasets.text import Text, read_text
from rnncli.errors import InputError
from rnncli.inference.report import Report
from rnncli.inference.text_evaluation import evaluate_text
from rnncli.runs.saved_model import SavedModel


def evaluate_language_model(saved: SavedModel, source: str | None) -> Report:
    """Score a language model on a text file, or on the evaluation data of its run.

    The baselines count in the training data of the run; a weights file alone has none.

    Raises
    ------
    InputError
        The text or the run's data is invalid, or neither is given.
    """
    train = None if saved.run is None else training_text(saved)
    return evaluate_text(saved.model, evaluation_text(saved, source), train)


def training_text(saved: SavedModel) -> Text:
    """Return the training split of the run of a language model."""
    config = saved.read_config()
    train = config.data.read(config.seed).splits.train
    assert isinstance(train, Text)
    return train


def evaluation_text(saved: SavedModel, source: str | None) -> Text:
    """Return the text of a file, or without a file the evaluation data of the run."""
    if source is None:
        return read_evaluation_text(saved)[1]
    spec = saved.model.input_spec
    assert spec.vocabulary is not None
    text = read_text(Path(source), spec.vocabulary, spec.documents)
    if not len(text):
        raise InputError(f"{source}: has fewer than two symbols; a text was expected")
    return text
