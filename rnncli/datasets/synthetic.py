"""Synthetic tasks, whose true labels and best constant scores are known.

A new task is one class, which joins `SyntheticTask` at the end.
"""

from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.dataset import DataSet
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Sequences, Splits, valid_steps
from rnncli.datasets.split import split
from rnncli.datasets.task import Task
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array
from rnncli.random_streams import generator

_MAX_STEPS, _NUM_TEST_SEQUENCES = 10**6, 1000
NumSamples = Annotated[
    int, Field(ge=2, le=10**9, description="number of sequences, those for validation included")
]
TimeSteps = Annotated[int, Field(ge=1, le=_MAX_STEPS, description="time steps")]
ValidationFraction = Annotated[
    float, Field(ge=0, lt=1, description="fraction of the sequences for validation")
]
Fresh = Annotated[bool, Field(description="draw new training sequences in every epoch")]


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """Keys of every synthetic task; a task adds ``kind``, `task`, `max_shape` and `draw`."""

    # Inputs already have a scale that suits a network.
    standardize: ClassVar[bool] = False

    num_samples: NumSamples = 10_000
    validation_fraction: ValidationFraction = 0.1
    fresh: Fresh = False

    kind: str
    task: ClassVar[Task]

    @property
    def max_shape(self) -> tuple[int, int]:
        """Time steps and features of the longest sequence."""
        raise NotImplementedError

    def draw(self, count: int, rng: np.random.Generator) -> Sequences:
        """Draw `count` sequences with their labels."""
        raise NotImplementedError

    def read(self, seed: int) -> DataSet:
        """Draw the sequences, and split off the validation data."""
        require_memory(
            self.num_samples * 8 * prod(self.max_shape),
            f"data: {self.num_samples} sequences of the task {self.kind}",
            "lower data.num_samples or the size of a sequence",
        )
        drawn = self.draw(self.num_samples, generator(seed, "data"))
        train, validation = drawn, None
        if self.validation_fraction:
            train, validation = split(drawn, self.task, self.validation_fraction, seed)
        _, steps, features = drawn.x.shape
        splits = Splits(train, validation, self.test(seed))
        return DataSet(splits, self.task, InputSpec(features, steps))

    def fresh_sequences(self, count: int, seed: int, epoch: int) -> Sequences | None:
        """Draw the training sequences of an epoch, from 0; None if all epochs share them."""
        return self.draw(count, generator(seed, "data", epoch + 1)) if self.fresh else None

    def test(self, seed: int) -> Sequences | None:
        """Return the test split; None if the task has none."""
        return None


@dataclass(frozen=True, kw_only=True)
class SumSign(Synthetic):
    """The sum-sign task: decide whether the sum of all inputs is positive."""

    kind: Literal["sum_sign"] = "sum_sign"
    sequence_length: TimeSteps = 10
    input_size: Annotated[int, Field(ge=1, le=10**6, description="features per time step")] = 1

    task = Task("binary", (0, 1))

    @property
    def max_shape(self) -> tuple[int, int]:
        """See `Synthetic.max_shape`."""
        return self.sequence_length, self.input_size

    def draw(self, count: int, rng: np.random.Generator) -> Sequences:
        """See `Synthetic.draw`; the inputs are standard normal."""
        x = rng.standard_normal((count, self.sequence_length, self.input_size))
        return Sequences(x, (x.sum(axis=(1, 2)) > 0).astype(int), self.kind)


