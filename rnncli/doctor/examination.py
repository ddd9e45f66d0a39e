"""The subject of the checks: a new network, its data, and short training runs of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnncli.datasets.examples import Examples
from rnncli.datasets.sequences import Sequences, Splits
from rnncli.datasets.task import Task
from rnncli.doctor.trials import Trial, mean_loss, train_briefly
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.network import Network
from rnncli.training.resolved import ResolvedTraining

# The sample of the training split: at most 2,000 sequences, and fewer if they hold more numbers
# than the last constant, but never fewer than 100.
_MAX_SEQUENCES, _MIN_SEQUENCES, _MAX_NUMBERS = 2000, 100, 1 << 22
# The learning rates of the trials, as multiples of the configured rate.
_RATE_FACTORS = (0.01, 0.1, 1.0, 10.0, 100.0)
_MAX_UPDATES, _MIN_UPDATES = 100, 20
# The floating-point operations of the trials of learning rates together, and again of the
# overfitting trial; each takes a few seconds at most.
_OPERATIONS = 5e10
# The overfitting trial repeats at most 8 sequences, until a tenth of the initial loss is left.
_OVERFIT_SEQUENCES, _MIN_OVERFIT_UPDATES, _MAX_OVERFIT_UPDATES = 8, 200, 600
_OVERFIT_LOSS_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Examination:
    """A new network, its data and its training settings, with trials that run when first used.

    Attributes
    ----------
    model : Model
        The model with its initial weights.
    splits : Splits
        The data as read.
    train : Examples
        The training split as the network takes it; of a text, some windows of it.
    num_batches : int
        The optimizer steps of an epoch.
    settings : ResolvedTraining
        The config section ``training``.
    seed : int
        The seed of the config.
    initial_parameters : array (P,)
        A copy of the initial weights.
    could_use_frames : bool
        Whether the data could be read as frames, but are not.
    """

    model: Model
    splits: Splits
    train: Examples
    num_batches: int
    settings: ResolvedTraining
    seed: int
    initial_parameters: Array
    could_use_frames: bool

    @property
    def network(self) -> Network:
        """The new network."""
        return self.model.network

    @property
    def task(self) -> Task:
        """The learning task."""
        return self.model.task

    @property
    def sequence_length(self) -> int:
        """T, the time steps of the longest training sequence as the network takes it."""
        return int(self.train.x.shape[1])

    @property
    def num_updates(self) -> int:
        """The optimizer steps of the whole run."""
        return self.settings.num_epochs * self.num_batches

    @property
    def uninformed_loss(self) -> float:
        """The loss of a prediction that ignores the inputs: ln C, or 1 for standardized values."""
        return float(np.log(self.num_classes)) if self.num_classes else 1.0

    @property
    def num_classes(self) -> int:
        """The number of classes, or of symbols; 0 for regression."""
        return self.task.num_symbols or len(self.task.labels)

    @property
    def sequences(self) -> Sequences:
        """The training split as read, if it is not a text."""
        assert isinstance(self.splits.train, Sequences)
        return self.splits.train

    @cached_property
    def sample_index(self) -> Array:
        """Indices of the training sequences that are examined, in random order."""
        numbers_per_sequence = self.sequence_length * self.train.x.shape[2]
        size = max(_MIN_SEQUENCES, _MAX_NUMBERS // numbers_per_sequence)
        rng = np.random.default_rng(self.seed)
        return rng.permutation(len(self.train))[: min(_MAX_SEQUENCES, size)]

    @cached_property
    def sample(self) -> Batch:
        """The training sequences that are examined, in memory."""
        return self.train.batch(self.sample_index)

    @property
    def fitted_index(self) -> Array:
        """Indices of the examined sequences that trials train on."""
        return self.sample_index[len(self.sample_index) // 5 :]

    @property
    def held_out_index(self) -> Array:
        """Indices of the examined sequences that trials do not train on."""
        return self.sample_index[: len(self.sample_index) // 5]

    @cached_property
    def rate_trials(self) -> list[Trial]:
        """Short training runs at the configured learning rate and rates 10 and 100 times away."""
        operations = _OPERATIONS / len(_RATE_FACTORS)
        max_sequences = operations / self.network.flops(self.sequence_length, 1)
        batch_size = min(
            self.settings.batch_size, len(self.fitted_index), int(max_sequences / _MIN_UPDATES)
        )
        batch_size = max(1, batch_size)
        num_updates = max(_MIN_UPDATES, min(_MAX_UPDATES, int(max_sequences / batch_size)))
        batches = np.resize(self.fitted_index, (num_updates, batch_size))
        return [self._trial(batches, factor, with_dropout=True) for factor in _RATE_FACTORS]

    @property
    def configured_trial(self) -> Trial:
        """The short training run at the configured learning rate."""
        return self.rate_trials[_RATE_FACTORS.index(1.0)]

    @property
    def overfit_loss(self) -> float:
        """The loss below which a network has overfitted a few sequences."""
        return _OVERFIT_LOSS_SHARE * self.uninformed_loss

    @cached_property
    def overfit_trial(self) -> Trial:
        """A training run without dropout on the same few sequences, until it overfits them."""
        max_sequences = _OPERATIONS / self.network.flops(self.sequence_length, 1)
        count = max(1, int(max_sequences / _MIN_OVERFIT_UPDATES))
        index = self.fitted_index[: min(_OVERFIT_SEQUENCES, self.settings.batch_size, count)]
        num_updates = int(max_sequences / len(index))
        num_updates = max(_MIN_OVERFIT_UPDATES, min(_MAX_OVERFIT_UPDATES, num_updates))
        batches = np.tile(index, (num_updates, 1))
        return self._trial(batches, 1.0, with_dropout=False, target_loss=self.overfit_loss)

    def _trial(
        self, batches: Array, rate_factor: float, with_dropout: bool, target_loss: float = 0.0
    ) -> Trial:
        optimizer = self.settings.optimizer
        optimizer = replace(optimizer, learning_rate=optimizer.learning_rate * rate_factor)
        settings = replace(self.settings, optimizer=optimizer)
        with self.parameters_set_to(self.initial_parameters) as network:
            return train_briefly(
                network,
                self.task,
                settings,
                self.train,
                batches,
                self.seed,
                with_dropout,
                target_loss,
            )

    @cached_property
    def initial_loss(self) -> float:
        """The mean loss of the network with its initial weights."""
        return mean_loss(self.network, self.task, self.train, self.fitted_index)

    @contextmanager
    def parameters_set_to(self, parameters: Array) -> Iterator[Network]:
        """Set the weights of the network; restore its initial weights at the end."""
        self.network.parameters[...] = parameters
        try:
            yield self.network
        finally:
            self.network.parameters[...] = self.initial_parameters

    def feature_name(self, feature: int) -> str:
        """Return the quoted column name of a feature, or ``feature`` and its number."""
        columns = self.sequences.columns
        return f"feature {feature}" if columns is None else f"'{columns[feature]}'"

    def input_name(self, number: int) -> str:
        """Return the name of one of the network's inputs: of a feature, or of a frame's number."""
        spec = self.model.input_spec
        if spec.frames is None:
            return self.feature_name(number)
        names = [self.feature_name(feature) for feature in range(spec.input_size)]
        return spec.frames.name(number, names)
