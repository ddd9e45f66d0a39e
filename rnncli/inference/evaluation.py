"""Evaluation of a model on labelled sequences, beside simple baselines."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from rnncli.datasets.sequences import SMALLER_DATA, Sequences, check_features
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.baselines import (
    Forecaster,
    forecast_baselines,
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
from rnncli.memory import within_memory
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES


@dataclass(frozen=True)
class Report:
    """Metrics of a model and of baselines on the same labels.

    Attributes
    ----------
    metrics : dict of str to float
        Metrics of the model by name.
    baselines : dict of str to dict
        The same metrics of each baseline: ``most_frequent`` for classes; ``mean`` for values, and
        ``persistence`` and perhaps ``seasonal_naive`` for forecasts.
    num_samples : int
        How many predictions were scored: sequences, or time steps with a label.
    classes : list of dict
        For each class its label, precision, recall, F1 and how often it occurs.
    confusion : list of list of int
        How often each true class (row) was predicted as each class (column).
    """

    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    num_samples: int
    classes: list[dict[str, str | int | float]] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)

    @property
    def baseline(self) -> dict[str, float]:
        """The metrics of the constant baseline: the most frequent class, or the mean."""
        return self.baselines["mean" if "mean" in self.baselines else "most_frequent"]

    def as_dict(self) -> dict[str, Any]:
        """Return all attributes, and the constant baseline, as plain values.

        An infinite loss is None, because JSON has no infinity.
        """
        metrics = {name: value if isfinite(value) else None for name, value in self.metrics.items()}
        return asdict(self) | {"metrics": metrics, "baseline": self.baseline}


def evaluate(
    model: Model,
    batches: Iterable[Sequences],
    train: Sequences | None = None,
    on_predictions: Callable[[Predictions], object] = lambda predictions: None,
) -> Report:
    """Score a model on labelled sequences.

    Parameters
    ----------
    model : Model
        The model.
    batches : iterable of Sequences
        The labelled sequences.
    train : Sequences, optional
        The training split of a model that forecasts; the seasonal baseline takes its period from
        it.
    on_predictions : callable, optional
        Called with the predictions for each batch, as soon as they are calculated.

    Raises
    ------
    InputError
        The sequences do not fit the model, or no label is present.
    """
    sums = MetricSums(model.task)
    predictions: list[Predictions] = []
    forecasters = _forecasters(model, train)
    forecasts: dict[str, list[Array]] = {name: [] for name in forecasters}
    first = 0
    chunks = (chunk for sequences in batches for chunk in sequences.in_memory())
    for batch in within_memory(chunks, 1, "the predictions", SMALLER_DATA):
        predictions.append(_predict_and_score(model, batch, first, sums))
        on_predictions(predictions[-1])
        first += len(batch)
        for name, forecast in forecasters.items():
            forecasts[name].append(forecast(np.asarray(batch.x)))
    if not sums.count:
        raise InputError(
            "evaluate: no label is present; labelled sequences or time steps were expected"
        )
    if model.task.kind == "regression":
        return _regression_report(model.task, sums.loss, concatenated(predictions), forecasts)
    return _classification_report(model.task, sums.loss, concatenated(predictions))


def _forecasters(model: Model, train: Sequences | None) -> dict[str, Forecaster]:
    windows = model.input_spec.windows
    every_step = model.network.architecture.predicts_every_step
    return forecast_baselines(windows, train) if windows is not None and not every_step else {}


def _predict_and_score(
    model: Model, sequences: Sequences, first: int, sums: MetricSums
) -> Predictions:
    """Return the predictions beside the true labels, and add them to the sums."""
    check_features(sequences, model.network.input_size)
    model.check_labels(sequences)
    targets = model.task.encode(sequences, float)
    z = model_outputs(model, sequences)
    add_outputs(z, LOSSES[model.task.loss], targets.astype(z.dtype), sums)
    return decode_outputs(model, z, sequences, first, targets)


def _regression_report(
    task: Task, loss: float, predictions: Predictions, forecasts: dict[str, list[Array]]
) -> Report:
    labels, std = predictions.known_labels, np.asarray(task.target_std)
    metrics = {"loss": loss} | regression_metrics(labels, predictions.values)
    baselines = {"mean": mean_metrics(labels, std)}
    for name, parts in forecasts.items():
        baselines[name] = value_metrics(labels, np.concatenate(parts), std)
    return Report(metrics, baselines, len(labels))


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