@dataclass(frozen=True, kw_only=True)
class Adding(Synthetic):
    """The adding problem: the sum of the two numbers that are marked.

    A time step has a number from 0 to 1 and a mark; one mark is in the first half of the sequence,
    one in the second. The best constant prediction, 1, has a mean squared error of 1/6.

    Source: S. Hochreiter & J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997);
    the form of M. Arjovsky, A. Shah & Y. Bengio, "Unitary evolution recurrent neural networks",
    ICML 2016.
    """

    kind: Literal["adding"] = "adding"
    sequence_length: Annotated[int, Field(ge=2, le=_MAX_STEPS, description="time steps")] = 100

    task = Task("regression", (), (0.0,), (1.0,))

    @property
    def max_shape(self) -> tuple[int, int]:
        """See `Synthetic.max_shape`."""
        return self.sequence_length, 2

    def draw(self, count: int, rng: np.random.Generator) -> Sequences:
        """See `Synthetic.draw`."""
        steps, rows = self.sequence_length, np.arange(count)
        x = np.zeros((count, steps, 2))
        x[:, :, 0] = rng.random((count, steps))
        first = rng.integers(steps // 2, size=count)
        second = rng.integers(steps // 2, steps, size=count)
        x[rows, first, 1] = x[rows, second, 1] = 1
        return Sequences(x, x[rows, first, 0] + x[rows, second, 0], self.kind)


@dataclass(frozen=True, kw_only=True)
class Copy(Synthetic):
    """The copying memory task: ten symbols, a long delay, and then the same ten again.

    Inputs are one-hot: eight symbols, a blank and a delimiter, after which the symbols are to be
    repeated. With a delay T, sequences have T+20 time steps. The last ten have the symbols, 1 to 8,
    as their labels, and all others the blank, 0. Without a memory, the best loss is
    10 ln(8) / (T+20).

    Source: M. Arjovsky, A. Shah & Y. Bengio, "Unitary evolution recurrent neural networks", ICML
    2016.
    """

    kind: Literal["copy"] = "copy"
    delay: Annotated[
        int,
        Field(ge=1, le=_MAX_STEPS, description="time steps between the symbols and the delimiter"),
    ] = 100

    task = Task("multiclass", tuple(range(9)))

    @property
    def max_shape(self) -> tuple[int, int]:
        """See `Synthetic.max_shape`."""
        return self.delay + 20, 10

    def draw(self, count: int, rng: np.random.Generator) -> Sequences:
        """See `Synthetic.draw`."""
        symbols = rng.integers(1, 9, size=(count, 10))
        inputs = np.zeros((count, self.delay + 20), int)
        inputs[:, :10] = symbols
        inputs[:, self.delay + 9] = 9
        labels = np.zeros_like(inputs)
        labels[:, -10:] = symbols
        return Sequences(np.eye(10)[inputs], labels, self.kind, per_step=True)


@dataclass(frozen=True, kw_only=True)
class Parity(Synthetic):
    """Parity: decide whether the number of ones is odd.

    Training sequences have every length up to `sequence_length`; test sequences are longer, so
    that only a network that has learned the rule predicts them.
    """

    kind: Literal["parity"] = "parity"
    sequence_length: Annotated[
        int,
        Field(ge=1, le=_MAX_STEPS, description="time steps of the longest training sequence"),
    ] = 20
    test_length: Annotated[
        int, Field(ge=1, le=_MAX_STEPS, description="time steps of the test sequences")
    ] = 100

    task = Task("binary", (0, 1))

    @property
    def max_shape(self) -> tuple[int, int]:
        """See `Synthetic.max_shape`."""
        return self.sequence_length, 1

    def draw(self, count: int, rng: np.random.Generator) -> Sequences:
        """See `Synthetic.draw`."""
        lengths = rng.integers(1, self.sequence_length + 1, size=count)
        return self._sequences(lengths, rng)

    def test(self, seed: int) -> Sequences:
        """Return a thousand long sequences."""
        require_memory(
            2 * 8 * _NUM_TEST_SEQUENCES * self.test_length,
            f"data: {_NUM_TEST_SEQUENCES} test sequences of the task {self.kind}",
            "lower data.test_length",
        )
        rng = generator(seed, "data", 2**31)
        return self._sequences(np.full(_NUM_TEST_SEQUENCES, self.test_length), rng)

    def _sequences(self, lengths: Array, rng: np.random.Generator) -> Sequences:
        steps = int(lengths.max())
        x = rng.integers(2, size=(len(lengths), steps, 1)).astype(float)
        x[~valid_steps(lengths, steps)] = 0
        labels = x.sum(axis=(1, 2)).astype(int) % 2
        all_equal = bool((lengths == steps).all())
        return Sequences(x, labels, self.kind, lengths=None if all_equal else lengths)


@dataclass(frozen=True, kw_only=True)
class TemporalOrder(Synthetic):
    """Temporal order: decide in which order X and Y occurred among many distractors.

    Inputs are one-hot: X, Y and four distractors. The two relevant symbols are between a tenth and
    a fifth, and between a half and three fifths of the sequence; the label is XX, XY, YX or YY.

    Source: S. Hochreiter & J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997),
    task 6a.
    """

    kind: Literal["temporal_order"] = "temporal_order"
    sequence_length: Annotated[int, Field(ge=10, le=_MAX_STEPS, description="time steps")] = 100

    task = Task("multiclass", ("XX", "XY", "YX", "YY"))

    @property
    def max_shape(self) -> tuple[int, int]:
        """See `Synthetic.max_shape`."""
        return self.sequence_length, 6

    def draw(self, count: int, rng: np.random.Generator) -> Sequences:
        """See `Synthetic.draw`."""
        steps, rows = self.sequence_length, np.arange(count)
        symbols = rng.integers(2, 6, size=(count, steps))
        first = rng.integers(steps // 10, max(steps // 5, steps // 10 + 1), size=count)
        second = rng.integers(steps // 2, max(steps * 3 // 5, steps // 2 + 1), size=count)
        symbols[rows, first] = rng.integers(2, size=count)
        symbols[rows, second] = rng.integers(2, size=count)
        classes = 2 * symbols[rows, first] + symbols[rows, second]
        return Sequences(np.eye(6)[symbols], np.array(self.task.labels)[classes], self.kind)


SyntheticTask = SumSign | Adding | Copy | Parity | TemporalOrder
