"""What is to be learned: classes or values, and how labels become targets and back."""

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
MOST_CLASSES = 1000
MOST_CLASSES_UNASKED = 100
_SURROGATES = range(0xD800, 0xE000)
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
        Scale of the values on the training part; the network learns standardised ones.
    """

    kind: TaskKind
    labels: tuple[str | int, ...] = ()
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        fits = {"binary": 2, "multiclass": max(3, len(self.labels)), "regression": 0}
        if len(self.labels) != fits[self.kind] or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"{len(self.labels)} labels do not fit a {self.kind} task")
        if not all(isinstance(label, int) and abs(label) < 1 << 63 for label in self.labels) and (
            not all(isinstance(label, str) and is_label(label) for label in self.labels)
        ):
            raise ValueError("labels that are neither all whole numbers nor all names")
        if len(self.target_mean) != len(self.target_std) or not all(
            abs(mean) <= LARGEST and 1 / LARGEST <= std <= LARGEST
            for mean, std in zip(self.target_mean, self.target_std, strict=True)
        ):
            raise ValueError("the scale of the target values is not sound")
        if self.kind == "regression" and not self.target_mean:
            raise ValueError("no target values")

    @property
    def loss(self) -> str:
        """The name of the task's loss function."""
        return _LOSSES[self.kind]

    @property
    def metric(self) -> str:
        """The name of the task's figure besides the loss."""
        return "rmse" if self.kind == "regression" else "accuracy"

    @property
    def output_size(self) -> int:
        """How many outputs the network needs."""
        if self.kind == "regression":
            return len(self.target_mean)
        return 1 if self.kind == "binary" else len(self.labels)

    def encode(self, sequences: Sequences, dtype: Any) -> Array:
        """Return the targets (N, K), or (N, T, K) of the steps: class numbers, or scaled values.

        Steps before a sequence begins, and steps without a label, are NaN.

        Raises
        ------
        InputError
            The first sequence whose label is no class of this task, or no value.
        """
        labels, there, owners = _flat(sequences)
        if self.kind == "regression":
            values = _as_values(labels, sequences, owners)
            if values.shape[1] != self.output_size:
                raise InputError(
                    f"{sequences.source}: {values.shape[1]} target values an answer; the model "
                    f"gives {self.output_size}"
                )
            flat = (values - self.target_mean) / self.target_std
        else:
            if labels.ndim > 1:
                raise InputError(f"{sequences.source}: several labels an answer; the model has one")
            positions = {str(label): i for i, label in enumerate(self.labels)}
            numbers = [
                positions.get(str(label), positions.get(str(_whole(label)), -1))
                for label in labels.tolist()
            ]
            if -1 in numbers:
                index = numbers.index(-1)
                raise InputError(
                    f"{sequences.place(owners[index])}: label '{labels[index]}' is not known; "
                    f"one of {_listed(self.labels)}"
                )
            flat = np.array(numbers, float)[:, np.newaxis]
        if there is None:
            return flat.astype(dtype)
        targets = np.full((*there.shape, flat.shape[1]), np.nan, dtype)
        targets[there] = flat
        return targets

    def probabilities(self, outputs: Array) -> Array:
        """Return the probability of each class (..., C) from the outputs (..., O)."""
        if self.kind == "binary":
            outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=-1)
        exponentials: Array = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        exponentials /= exponentials.sum(axis=-1, keepdims=True)
        return exponentials

    def true_answers(self, targets: Array) -> Array:
        """Return labels (M,) or values (M, K) from targets (M, K)."""
        if self.kind == "regression":
            values: Array = targets * np.asarray(self.target_std) + np.asarray(self.target_mean)
            return values
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
    """Return the task that the labels speak of, without the scale of target values.

    Text and whole numbers are classes, other numbers are values; `declared` overrules.
    """
    labels, _, owners = _flat(sequences)
    if declared is None:
        names = sorted_labels(labels.ravel().tolist())
        fractions = [name for name in names if isinstance(name, str) and _is_fraction(name)]
        declared = "regression" if fractions or labels.ndim > 1 else "classification"
        whole = all(isinstance(name, int) for name in names)
        if declared == "classification" and whole and len(names) > MOST_CLASSES_UNASKED:
            raise InputError(
                f"{sequences.source}: {len(names)} different whole numbers as labels; "
                "set data.task to classification or regression"
            )
    if declared == "regression":
        width = _as_values(labels, sequences, owners).shape[1]
        return Task("regression", (), (0.0,) * width, (1.0,) * width)
    if labels.ndim > 1:
        raise InputError(f"{sequences.source}: several labels an answer; classes need one")
    names = sorted_labels(labels.tolist(), to_the_letter=sequences.says is not None)
    for index, label in enumerate(labels.tolist()):
        if not is_label(str(label)):
            raise InputError(
                f"{sequences.place(owners[index])}: {label!r} is no label; text was expected"
            )
    if not 2 <= len(names) <= MOST_CLASSES:
        raise InputError(
            f"{sequences.source}: {len(names)} class{'' if len(names) == 1 else 'es'} "
            f"({_listed(names)}); from 2 to {MOST_CLASSES} are needed"
        )
    return Task("binary" if len(names) == 2 else "multiclass", tuple(names))


