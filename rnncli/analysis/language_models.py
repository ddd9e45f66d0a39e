"""Evaluation of a saved language model, and the texts that it is compared with."""

from pathlib import Path

from rnncli.analysis.evaluation_data import evaluation_text_of, read_run_data
from rnncli.datasets.dataset import DataSet
from rnncli.datasets.text import Text, read_text
from rnncli.errors import InputError
from rnncli.inference.report import Report
from rnncli.inference.text_evaluation import evaluate_text
from rnncli.runs.saved_model import SavedModel


def evaluate_language_model(saved: SavedModel, source: str | None) -> Report:
    """Score a language model on a text file, or on the evaluation data of its run.

    The baselines count in the training data of the run; a weights file alone has none. If the data
    of the run are words of a grammar, the model is also compared with the grammar.

    Raises
    ------
    InputError
        The text or the run's data is invalid, or neither is given.
    """
    if saved.run is None:
        return evaluate_text(saved.model, evaluation_text(saved, source))
    data = read_run_data(saved)
    text = evaluation_text_of(saved, data) if source is None else _text_of_file(saved, source)
    return evaluate_text(saved.model, text, _training_text_of(data), data.language)


def training_text(saved: SavedModel) -> Text:
    """Return the training split of the run of a language model."""
    return _training_text_of(read_run_data(saved))


def evaluation_text(saved: SavedModel, source: str | None) -> Text:
    """Return the text of a file, or without a file the evaluation data of the run."""
    if source is None:
        return evaluation_text_of(saved, read_run_data(saved))
    return _text_of_file(saved, source)


def _training_text_of(data: DataSet) -> Text:
    train = data.splits.train
    assert isinstance(train, Text)
    return train


def _text_of_file(saved: SavedModel, source: str) -> Text:
    spec = saved.model.input_spec
    assert spec.vocabulary is not None
    text = read_text(Path(source), spec.vocabulary, spec.documents)
    if not len(text):
        raise InputError(f"{source}: has fewer than two symbols; a text was expected")
    return text
