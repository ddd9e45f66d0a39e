"""How good a model is on labelled sequences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from rnncli.datasets.sequences import Sequences, check_features
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.inference.outputs import tally_outputs
from rnncli.inference.predictions import Predictions, answers_from, outputs_for
from rnncli.inference.scores import Tally
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES

_BINS = 10


@dataclass(frozen=True)
class Report:
    """Figures of a model, and of the best constant answer beside them.

    Attributes
    ----------
    metrics, baseline : dict of str to float
        By name; of the model, and of the most frequent class or the mean value.
    num_samples : int
        How many answers were scored: sequences, or steps with a label.
    classes : list of dict
        For each class its label, precision, recall, F1 and how often it is true.
    confusion : list of list of int
        How often each class (row) was taken for each (column).
    """

    metrics: dict[str, float]
    baseline: dict[str, float]
    num_samples: int
    classes: list[dict[str, str | int | float]] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)


def evaluate(model: Model, parts: Iterable[Sequences]) -> Report:
    """Score a model on labelled sequences that come in parts."""
    return report(model.task, list(score_parts(model, parts)))


@dataclass(frozen=True)
class Scored:
    """The answers for a part, and the sum of their losses."""

    answers: Predictions
    loss_sum: float


def score_parts(model: Model, parts: Iterable[Sequences]) -> Iterator[Scored]:
    """Yield the answers for each part beside the truth, and what else `report` needs."""
    first = 0
    for part in (some for whole in parts for some in whole.in_memory()):
        check_features(part, model.network.input_size)
        model.check_labels(part)
        truth = model.task.encode(part, float)
        z = outputs_for(model, part)
        tally = tally_outputs(z, LOSSES[model.task.loss], truth.astype(z.dtype), Tally(model.task))
        answers = answers_from(z, model, part, first, truth)
        first += len(part)
        yield Scored(answers, tally.loss_sum)


def true_and_given(scored: list[Scored]) -> tuple[Array, Array]:
    """Return the true labels or values and the answers, (M,) or (M, K), over all parts."""
    truth = [part.answers.truth for part in scored if part.answers.truth is not None]
    return np.concatenate(truth), np.concatenate([part.answers.answers for part in scored])


def report(task: Task, scored: list[Scored]) -> Report:
    """Return the figures over all parts.

    Raises
    ------
    InputError
        There is nothing to score.
    """
    if not sum(len(part.answers.answers) for part in scored):
        raise InputError("evaluate: nothing has a label; labelled sequences or steps were expected")
    truth, given = true_and_given(scored)
    loss = sum(part.loss_sum for part in scored) / len(truth)
    if task.kind == "regression":
        constant = np.broadcast_to(truth.mean(axis=0), truth.shape)
        std = np.asarray(task.target_std)
        metrics = {"loss": loss} | value_metrics(truth, given)
        baseline = {"loss": float(((truth - constant) / std).var(axis=0).mean())}
        return Report(metrics, baseline | value_metrics(truth, constant), len(truth))
    chances = [part.answers.probabilities for part in scored]
    probabilities = np.concatenate([part for part in chances if part is not None])
    names = np.array(task.labels)
    matrix = confusion(truth, given, names)
    counts = matrix.sum(axis=1)
    shares = counts / counts.sum()
    constant_matrix = np.zeros_like(matrix)
    constant_matrix[:, counts.argmax()] = counts
    metrics = {"loss": loss} | class_metrics(matrix)
    metrics["calibration_error"] = calibration_error(probabilities, given == truth)
    present = shares[shares > 0]
    baseline = {"loss": float(-(present * np.log(present)).sum())} | class_metrics(constant_matrix)
    baseline["calibration_error"] = 0.0
    precision, recall, f1 = by_class(matrix)
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
    return Report(metrics, baseline, len(truth), classes, matrix.tolist())


def value_metrics(truth: Array, given: Array) -> dict[str, float]:
    """Return RMSE and MAE over all values, and the mean R^2 of the columns of (M, K)."""
    error = given - truth
    spread = truth.var(axis=0)
    known = spread > 0
    explained = 1 - np.square(error).mean(axis=0)[known] / spread[known]
    return {
        "rmse": sqrt(float(np.square(error).mean())),
        "mae": float(np.abs(error).mean()),
        "r2": float(explained.mean()) if known.any() else 0.0,
    }


def confusion(truth: Array, given: Array, names: Array) -> Array:
    """Return how often each true class (row) was answered with each class (column)."""
    order = names.argsort()
    rows, columns = (order[np.searchsorted(names, some, sorter=order)] for some in (truth, given))
    matrix = np.zeros((len(names), len(names)), int)
    np.add.at(matrix, (rows, columns), 1)
    return matrix


def by_class(matrix: Array) -> tuple[Array, Array, Array]:
    """Return precision, recall and F1 of each class; 0 for a class that is not there."""
    right = np.diag(matrix)
    precision = right / np.maximum(matrix.sum(axis=0), 1)
    recall = right / np.maximum(matrix.sum(axis=1), 1)
    return precision, recall, 2 * precision * recall / np.maximum(precision + recall, 1e-300)


def class_metrics(matrix: Array) -> dict[str, float]:
    """Return accuracy, mean recall (balanced accuracy) and mean F1 of the classes there are."""
    there = matrix.sum(axis=1) > 0
    _, recall, f1 = by_class(matrix)
    return {
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "balanced_accuracy": float(recall[there].mean()),
        "f1": float(f1[there].mean()),
    }


def calibration_error(probabilities: Array, right: Array) -> float:
    """Return how far confidence and accuracy part, over ten bins of confidence.

    Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    confidence = probabilities.max(axis=1).astype(float)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(float(confidence[bins == i].sum() - right[bins == i].sum())) for i in range(_BINS)]
    return sum(gaps) / len(right)
