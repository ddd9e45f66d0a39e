"""Short trainings and single passes of a network.

This is the only module of the doctor that runs a network's forward and backward pass.
"""

from dataclasses import dataclass
from math import inf, isfinite
from time import perf_counter

import numpy as np

from rnncli.datasets.examples import Examples
from rnncli.datasets.task import Task
from rnncli.inference.metric_sums import MetricSums
from rnncli.inference.outputs import outputs, tally_outputs
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES, loss_at_labels
from rnncli.nn.network import Network
from rnncli.nn.unrolled import Unrolled
from rnncli.random_streams import generator
from rnncli.training.fit import Steps
from rnncli.training.schedules import Constant
from rnncli.training.settings import Training
from rnncli.training.state import Progress

# The loss after a trial is measured on no more sequences than this.
_MAX_SEQUENCES_SCORED = 256


@dataclass(frozen=True, eq=False)
class Trial:
    """The result of a short training.

    Attributes
    ----------
    learning_rate : float
        The learning rate of the optimizer.
    num_updates : int
        How many optimizer steps were completed.
    batch_size : int
        Sequences per optimizer step.
    loss : float
        The loss afterwards on sequences of the trial; infinite if it diverged.
    parameters : array (P,)
        The weights afterwards.
    seconds_per_update : float
        The median time of an optimizer step.
    reached_target : bool
        Whether it ended early, because the loss fell below its target.
    """

    learning_rate: float
    num_updates: int
    batch_size: int
    loss: float
    parameters: Array
    seconds_per_update: float
    reached_target: bool


def train_briefly(
    network: Network,
    task: Task,
    settings: Training,
    train: Examples,
    batches: Array,
    seed: int,
    dropout: float = 0.0,
    target_loss: float = 0.0,
) -> Trial:
    """Train a network for a number of optimizer steps, in place.

    A warm-up of the config is kept, but no longer than half of the trial.

    Parameters
    ----------
    train : Examples
        The training split.
    batches : array (S, B)
        For each of S optimizer steps, the indices of its B sequences in `train`.
    dropout : float
        The share of units that are dropped between layers.
    target_loss : float
        The trial ends when the loss of a batch is below this.
    """
    steps = Steps(network, task, settings)
    slots = Progress.start(network, task, settings).slots
    learning_rate, num_updates = settings.optimizer.learning_rate, len(batches)
    schedule = Constant(warmup_steps=min(settings.schedule.warmup_steps, num_updates // 2))
    seconds: list[float] = []
    finite, reached = True, False
    with np.errstate(all="ignore"):
        for number, index in enumerate(batches):
            begun = perf_counter()
            batch = train.take(index)
            _without_dropout(network, batch)
            rng = generator(seed, "dropout", number) if dropout else None
            losses, grad_logits, _, _ = steps.forward(batch, rng)
            norm = steps.backward(grad_logits)
            finite = isfinite(norm) and bool(np.isfinite(losses).all())
            reached = float(losses.sum()) < target_loss * len(losses)
            if not finite or reached:
                break
            rate = learning_rate * schedule.factor(number, num_updates)
            steps.update(norm, slots, rate, number + 1)
            seconds.append(perf_counter() - begun)
        loss = mean_loss(network, task, train, batches.ravel()) if finite else inf
    return Trial(
        learning_rate,
        len(seconds),
        batches.shape[1],
        loss,
        network.parameters.copy(),
        float(np.median(seconds)) if seconds else 0.0,
        reached,
    )


def mean_loss(network: Network, task: Task, train: Examples, index: Array) -> float:
    """Return the mean loss on some of the sequences at `index`; infinite if it is not finite."""
    scored = train.take(np.unique(index[-_MAX_SEQUENCES_SCORED:]))
    z = network_outputs(network, scored)
    value = tally_outputs(z, LOSSES[task.loss], scored.y, MetricSums(task)).loss
    return value if isfinite(value) else inf


def network_outputs(network: Network, examples: Examples) -> Array:
    """Return the outputs (N, O) or (N, T, O) of a network, which need not be finite."""
    with np.errstate(all="ignore"):
        return outputs(network, examples.x, examples.lengths)


def active_units(network: Network, batch: Examples) -> list[Array]:
    """Return which units (H,) of each layer are above zero at any time step of any sequence."""
    unrolled = _without_dropout(network, batch)
    unrolled.load(batch.inputs, batch.lengths)
    with np.errstate(all="ignore"):
        unrolled.forward()
    return [np.any(layer.outputs > 0, axis=(0, 2)) for layer in unrolled.layers]


def input_gradient(network: Network, task: Task, batch: Examples) -> Array:
    """Return the derivative (T, D, B) of the loss, without dropout, with respect to the inputs."""
    unrolled = _without_dropout(network, batch)
    unrolled.load(batch.inputs, batch.lengths)
    with np.errstate(all="ignore"):
        _, grad_logits, _, _ = loss_at_labels(LOSSES[task.loss], unrolled.forward(), batch.y)
        unrolled.backward(grad_logits, to_inputs=True)
    return unrolled.input_gradient.astype(float)


def _without_dropout(network: Network, batch: Examples) -> Unrolled:
    """Return the network laid out for a batch, without the dropout masks of earlier passes."""
    unrolled = network.unroll(batch.x.shape[1], len(batch))
    unrolled.drops = []
    return unrolled
