"""What the doctor examines: a new network with its data, and short trainings to try it out."""

from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite
from time import perf_counter

import numpy as np

from rnncli.datasets.examples import Examples
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import Task
from rnncli.inference.model import Model
from rnncli.inference.outputs import outputs, tally_outputs
from rnncli.inference.scores import Tally
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.training.events import Steps
from rnncli.training.schedules import Constant
from rnncli.training.settings import Training
from rnncli.training.state import Progress

# How many sequences are looked at, and how many of their numbers.
_MOST_SEQUENCES, _FEWEST_SEQUENCES = 2000, 100
_MOST_NUMBERS = 1 << 22
_FACTORS = (0.01, 0.1, 1.0, 10.0, 100.0)
_MOST_STEPS, _FEWEST_STEPS = 100, 20
# What all trials together may take, in operations of matrix products: a second or a few.
_OPERATIONS = 5e10
_SCORED = 256
_SEQUENCES_BY_HEART, _FEWEST_BY_HEART, _MOST_BY_HEART, _LEFT = 8, 200, 600, 0.1


@dataclass(frozen=True, eq=False)
class Trial:
    """What became of a short training.

    Attributes
    ----------
    factor, rate : float
        The learning rate, as a multiple of the config's and as it is.
    steps, batch_size : int
        How long it was, and how many sequences a step had.
    loss : float
        The loss afterwards on sequences that it learned from; infinite if it diverged.
    parameters : array (P,)
        The weights afterwards.
    seconds : float
        The median time of a step.
    enough : bool
        Whether it ended early, because the loss was as small as was asked for.
    """

    factor: float
    rate: float
    steps: int
    batch_size: int
    loss: float
    parameters: Array
    seconds: float
    enough: bool


@dataclass(frozen=True, eq=False)
class Subject:
    """A new network, its data and how it is to be trained.

    Attributes
    ----------
    model : Model
        With the starting weights; whoever changes them brings them back.
    splits : Splits
        The data as it was read.
    train : Examples
        Its training part as the network takes it.
    settings : Training
        How the network is to be trained.
    seed : int
        The config's.
    start : array (P,)
        The starting weights; a copy.
    """

    model: Model
    splits: Splits
    train: Examples
    settings: Training
    seed: int
    start: Array

    @property
    def network(self) -> Network:
        """The new network."""
        return self.model.network

    @property
    def task(self) -> Task:
        """What is to be learned."""
        return self.model.task

    @cached_property
    def theory(self) -> float:
        """The loss of an answer that knows nothing: ln C, or the targets' variance, which is 1."""
        classes = len(self.task.labels)
        return float(np.log(classes)) if classes else 1.0

    @cached_property
    def order(self) -> Array:
        """Numbers of the training sequences that are looked at, in random order."""
        _, steps, features = self.train.x.shape
        most = max(_FEWEST_SEQUENCES, _MOST_NUMBERS // (steps * features))
        rng = np.random.default_rng(self.seed)
        return rng.permutation(len(self.train))[: min(_MOST_SEQUENCES, most)]

    @property
    def learned(self) -> Array:
        """Those from which short trials learn."""
        return self.order[len(self.order) // 5 :]

    @property
    def held_out(self) -> Array:
        """Those from which they do not."""
        return self.order[: len(self.order) // 5]

    @cached_property
    def sample(self) -> Examples:
        """The sequences that are looked at, as the network takes them."""
        taken = self.train.take(self.order)
        return Examples(taken.inputs, taken.y, taken.lengths)

    @cached_property
    def trials(self) -> list[Trial]:
        """Short trainings at the config's learning rate, and at others 10 and 100 times away."""
        length = self.train.x.shape[1]
        each = _OPERATIONS / len(_FACTORS) / self.network.flops(length, 1)
        batch = min(self.settings.batch_size, len(self.learned), int(each / _FEWEST_STEPS))
        batch = max(1, batch)
        count = max(_FEWEST_STEPS, min(_MOST_STEPS, int(each / batch)))
        index = np.resize(self.learned, count * batch).reshape(count, batch)
        dropout = self.network.architecture.dropout
        return [_train(self, index, factor, dropout) for factor in _FACTORS]

    @property
    def given_trial(self) -> Trial:
        """The one at the config's own rate."""
        return self.trials[_FACTORS.index(1.0)]

    @property
    def near_zero(self) -> float:
        """The loss of a few sequences that are known by heart."""
        return _LEFT * self.theory

    @cached_property
    def by_heart(self) -> Trial:
        """A short training on a few sequences, again and again."""
        each = _OPERATIONS / self.network.flops(self.train.x.shape[1], 1)
        most = max(1, int(each / _FEWEST_BY_HEART))
        few = self.learned[: min(_SEQUENCES_BY_HEART, self.settings.batch_size, most)]
        steps = max(_FEWEST_BY_HEART, min(_MOST_BY_HEART, int(each / len(few))))
        index = np.tile(few, (steps, 1))
        return _train(self, index, 1.0, dropout=0.0, enough=self.near_zero)

    def loss_on(self, index: Array) -> float:
        """Return the network's mean loss on some of the training sequences at `index`.

        It is infinite where it is not finite.
        """
        loss = LOSSES[self.task.loss]
        chosen = self.train.take(np.unique(index[-_SCORED:]))
        z = outputs(self.network, chosen.x, chosen.lengths)
        value = tally_outputs(z, loss, chosen.y, Tally(self.task)).loss
        return value if isfinite(value) else inf

    def name(self, feature: int) -> str:
        """Return what a feature is called."""
        raw = self.splits.train
        return f"feature {feature}" if raw.columns is None else f"'{raw.columns[feature]}'"


def _train(
    subject: Subject, index: Array, factor: float, dropout: float, enough: float = 0.0
) -> Trial:
    """Train on batches of sequences (S, B), at so many times the config's learning rate.

    A warm-up is kept, but no longer than half of the time.
    """
    network, settings = subject.network, subject.settings
    network.parameters[...] = subject.start
    steps = Steps(network, subject.task, settings)
    slots = Progress.start(network, subject.task, settings).slots
    rate = settings.optimizer.learning_rate * factor
    schedule = Constant(warmup_steps=min(settings.schedule.warmup_steps, len(index) // 2))
    times: list[float] = []
    finite, reached = True, False
    with np.errstate(all="ignore"):
        for number, part in enumerate(index):
            begun = perf_counter()
            drops = generator(subject.seed, "dropout", number) if dropout else None
            losses, slope, _, _ = steps.forward(subject.train.take(part), drops)
            norm = steps.backward(slope)
            finite = isfinite(norm) and bool(np.isfinite(losses).all())
            reached = float(losses.sum()) < enough * len(losses)
            if not finite or reached:
                break
            steps.update(norm, slots, rate * schedule.factor(number, len(index)), number + 1)
            times.append(perf_counter() - begun)
        loss = subject.loss_on(index.ravel()) if finite else inf
        after = network.parameters.copy()
        network.parameters[...] = subject.start
    seconds = float(np.median(times)) if times else 0.0
    return Trial(factor, rate, len(times), index.shape[1], loss, after, seconds, reached)
