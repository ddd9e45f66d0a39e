"""The training loop: a generator of events that prints nothing and writes nothing."""

from collections.abc import Callable, Iterator
from math import isfinite, sqrt
from time import perf_counter
from typing import NamedTuple

import numpy as np

from rnncli.blas import threads_for
from rnncli.datasets.examples import Examples, batches
from rnncli.datasets.task import Task
from rnncli.errors import DivergedError
from rnncli.inference.metric_sums import MetricSums
from rnncli.inference.outputs import StoppedError, score
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES, loss_at_labels
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.training.settings import Training
from rnncli.training.state import Progress

_BATCHES_IN_POOL = 16


class Step(NamedTuple):
    """One step of the optimizer, just done."""

    epoch: int
    batch: int
    batches: int
    sequences: int
    loss: float
    gradient_norm: float


class Epoch(NamedTuple):
    """One epoch, just done; `figure` is the accuracy or the RMSE."""

    epoch: int
    step: int
    seconds: float
    learning_rate: float
    train_loss: float
    train_figure: float
    val_loss: float | None
    val_figure: float | None
    gradient_norm: float
    best: bool


class Steps:
    """Training steps of one network: forward, backward, clip, update."""

    def __init__(self, network: Network, task: Task, settings: Training) -> None:
        self.network, self.settings = network, settings
        self.loss = LOSSES[task.loss]
        self.previous = network.parameters.copy()

    def forward(
        self, batch: Examples, drops: np.random.Generator | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """Run a batch; return what `loss_at_labels` returns.

        With a generator, units between layers are silenced at random.
        """
        count, steps, _ = batch.x.shape
        self.unrolled = self.network.unroll(steps, count)
        self.unrolled.load(batch.inputs, batch.lengths)
        if drops is not None:
            self.unrolled.draw_drops(self.network.architecture.dropout, drops)
        return loss_at_labels(self.loss, self.unrolled.forward(), batch.y)

    def backward(self, slope: Array) -> float:
        """Fill the gradient and return its norm."""
        self.unrolled.backward(slope)
        gradient = self.network.gradient
        return sqrt(np.dot(gradient, gradient))

    def update(self, norm: float, slots: dict[str, Array], rate: float, step: int) -> None:
        """Clip the gradient and take the step numbered from 1."""
        network, clip = self.network, self.settings.clip_norm
        if clip is not None and norm > clip:
            network.gradient *= clip / norm
        self.previous[...] = network.parameters
        self.settings.optimizer.update(network.parameters, network.gradient, slots, rate, step)

    def diverged(self, progress: Progress, what: str, norm: float) -> DivergedError:
        """Go back to the parameters before the last step; return the error to raise."""
        self.network.parameters[...] = self.previous
        return DivergedError(
            f"training diverged in epoch {progress.epoch + 1}, step {progress.step + 1}: {what}, "
            f"gradient norm {norm:g}; try a lower learning_rate or clip_norm"
        )


def fit(
    network: Network,
    task: Task,
    source: Callable[[int], Examples],
    validation: Examples | None,
    settings: Training,
    seed: int,
    progress: Progress,
    stopping: Callable[[], bool],
) -> Iterator[Step | Epoch]:
    """Train, and yield a `Step` after each step and an `Epoch` after each epoch.

    `source` gives the training examples of an epoch, counted from 0; it gives the same number of
    them every time. `stopping` tells whether to leave a validation that may take long; nothing
    more is then yielded.

    While the generator is suspended, the network's parameters and `progress` are consistent and
    may be saved; a new call with both goes on from there, to the same last bit.

    Raises
    ------
    DivergedError
        A loss or gradient is not finite. The network then holds the parameters of the last step
        whose loss and gradient were.
    """
    steps = Steps(network, task, settings)
    progress.follow(settings.num_epochs)
    train = source(progress.epoch)
    slices = list(batches(len(train), settings.batch_size))
    total = len(slices) * settings.num_epochs
    full_rate = settings.optimizer.learning_rate
    rate = full_rate * settings.schedule.factor(max(0, progress.step - 1), total)
    hidden, dropout = network.architecture.hidden_size, network.architecture.dropout
    with np.errstate(over="ignore", invalid="ignore"), threads_for(hidden):
        while progress.epoch < settings.num_epochs and not _stale(progress, settings):
            begun = perf_counter() - progress.seconds
            order = epoch_order(train, settings, seed, progress.epoch)
            for part in slices[progress.batch :]:
                batch = train.take(order[part])
                drops = generator(seed, "dropout", progress.step) if dropout else None
                losses, slope, z, y = steps.forward(batch, drops)
                norm = steps.backward(slope)
                loss = progress.tally.add(losses, z, y)
                if not (isfinite(loss) and isfinite(norm)):
                    raise steps.diverged(progress, f"loss {loss:g}", norm)
                rate = full_rate * settings.schedule.factor(progress.step, total)
                progress.step += 1
                progress.batch += 1
                steps.update(norm, progress.slots, rate, progress.step)
                progress.norm_sum += norm
                progress.seconds = perf_counter() - begun
                yield Step(progress.epoch + 1, progress.batch, len(slices), len(batch), loss, norm)
            try:
                scored = None
                if validation is not None:
                    scored = score(network, steps.loss, validation, MetricSums(task), stopping)
            except StoppedError:
                return
            yield _end_epoch(network, task, scored, steps, progress, rate, begun)
            if progress.epoch < settings.num_epochs:
                train = source(progress.epoch)


def _stale(progress: Progress, settings: Training) -> bool:
    return settings.patience is not None and progress.stale >= settings.patience


def epoch_order(train: Examples, settings: Training, seed: int, epoch: int) -> Array:
    """Return the order of the sequences in an epoch; it depends on seed and epoch alone.

    Of sequences of different lengths, those of like length share a batch: within a pool of
    batches the shuffled sequences are sorted by length, and then the batches are shuffled.
    """
    if not settings.shuffle:
        return np.arange(len(train))
    rng = generator(seed, "shuffle", epoch)
    order = rng.permutation(len(train))
    if train.lengths is None:
        return order
    size = settings.batch_size
    for part in batches(len(order), size * _BATCHES_IN_POOL):
        order[part] = order[part][train.lengths[order[part]].argsort(kind="stable")]
    whole = len(order) // size * size
    shuffled = rng.permutation(order[:whole].reshape(-1, size))
    return np.concatenate([shuffled.ravel(), order[whole:]])


def _end_epoch(
    network: Network,
    task: Task,
    scored: MetricSums | None,
    steps: Steps,
    progress: Progress,
    rate: float,
    begun: float,
) -> Epoch:
    """Keep the best parameters, and make ready for the next epoch."""
    tally = progress.tally
    mean_norm = progress.norm_sum / progress.batch
    if not (np.isfinite(network.parameters).all() and progress.is_finite()):
        raise steps.diverged(progress, "weights or sums that are not finite", mean_norm)
    if scored is not None and not (isfinite(scored.loss) and isfinite(scored.metric)):
        raise steps.diverged(progress, f"validation loss {scored.loss:g}", mean_norm)
    progress.epoch += 1
    best = scored is None or scored.loss < progress.best_loss
    progress.stale = 0 if best else progress.stale + 1
    if best:
        progress.best_epoch = progress.epoch
        progress.best_loss = tally.loss if scored is None else scored.loss
        progress.best_parameters[...] = network.parameters
    progress.seconds = perf_counter() - begun
    event = Epoch(
        epoch=progress.epoch,
        step=progress.step,
        seconds=progress.seconds,
        learning_rate=rate,
        train_loss=tally.loss,
        train_figure=tally.metric,
        val_loss=None if scored is None else scored.loss,
        val_figure=None if scored is None else scored.metric,
        gradient_norm=mean_norm,
        best=best,
    )
    progress.tally, progress.batch, progress.norm_sum = MetricSums(task), 0, 0.0
    return event
