"""Evaluation of a model on labelled sequences, beside simple baselines."""

from collections.abc import Callable, Iterable

import numpy as np

from rnncli.datasets.arrangements.named_rows import NumericTable
from rnncli.datasets.sequences import SMALLER_DATA, Sequences, check_features
from rnncli.datasets.task import Task
from rnncli.datasets.text import Text
from rnncli.errors import InputError
from rnncli.inference.baselines import (
    mean_metrics,
    most_frequent_class_metrics,
    value_metrics,
)
from rnncli.inference.classification_metrics import (
    calibration_error,
    classification_metrics,
    confusion_matrix,
    precision_recall_f1,
)
from rnncli.inference.forecast_baselines import Forecaster, forecast_baselines
from rnncli.inference.metric_sums import MetricSums
from rnncli.inference.model import Model
from rnncli.inference.outputs import add_outputs
from rnncli.inference.predictions import (
    Predictions,
    concatenated,
    decode_outputs,
    model_outputs,
)
from rnncli.inference.regression_metrics import regression_metrics
from rnncli.inference.report import Report
from rnncli.inference.text_evaluation import evaluate_text
from rnncli.memory import within_memory
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES


def evaluate(
    model: Model,
    batches: Iterable[Sequences],
    train: Sequences | None = None,
    on_predictions: Callable[[Predictions], object] = lambda predictions: None,
    table: NumericTable | None = None,
) -> Report:
    """Score a model on labelled sequences.

    Parameters
    ----------
    model : Model
        The model.
    batches : iterable of Sequences
        The labelled sequences.
    train : Sequences, optional
        The training split of a model that forecasts, to which its baselines are fitted.
    on_predictions : callable, optional
        Called with the predictions for each batch, as soon as they are calculated.
    table : NumericTable, optional
        The table from which the windows of a model that forecasts were cut; see
        `forecast_baselines`.

    Raises
    ------
    InputError
        The sequences do not fit the model, or no label is present.
    """
    sums = MetricSums(model.task)
    predictions: list[Predictions] = []
    forecasters = _forecasters(model, train, table)
    forecasts: dict[str, list[Array]] = {name: [] for name in forecasters}
    first = 0
    chunks = (chunk for sequences in batches for chunk in sequences.in_memory())
    for batch in within_memory(chunks, 1, "the predictions", SMALLER_DATA):
        predictions.append(_predict_and_score(model, batch, first, sums))
        on_predictions(predictions[-1])
        first += len(batch)
        for name, forecast in forecasters.items():
            forecasts[name].append(forecast(batch))
    if not sums.count:
        raise InputError(
            "evaluate: no label is present; labelled sequences or time steps were expected"
        )
    if model.task.kind == "regression":
        return _regression_report(model, sums.loss, concatenated(predictions), forecasts)
    return _classification_report(model.task, sums.loss, concatenated(predictions))


def evaluate_split(
    model: Model, split: Sequences | Text, train: Sequences | Text | None = None
) -> Report:
    """Score a model on a split of its data; see `evaluate` and `evaluate_text`."""
    if isinstance(split, Text):
        return evaluate_text(model, split, train if isinstance(train, Text) else None)
    return evaluate(model, [split], train if isinstance(train, Sequences) else None)


def _forecasters(
    model: Model, train: Sequences | None, table: NumericTable | None
) -> dict[str, Forecaster]:
    windows = model.input_spec.windows
    if windows is None or model.network.architecture.predicts_every_step:
        return {}
    return forecast_baselines(windows, train, table)


def _predict_and_score(
    model: Model, sequences: Sequences, first: int, sums: MetricSums
) -> Predictions:
    """Return the predictions beside the true labels, and add them to the sums."""
    check_features(sequences, model.input_spec.input_size)
    model.check_labels(sequences)
    targets = model.targets(sequences, float)
    z = model_outputs(model, sequences)
    add_outputs(z, LOSSES[model.task.loss], targets.astype(z.dtype), sums)
    return decode_outputs(model, z, sequences, first, targets)


def _regression_report(
    model: Model, loss: float, predictions: Predictions, forecasts: dict[str, list[Array]]
) -> Report:
    labels, std = predictions.known_labels, np.asarray(model.task.target_std)
    metrics = {"loss": loss} | regression_metrics(labels, predictions.values)
    intervals = model.intervals.scores(labels, predictions.values) if model.intervals else []
    baselines = {"mean": mean_metrics(labels, std)}
    for name, parts in forecasts.items():
        baselines[name] = value_metrics(labels, np.concatenate(parts), std)
    return Report(metrics, baselines, len(labels), intervals=intervals)


def _classification_report(task: Task, loss: float, predictions: Predictions) -> Report:
    labels, values = predictions.known_labels, predictions.values
    assert predictions.probabilities is not None
    confusion = confusion_matrix(labels, values, np.array(task.labels))
    counts = confusion.sum(axis=1)
    metrics = {"loss": loss} | classification_metrics(confusion)
    metrics["calibration_error"] = calibration_error(predictions.probabilities, values == labels)
    precision, recall, f1 = precision_recall_f1(confusion)
    classes: list[dict[str, str | int | float]] = [
        {
            "label": label,
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "count": int(counts[i]),
        }
        for i, label in enumerate(task.labels)
    ]
    baselines = {"most_frequent": most_frequent_class_metrics(counts)}
    return Report(metrics, baselines, len(labels), classes, confusion.tolist())
