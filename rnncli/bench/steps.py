"""Training steps on one batch, with their parts observed."""

from dataclasses import replace

from rnncli.bench.clock import Observer
from rnncli.bench.observed import ObservedNetwork, TimedObjective
from rnncli.datasets.examples import Examples, ShuffledBatches
from rnncli.datasets.streams import StreamBatches, Streams
from rnncli.datasets.task import Task
from rnncli.nn.batch import Batch
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.training.augmentation import augmented
from rnncli.training.resolved import ResolvedTraining
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep


class Steps:
    """The steps of a training run, all on the first batch of its first epoch.

    The parts are ``data`` (the batch with its augmentation, carried state and dropout masks),
    ``forward``, ``backward``, ``gradient_sum`` and ``input_gradient`` (see `TimedObjective` and
    `ObservedNetwork`), ``metrics`` (the sums over an epoch) and ``optimizer`` (norm, clipping and
    update).

    Parameters
    ----------
    network : Network
        The network. A copy of it is trained.
    task : Task
        The learning task.
    train : Examples or Streams
        The training examples.
    settings : ResolvedTraining
        The config section ``training``.
    seed : int
        The seed of shuffling, augmentation and dropout.
    observer : Observer
        Calls the parts.
    """

    def __init__(
        self,
        network: Network,
        task: Task,
        train: Examples | Streams,
        settings: ResolvedTraining,
        seed: int,
        observer: Observer,
    ) -> None:
        self.network = network = ObservedNetwork(network, observer)
        self.task, self.settings, self.seed = task, settings, seed
        self.train, self.carries_state, self.observer = train, train.carries_state, observer
        self.batches = self.shuffle()
        loss = LOSSES[task.loss]
        self.step = TrainingStep(network, loss, settings)
        self.step.objective = TimedObjective(network, loss, observer)
        size = settings.batch_size
        num_streams = train.num_streams(size) if isinstance(train, Streams) else 0
        self.state = TrainingState.initial(network, task, settings, num_streams)
        self.sums = self.state.sums
        self.start = network.parameters.copy()
        self.initial_state = self.state.carried

    def observed_by(self, observer: Observer) -> "Steps":
        """Return the same steps, from the first one on, with another observer."""
        return Steps(self.network, self.task, self.train, self.settings, self.seed, observer)

    def reset(self) -> None:
        """Return to the first step.

        Long training on one batch gives subnormal numbers, with which arithmetic is slow.
        """
        self.network.parameters[...] = self.start
        for slot in self.state.slots.values():
            slot[...] = 0
        self.state.carried = self.initial_state
        self.state.step = 0

    def take(self) -> None:
        """Take a step."""
        call, state = self.observer.call, self.state
        batch, masks = call("data", self.inputs)
        # What this does besides the passes, which are observed themselves, is the gradient's norm.
        loss, norm = call("optimizer", self.step.gradient, batch, masks)
        call("metrics", self.sums.add, loss.losses, loss.outputs, loss.targets)
        if self.carries_state:
            call("data", self._carry_state)
        state.step += 1
        rate = self.settings.optimizer.learning_rate
        call("optimizer", self.step.update, norm, state.slots, rate, state.step)

    def shuffle(self) -> ShuffledBatches | StreamBatches:
        """Return the batches of the first epoch."""
        settings = self.settings
        return self.train.epoch(settings.batch_size, settings.shuffle, self.seed, 0)

    def inputs(self) -> tuple[Batch, DropoutMasks]:
        """Return the batch, and the dropout masks of this step."""
        step, network = self.state.step, self.network
        batch = augmented(self.batches.batch(0), self.settings.augmentation, self.seed, step)
        if self.carries_state:
            batch = replace(batch, initial_state=self.state.carried)
        if not network.architecture.uses_dropout:
            return batch, NO_DROPOUT
        masks = network.draw_dropout_masks(len(batch), generator(self.seed, "dropout", step))
        return batch, masks

    def _carry_state(self) -> None:
        self.state.carried = self.step.objective.unrolled.final_state()