def scale_targets(task: Task, train: Sequences) -> Task:
    """Return the task with the scale of the training part's target values."""
    if task.kind != "regression":
        return task
    labels, _, owners = _flat(train)
    mean, std = mean_and_deviation(_as_values(labels, train, owners))
    return Task(task.kind, (), tuple(mean.tolist()), tuple(std.tolist()))


def _flat(sequences: Sequences) -> tuple[Array, Array | None, Sequence[int]]:
    """Return all labels (M,) or (M, K), where they stand (N, T), and the sequence of each.

    Where the labels are those of the sequences, the second is None.
    """
    labels = sequences.labels
    if labels is None:
        raise InputError(f"{sequences.source}: has no labels; this needs a label a sequence")
    if not labels.size:
        raise InputError(f"{sequences.source}: holds no labelled sequences")
    if not sequences.per_step:
        return labels, None, range(len(labels))
    steps = sequences.x.shape[1]
    there = np.ones(labels.shape[:2], bool)
    if sequences.lengths is not None:
        there &= valid_steps(sequences.lengths, steps)
    if labels.dtype.kind == "f":
        there &= ~np.isnan(labels.reshape(*there.shape, -1)).any(axis=2)
    elif labels.dtype.kind == "U":
        there &= labels != ""
    return labels[there], there, np.nonzero(there)[0].tolist()


def sorted_labels(labels: Iterable[Any], to_the_letter: bool = False) -> list[str | int]:
    """Return the different labels in order: whole numbers by value, else all as text.

    3.0 is the same label as 3, unless labels are to be kept to the letter.
    """
    names = {label if to_the_letter else _whole(label) for label in labels}
    if all(str(_whole(name)) == str(name) and isinstance(_whole(name), int) for name in names):
        return sorted({int(name) for name in names})
    return sorted(str(name) for name in names)


def _whole(label: Any) -> str | int:
    """Return 3 for 3, 3.0, "3" and "3.0", and 1 for True; any other label, 03 too, as text."""
    text = str(int(label)) if isinstance(label, bool | int) else str(label)
    if _WHOLE.fullmatch(text):
        return int(text)
    if ("." in text or "e" in text.lower()) and is_number(text):
        value = number(text)
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return text


def is_label(text: str) -> bool:
    """Return whether a text can stand in a line of UTF-8: not blank, no control characters."""
    short = len(text) <= LONGEST_LABEL and bool(text.strip())
    return short and not any(c < " " or "\x7f" <= c < "\xa0" or ord(c) in _SURROGATES for c in text)


def _is_fraction(text: str) -> bool:
    return is_number(text) and not number(text).is_integer()


def _as_values(labels: Array, sequences: Sequences, owners: Sequence[int]) -> Array:
    """Return labels as target values (M, K)."""
    if labels.dtype.kind in "iufb":
        values = labels.astype(float)
        wrong = ~(np.abs(values) <= LARGEST)
        if wrong.any():
            index = tuple(np.argwhere(wrong)[0])
            place = sequences.place(owners[int(index[0])])
            raise InputError(f"{place}: target {values[index]} is not a number up to {LARGEST:g}")
        return values.reshape(len(values), -1)
    values = np.empty(labels.shape)
    for index, label in np.ndenumerate(labels):
        try:
            values[index] = number(str(label))
        except ValueError as problem:
            place = sequences.place(owners[index[0]])
            raise InputError(
                f"{place}: target {problem}, or set data.task to classification"
            ) from None
    return values.reshape(len(values), -1)


def _listed(labels: Iterable[Any], most: int = 20) -> str:
    names = [str(label) for label in labels]
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
