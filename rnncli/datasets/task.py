"""The learning task: classes or values, and how labels become targets and back."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rnncli.datasets.numbers import LARGEST, is_number, number
from rnncli.datasets.scaling import mean_and_deviation
from rnncli.datasets.sequences import LONGEST_LABEL, Sequences, valid_steps
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

TaskKind = Literal["binary", "multiclass", "regression"]
MAX_CLASSES = 1000
# More different whole numbers than this may be values; data.task must then be set.
MAX_CLASSES_INFERRED = 100
_SURROGATES = range(0xD800, 0xE000)
# Targets with a smaller standard deviation are refused, as is a weights file with such a scale.
_SMALLEST_TARGET_SCALE = 1 / LARGEST
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")

_LOSSES = {
    "binary": "binary_cross_entropy",
    "multiclass": "softmax_cross_entropy",
    "regression": "mean_squared_error",
}


@dataclass(frozen=True)
class Task:
    """The learning task of a data set; it is stored with the weights.

    Attributes
    ----------
    kind : {"binary", "multiclass", "regression"}
        Two classes (one output), more classes (one output each), or K values (K outputs).
    labels : tuple of str or int
        The classes, in the order of the outputs; empty for regression.
    target_mean, target_std : tuple of float
        Mean and standard deviation of the target values in the training split, by which they are
        standardized.
    """

    kind: TaskKind
    labels: tuple[str | int, ...] = ()
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        expected = {"binary": 2, "multiclass": max(3, len(self.labels)), "regression": 0}
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
    def output_size(self) -> int:
        """The number of outputs that the network needs."""
        if self.kind == "regression":
            return len(self.target_mean)
        return 1 if self.kind == "binary" else len(self.labels)

    def encode(self, sequences: Sequences, dtype: Any) -> Array:
        """Return the targets (N, K), or (N, T, K) of time steps.

        They are class indices or standardized values; NaN for padding and time steps without a
        label.

        Raises
        ------
        InputError
            Naming the first sequence whose label is not a class of this task, or not a value.
        """
        labels, labelled, sequence_indices = _flat_labels(sequences)
        if self.kind == "regression":
            values = _as_values(labels, sequences, sequence_indices)
            if values.shape[1] != self.output_size:
                raise InputError(
                    f"{sequences.source}: {values.shape[1]} target values per prediction; the "
                    f"model predicts {self.output_size}"
                )
            flat = (values - self.target_mean) / self.target_std
        else:
            if labels.ndim > 1:
                raise InputError(
                    f"{sequences.source}: several labels per prediction; the model predicts one"
                )
            positions = {str(label): i for i, label in enumerate(self.labels)}
            distinct, inverse = np.unique(labels, return_inverse=True)
            numbers = [
                positions.get(str(label), positions.get(str(_whole(label)), -1))
                for label in distinct.tolist()
            ]
            classes = np.array(numbers, float)[inverse]
            if -1 in numbers:
                index = int(classes.argmin())
                place = sequences.place(sequence_indices[index])
                raise InputError(
                    f"{place}: label '{labels[index]}' is not known; one of {_listed(self.labels)}"
                )
            flat = classes[:, np.newaxis]
        if labelled is None:
            return flat.astype(dtype)
        targets = np.full((*labelled.shape, flat.shape[1]), np.nan, dtype)
        targets[labelled] = flat
        return targets

    def probabilities(self, outputs: Array) -> Array:
        """Return the probability of each class (..., C) from the outputs (..., O)."""
        if self.kind == "binary":
            outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=-1)
        exponentials: Array = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        exponentials /= exponentials.sum(axis=-1, keepdims=True)
        return exponentials

    def decode_targets(self, targets: Array) -> Array:
        """Return labels (M,) or values (M, K) from targets (M, K)."""
        if self.kind == "regression":
            return self.decode(targets)
        return np.array(self.labels).take(targets[:, 0].astype(np.intp))

    def decode(self, outputs: Array) -> Array:
        """Return labels (...) or values (..., K) from the outputs (..., O)."""
        if self.kind == "regression":
            values: Array = outputs * np.asarray(self.target_std) + np.asarray(self.target_mean)
            return values
        names = np.array(self.labels)
        binary = self.kind == "binary"
        return names.take(outputs[..., 0] > 0 if binary else outputs.argmax(axis=-1))


def infer_task(sequences: Sequences, declared: str | None) -> Task:
    """Return the task that fits the labels, without the scale of target values.

    Text and whole numbers are classes, other numbers are values, unless the task is declared.
    """
    labels, _, sequence_indices = _flat_labels(sequences)
    if declared is None:
        declared = _inferred_kind(labels, sequences.source)
    if declared == "regression":
        width = _as_values(labels, sequences, sequence_indices).shape[1]
        return Task("regression", (), (0.0,) * width, (1.0,) * width)
    if labels.ndim > 1:
        raise InputError(f"{sequences.source}: several labels per prediction; a class needs one")
    distinct, first_indices = np.unique(labels, return_index=True)
    names = sorted_labels(distinct.tolist(), literally=sequences.label_type is not None)
    for index in np.sort(first_indices):
        label = labels[index].item()
        if not is_label(str(label)):
            place = sequences.place(sequence_indices[index])
            raise InputError(f"{place}: {label!r} is not a label; text was expected")
    if not 2 <= len(names) <= MAX_CLASSES:
        raise InputError(
            f"{sequences.source}: {len(names)} class{'' if len(names) == 1 else 'es'} "
            f"({_listed(names)}); from 2 to {MAX_CLASSES} are needed"
        )
    return Task("binary" if len(names) == 2 else "multiclass", tuple(names))


def _inferred_kind(labels: Array, source: str) -> str:
    """Return ``regression`` where labels are lists or fractions, or else ``classification``."""
    if labels.ndim > 1:
        return "regression"
    names = sorted_labels(np.unique(labels).tolist())
    if any(isinstance(name, str) and _is_fraction(name) for name in names):
        return "regression"
    if all(isinstance(name, int) for name in names) and len(names) > MAX_CLASSES_INFERRED:
        raise InputError(
            f"{source}: {len(names)} different whole numbers as labels; "
            "set data.task to classification or regression"
        )
    return "classification"


def scale_targets(task: Task, train: Sequences) -> Task:
    """Return the task with the scale of the target values in the training split.

    Raises
    ------
    InputError
        The values are too small to scale.
    """
    if task.kind != "regression":
        return task
    labels, _, sequence_indices = _flat_labels(train)
    mean, std = mean_and_deviation(_as_values(labels, train, sequence_indices))
    if std.min() < _SMALLEST_TARGET_SCALE:
        raise InputError(
            f"{train.source}: the targets have a standard deviation of {std.min():.3g}, which is "
            f"too small to calculate with; give them in a smaller unit"
        )
    return Task(task.kind, (), tuple(mean.tolist()), tuple(std.tolist()))


def _flat_labels(sequences: Sequences) -> tuple[Array, Array | None, Sequence[int]]:
    """Return all labels (M,) or (M, K), a mask (N, T) of their time steps, and their sequences.

    With one label per sequence, the mask is None.
    """
    labels = sequences.labels
    if labels is None:
        raise InputError(f"{sequences.source}: has no labels; one per sequence was expected")
    if not labels.size:
        raise InputError(f"{sequences.source}: holds no labelled sequences")
    if not sequences.per_step:
        return labels, None, range(len(labels))
    steps = sequences.x.shape[1]
    labelled = np.ones(labels.shape[:2], bool)
    if sequences.lengths is not None:
        labelled &= valid_steps(sequences.lengths, steps)
    if labels.dtype.kind == "f":
        labelled &= ~np.isnan(labels.reshape(*labelled.shape, -1)).any(axis=2)
    elif labels.dtype.kind == "U":
        labelled &= labels != ""
    return labels[labelled], labelled, np.nonzero(labelled)[0].tolist()


def sorted_labels(labels: Iterable[Any], literally: bool = False) -> list[str | int]:
    """Return the distinct labels in order: all as whole numbers if possible, or else all as text.

    3.0 is the same label as 3, unless labels are kept literally.
    """
    names = {label if literally else _whole(label) for label in labels}
    if all(str(_whole(name)) == str(name) and isinstance(_whole(name), int) for name in names):
        return sorted({int(name) for name in names})
    return sorted(str(name) for name in names)


def _whole(label: Any) -> str | int:
    """Return 3 for 3, 3.0, "3" and "3.0", and 1 for True; other labels, such as 03, as text."""
    text = str(int(label)) if isinstance(label, bool | int) else str(label)
    if _WHOLE.fullmatch(text):
        return int(text)
    if ("." in text or "e" in text.lower()) and is_number(text):
        value = number(text)
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return text


def is_label(text: str) -> bool:
    """Return whether a text is a valid label: not blank, and without control characters."""
    has_valid_length = len(text) <= LONGEST_LABEL and bool(text.strip())
    return has_valid_length and not any(
        c < " " or "\x7f" <= c < "\xa0" or ord(c) in _SURROGATES for c in text
    )


def _is_fraction(text: str) -> bool:
    return is_number(text) and not number(text).is_integer()


def _as_values(labels: Array, sequences: Sequences, sequence_indices: Sequence[int]) -> Array:
    """Return labels as target values (M, K)."""
    if labels.dtype.kind in "iufb":
        values = labels.astype(float)
        invalid = ~(np.abs(values) <= LARGEST)
        if invalid.any():
            index = tuple(np.argwhere(invalid)[0])
            place = sequences.place(sequence_indices[int(index[0])])
            raise InputError(f"{place}: target {values[index]} is not a number up to {LARGEST:g}")
        return values.reshape(len(values), -1)
    values = np.empty(labels.shape)
    for index, label in np.ndenumerate(labels):
        try:
            values[index] = number(str(label))
        except ValueError as problem:
            place = sequences.place(sequence_indices[index[0]])
            raise InputError(
                f"{place}: target {problem}, or set data.task to classification"
            ) from None
    return values.reshape(len(values), -1)


def _listed(labels: Iterable[Any], max_names: int = 20) -> str:
    names = [str(label) for label in labels]
    return ", ".join(names[:max_names]) + (", ..." if len(names) > max_names else "")
