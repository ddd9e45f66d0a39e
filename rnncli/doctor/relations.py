"""How much of the targets simple rules can tell: the yardstick for labels and for single columns.

Nothing here trains a network. A rule sees part of the answers and is asked for the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from rnncli.datasets.sequences import valid_steps
from rnncli.doctor.subject import Subject
from rnncli.nn.arrays import Array

_MOST_FEATURES = 16  # for the products of two
_MOST_COLUMNS = 256  # for each step's own
_MOST_ANSWERS = 4000
_FEWEST_OTHERS = 10
_FOLDS, _NEIGHBOURS, _ASKED_AT_ONCE = 5, 5, 256


@dataclass(frozen=True)
class Answered:
    """M answers, and what there is to tell them from.

    Attributes
    ----------
    columns : array (M, T, D)
        The inputs of a sequence; where each step has an answer, of that step alone.
    summary : array (M, P)
        Figures of the sequence, or of what of it is past, scaled to deviation 1.
    targets : array (M, K)
        Values, or a one for the true class of K and zeros for the others.
    owners : array (M,)
        The sequence of each.
    """

    columns: Array
    summary: Array
    targets: Array
    owners: Array


def answered(subject: Subject) -> Answered:
    """Return the answers of the sequences that are looked at."""
    sample = subject.sample
    x, y = np.asarray(sample.x, float), sample.y
    count, steps, _ = x.shape
    lengths = np.full(count, steps) if sample.lengths is None else sample.lengths
    if y.ndim == 2:
        summary = summary_of_sequences(x, lengths)
        return Answered(x, scaled(summary), one_hot(subject, y), np.arange(count))
    there = valid_steps(lengths, steps) & ~np.isnan(y[:, :, 0])
    owners, step = np.nonzero(there)
    chosen = np.random.default_rng(subject.seed).permutation(len(owners))[:_MOST_ANSWERS]
    owners, step = owners[chosen], step[chosen]
    place = step - (steps - lengths[owners]) + 1
    past = x.cumsum(axis=1)[owners, step] / place[:, np.newaxis]
    summary = np.column_stack([x[owners, step], past, place])
    columns = x[owners, step][:, np.newaxis]
    return Answered(columns, scaled(summary), one_hot(subject, y[owners, step]), owners)


def summary_of_sequences(x: Array, lengths: Array) -> Array:
    """Return figures (N, P) of sequences: sums, means, spreads, ends, products, and short inputs.

    Sums tell parities, products of two features sums of what is marked.
    """
    count, steps, features = x.shape
    own = lengths[:, np.newaxis]
    held = valid_steps(lengths, steps)[:, :, np.newaxis]
    sums = x.sum(axis=1)
    means = sums / own
    spread = np.sqrt((np.square(x - means[:, np.newaxis]) * held).sum(axis=1) / own)
    first = x[np.arange(count), steps - lengths]
    parts = [sums, means, spread, first, x[:, -1], own]
    if features <= _MOST_FEATURES:
        pairs = np.triu_indices(features)
        parts.append((x.transpose(0, 2, 1) @ x)[:, pairs[0], pairs[1]] / own)
    if steps * features <= _MOST_COLUMNS:
        parts.append(x.reshape(count, -1))
    return np.concatenate(parts, axis=1)


def scaled(values: Array) -> Array:
    """Return columns (M, P) with mean 0 and deviation 1; those that never change are left out."""
    spread = values.std(axis=0)
    there = spread > 1e-9 * (np.abs(values).max(axis=0) + 1e-300)
    chosen: Array = (values[:, there] - values[:, there].mean(axis=0)) / spread[there]
    return chosen


def one_hot(subject: Subject, y: Array) -> Array:
    """Return targets (M, K) as values, or as a one for the class and zeros for the others."""
    classes = len(subject.task.labels)
    return np.eye(classes)[y[:, 0].astype(int)] if classes else y.astype(float)


def strength(given: Array, targets: Array, independent: int) -> float:
    """Return the best correlation of answers with their targets, in standard errors.

    Of answers that have nothing to do with the targets it is rarely above 4.
    """
    given, targets = given - given.mean(axis=0), targets - targets.mean(axis=0)
    scale = np.sqrt(np.square(given).sum(axis=0) * np.square(targets).sum(axis=0))
    known = scale > 0
    products = (given * targets).sum(axis=0)[known] / scale[known]
    return float(products.max(initial=0.0)) * sqrt(independent)


def simple_strengths(answers: Answered) -> Iterator[float]:
    """Yield how well the simple models foretell what they have not seen; see `strength`."""
    number = np.unique(answers.owners, return_inverse=True)[1]
    for model in (ridge, neighbours):
        given = np.zeros_like(answers.targets)
        for fold in range(_FOLDS):
            asked = number % _FOLDS == fold
            if asked.any() and not asked.all():
                known = answers.summary[~asked], answers.targets[~asked]
                given[asked] = model(*known, answers.summary[asked])
        yield strength(given, answers.targets, int(number.max()) + 1)


Model = Callable[[Array, Array, Array], Array]


def ridge(known: Array, targets: Array, asked: Array) -> Array:
    """Return the answers (M, K) of a linear model with small weights."""
    mean = targets.mean(axis=0)
    inner = known.T @ known + np.eye(known.shape[1]) * (1 + 0.01 * len(known))
    answers: Array = asked @ np.linalg.solve(inner, known.T @ (targets - mean)) + mean
    return answers


def neighbours(known: Array, targets: Array, asked: Array) -> Array:
    """Return the mean targets (M, K) of the nearest sequences."""
    nearest = min(_NEIGHBOURS, len(known)) - 1
    squares = np.square(known).sum(axis=1)
    parts = []
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        distance = squares - 2 * asked[start : start + _ASKED_AT_ONCE] @ known.T
        chosen = distance.argpartition(nearest, axis=1)[:, : nearest + 1]
        parts.append(targets[chosen].mean(axis=1))
    return np.concatenate(parts)


def skill_of_column(known: Array, targets: Array, asked: Array, truth: Array, kind: str) -> float:
    """Return how much of the truth one column tells: 0 as the best constant does, 1 for all.

    Each answer is the mean target of equal values, or of the few that are nearest. Of classes it
    says nothing, 0, where too few are others than the most frequent.

    Parameters
    ----------
    known, asked : array (M,), array (L,)
        The column where the targets are known, and where they are not.
    targets, truth : array (M, K), array (L, K)
        The targets there.
    kind : str
        The task's.
    """
    order = known.argsort(kind="stable")
    column = known[order]
    sums = np.concatenate([np.zeros((1, targets.shape[1])), targets[order].cumsum(axis=0)])
    low, high = np.searchsorted(column, asked), np.searchsorted(column, asked, "right")
    few = high - low < 3
    low = np.where(few, np.maximum(low - 2, 0), low)
    high = np.where(few, np.minimum(high + 2, len(column)), high)
    given = (sums[high] - sums[low]) / (high - low)[:, np.newaxis]
    if kind == "regression":
        spread = np.square(truth - truth.mean(axis=0)).mean()
        return float(1 - np.square(given - truth).mean() / spread) if spread else 0.0
    right = float((given.argmax(axis=1) == truth.argmax(axis=1)).mean())
    constant = float(truth.mean(axis=0).max())
    enough = (1 - constant) * len(truth) >= _FEWEST_OTHERS
    return (right - constant) / (1 - constant) if enough else 0.0
