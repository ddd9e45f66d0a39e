"""The learning task: classes or values, and how labels become targets and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rnncli.datasets.labels import (
    as_values,
    check_class,
    flat_labels,
    is_fraction,
    is_label,
    listed,
    sorted_labels,
    whole,
)
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.scaling import mean_and_deviation
from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

TaskKind = Literal["binary", "multiclass", "regression", "next_symbol"]
MAX_CLASSES = 1000
# More different whole numbers than this may be values; data.task must then be set.
MAX_CLASSES_INFERRED = 100
# Targets with a smaller standard deviation are refused, as is a weights file with such a scale.
_SMALLEST_TARGET_SCALE = 1 / LARGEST
# The squares of larger numbers, and the sums of their squares, would overflow in float32.
_LARGEST_STANDARDIZED_TARGET = 1e15

_LOSSES = {
    "binary": "binary_cross_entropy",
    "multiclass": "softmax_cross_entropy",
    "regression": "mean_squared_error",
    "next_symbol": "softmax_cross_entropy",
}


@dataclass(frozen=True)
class Task:
    """The learning task of a data set; it is stored with the weights.

    Attributes
    ----------
    kind : {"binary", "multiclass", "regression", "next_symbol"}
        Two classes (one output), more classes (one output each), K values (K outputs), or the next
        symbol of a text (one output per symbol of the vocabulary).
    labels : tuple of str or int
        The classes, in the order of the outputs; empty for regression.
    target_mean, target_std : tuple of float
        Mean and standard deviation of the target values in the training split, by which they are
        standardized.
    num_symbols : int
        The size of the vocabulary of a language model.
    """

    kind: TaskKind
    labels: tuple[str | int, ...] = ()
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()
    num_symbols: int = 0

    def __post_init__(self) -> None:
        multiclass = max(3, len(self.labels))
        expected = {"binary": 2, "multiclass": multiclass, "regression": 0, "next_symbol": 0}
        if (self.kind == "next_symbol") != (self.num_symbols > 1):
            raise ValueError(f"{self.num_symbols} symbols do not fit a {self.kind} task")
        if len(self.labels) != expected[self.kind] or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"{len(self.labels)} labels do not fit a {self.kind} task")
        if not all(isinstance(label, int) and abs(label) < 1 << 63 for label in self.labels) and (
            not all(isinstance(label, str) and is_label(label) for label in self.labels)
        ):
            raise ValueError("the labels must be all whole numbers or all valid names")
        if len(self.target_mean) != len(self.target_std) or not all(
            abs(mean) <= LARGEST and _SMALLEST_TARGET_SCALE <= std <= LARGEST
            for mean, std in zip(self.target_mean, self.target_std, strict=True)
        ):
            raise ValueError("the scale of the target values is out of range")
        if self.kind == "regression" and not self.target_mean:
            raise ValueError("no target values")

    @property
    def loss(self) -> str:
        """The name of the task's loss function."""
        return _LOSSES[self.kind]

    @property
    def metric(self) -> str:
        """The name of the task's metric besides the loss."""
        return "rmse" if self.kind == "regression" else "accuracy"

    @property
    def is_language_model(self) -> bool:
        """Whether the next symbol of a text is predicted, at every time step."""
        return self.kind == "next_symbol"

    @property
    def output_size(self) -> int:
        """The number of outputs that the network needs."""
        if self.kind == "regression":
            return len(self.target_mean)
        if self.is_language_model:
            return self.num_symbols
        return 1 if self.kind == "binary" else len(self.labels)

    def encode(self, sequences: Sequences, dtype: Any, offsets: Array | None = None) -> Array:
        """Return the targets (N, K), or (N, T, K) of time steps.

        They are class indices or standardized values; NaN for padding and time steps without a
        label. `offsets` (N, K) are subtracted from values before they are standardized.

        Raises
        ------
        InputError
            Naming the first sequence whose label is not a class of this task, or not a value, or
            whose value is too far from those of the training split.
        """
        flat, labelled, sequence_indices = self._classes_or_values(sequences)
        if self.kind == "regression":
            values = flat
            flat = (_relative(values, offsets) - self.target_mean) / self.target_std
            too_far = np.abs(flat) > _LARGEST_STANDARDIZED_TARGET
            if too_far.any():
                row, column = np.argwhere(too_far)[0].tolist()
                place = sequences.place(sequence_indices[row])
                raise InputError(
                    f"{place}: target {values[row, column]} is too far from those of the training "
                    "data; the same unit was expected"
                )
        if labelled is None:
            return flat.astype(dtype)
        targets = np.full((*labelled.shape, flat.shape[1]), np.nan, dtype)
        targets[labelled] = flat
        return targets

    def check(self, sequences: Sequences) -> None:
        """Raise `InputError` if a label is not a class of this task, or not a value."""
        self._classes_or_values(sequences)

    def _classes_or_values(self, sequences: Sequences) -> tuple[Array, Array | None, Sequence[int]]:
        """Return `flat_labels` with the class indices or the values (M, K) instead of the labels.

        Errors are those of `check`.
        """
        labels, labelled, sequence_indices = flat_labels(sequences)
        if self.kind == "regression":
            values = as_values(labels, sequences, sequence_indices)
            if values.shape[1] != self.output_size:
                raise InputError(
                    f"{sequences.source}: {values.shape[1]} target values per prediction; the "
                    f"model predicts {self.output_size}"
                )
            return values, labelled, sequence_indices
        if labels.ndim > 1:
            raise InputError(
                f"{sequences.source}: several labels per prediction; the model predicts one"
            )
        positions = {str(label): i for i, label in enumerate(self.labels)}
        distinct, inverse = np.unique(labels, return_inverse=True)
        numbers = [
            positions.get(str(label), positions.get(str(whole(label)), -1))
            for label in distinct.tolist()
        ]
        classes = np.array(numbers, float)[inverse]
        if -1 in numbers:
            index = int(classes.argmin())
            place = sequences.place(sequence_indices[index])
            raise InputError(
                f"{place}: label '{labels[index]}' is not known; one of {listed(self.labels)}"
            )
        return classes[:, np.newaxis], labelled, sequence_indices

    def probabilities(self, outputs: Array) -> Array:
        """Return the probability of each class (..., C) from the outputs (..., O)."""
        exponentials: Array = np.exp(self._shifted_logits(outputs))
        exponentials /= exponentials.sum(axis=-1, keepdims=True)
        return exponentials

    def log_probabilities(self, outputs: Array) -> Array:
        """Return the logarithm of the probability of each class (..., C) from outputs (..., O)."""
        logits = self._shifted_logits(outputs)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return logits

    def _shifted_logits(self, outputs: Array) -> Array:
        """Return logits (..., C) of all classes whose largest is 0."""
        if self.kind == "binary":
            outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=-1)
        logits: Array = outputs - outputs.max(axis=-1, keepdims=True)
        return logits

    def decode_targets(self, targets: Array, offsets: Array | None = None) -> Array:
        """Return labels (M,) or values (M, K) from targets (M, K)."""
        if self.kind == "regression":
            return self.decode(targets, offsets)
        return np.array(self.labels).take(targets[:, 0].astype(np.intp))

    def decode(self, outputs: Array, offsets: Array | None = None) -> Array:
        """Return labels (...) or values (..., K) from the outputs (..., O).

        `offsets` (..., K) are what `encode` subtracted from the values.
        """
        if self.kind == "regression":
            values: Array = outputs * np.asarray(self.target_std) + np.asarray(self.target_mean)
            return values if offsets is None else values + offsets
        names = np.array(self.labels)
        binary = self.kind == "binary"
        return names.take(outputs[..., 0] > 0 if binary else outputs.argmax(axis=-1))


