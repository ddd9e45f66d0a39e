"""Short training runs and single passes of a network.

This is the only module of the doctor that runs a network's forward and backward pass.
"""

from dataclasses import dataclass
from math import inf, isfinite
from time import perf_counter

import numpy as np

from rnncli.datasets.examples import Examples
from rnncli.datasets.task import Task
from rnncli.inference.metric_sums import MetricSums
from rnncli.inference.outputs import add_outputs, outputs
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.dropout import NO_DROPOUT
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import ObservedObjective, UnrolledPool
from rnncli.random_streams import generator
from rnncli.training.schedules import Constant
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep

# The loss after a trial is measured on no more sequences than this.
_MAX_SEQUENCES_SCORED = 256


@dataclass(frozen=True, eq=False)
class Trial:
    """The result of a short training run.

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
    with_dropout: bool = False,
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
    with_dropout : bool
        Whether units are dropped as the network's architecture has it.
    target_loss : float
        The trial ends when the loss of a batch is below this.
    """
    step = TrainingStep(network, LOSSES[task.loss], settings)
    slots = TrainingState.initial(network, task, settings).slots
    learning_rate, num_updates = settings.optimizer.learning_rate, len(batches)
    schedule = Constant(warmup_steps=min(settings.schedule.warmup_steps, num_updates // 2))
    seconds: list[float] = []
    finite, reached = True, False
    with np.errstate(all="ignore"):
        for number, index in enumerate(batches):
            begun = perf_counter()
            masks = NO_DROPOUT
            if with_dropout and network.architecture.uses_dropout:
                masks = network.draw_dropout_masks(len(index), generator(seed, "dropout", number))
            loss_value, norm = step.gradient(train.batch(index), masks)
            finite = isfinite(norm) and bool(np.isfinite(loss_value.losses).all())
            reached = float(loss_value.losses.sum()) < target_loss * len(loss_value.losses)
            if not finite or reached:
                break
            rate = learning_rate * schedule.factor(number, num_updates)
            step.update(norm, slots, rate, number + 1)
            seconds.append(perf_counter() - begun)
        loss = mean_loss(network, task, train, batches.ravel()) if finite else inf
    parameters, median = network.parameters.copy(), float(np.median(seconds)) if seconds else 0.0
    return Trial(learning_rate, len(seconds), batches.shape[1], loss, parameters, median, reached)


def mean_loss(network: Network, task: Task, train: Examples, index: Array) -> float:
    """Return the mean loss on the last few hundred sequences at `index`; infinite if not finite."""
    scored = train.batch(np.unique(index[-_MAX_SEQUENCES_SCORED:]))
    z = network_outputs(network, scored)
    loss = add_outputs(z, LOSSES[task.loss], scored.targets, MetricSums(task)).loss
    return loss if isfinite(loss) else inf


def network_outputs(network: Network, batch: Batch) -> Array:
    """Return the outputs (N, O) or (N, T, O) of a network, which need not be finite."""
    with np.errstate(all="ignore"):
        return outputs(UnrolledPool(network), batch.x, batch.lengths)


def active_units(network: Network, batch: Batch) -> list[Array]:
    """Return which units (H,) of each cell are above zero at any time step of any sequence."""
    unrolled = network.unroll(batch.x.shape[1], len(batch))
    with np.errstate(all="ignore"):
        unrolled.forward(batch)
    return [np.any(cell.outputs > 0, axis=(0, 2)) for cell in unrolled.cells]


def input_gradient(network: Network, task: Task, batch: Batch) -> Array:
    """Return the gradient (T, D, B) of the loss, without dropout, with respect to the inputs."""
    objective = ObservedObjective(network, LOSSES[task.loss], batch)
    with np.errstate(all="ignore"):
        objective.backward(objective.forward(batch))
    return objective.unrolled.grad_inputs.astype(float)