def _relative(values: Array, offsets: Array | None) -> Array:
    return values if offsets is None else values - offsets


def infer_task(sequences: Sequences, declared: str | None) -> Task:
    """Return the task that fits the labels, without the scale of target values.

    Text and whole numbers are classes, other numbers are values, unless the task is declared.
    """
    labels, _, sequence_indices = flat_labels(sequences)
    if declared is None:
        declared = _inferred_kind(labels, sequences.source)
    if declared == "regression":
        width = as_values(labels, sequences, sequence_indices).shape[1]
        return Task("regression", (), (0.0,) * width, (1.0,) * width)
    if labels.ndim > 1:
        raise InputError(f"{sequences.source}: several labels per prediction; a class needs one")
    distinct, first_indices = np.unique(labels, return_index=True)
    names = sorted_labels(distinct.tolist(), literally=sequences.label_type is not None)
    for index in np.sort(first_indices):
        check_class(labels[index].item(), sequences.place(sequence_indices[index]))
    if not 2 <= len(names) <= MAX_CLASSES:
        raise InputError(
            f"{sequences.source}: {len(names)} class{'' if len(names) == 1 else 'es'} "
            f"({listed(names)}); from 2 to {MAX_CLASSES} are needed"
        )
    return Task("binary" if len(names) == 2 else "multiclass", tuple(names))


def _inferred_kind(labels: Array, source: str) -> str:
    """Return ``regression`` where labels are lists or fractions, or else ``classification``."""
    if labels.ndim > 1:
        return "regression"
    names = sorted_labels(np.unique(labels).tolist())
    if any(isinstance(name, str) and is_fraction(name) for name in names):
        return "regression"
    if all(isinstance(name, int) for name in names) and len(names) > MAX_CLASSES_INFERRED:
        raise InputError(
            f"{source}: {len(names)} different whole numbers as labels; "
            "set data.task to classification or regression"
        )
    return "classification"


def scale_targets(task: Task, train: Sequences, offsets: Array | None = None) -> Task:
    """Return the task with the scale of the target values in the training split.

    `offsets` (N, K) are subtracted from the values before.

    Raises
    ------
    InputError
        The values are too small to scale.
    """
    if task.kind != "regression":
        return task
    labels, _, sequence_indices = flat_labels(train)
    values = as_values(labels, train, sequence_indices)
    mean, std = mean_and_deviation(_relative(values, offsets))
    if std.min() < _SMALLEST_TARGET_SCALE:
        raise InputError(
            f"{train.source}: the targets have a standard deviation of {std.min():.3g}, which is "
            f"too small to calculate with; give them in a smaller unit"
        )
    return Task(task.kind, (), tuple(mean.tolist()), tuple(std.tolist()))
