"""The training loop: a generator of events that prints nothing and writes nothing."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from math import isfinite
from typing import NamedTuple

import numpy as np

from rnncli.blas import one_thread
from rnncli.datasets.examples import Examples
from rnncli.datasets.streams import Streams
from rnncli.datasets.task import Task
from rnncli.errors import DivergedError
from rnncli.inference.metric_sums import MetricSums
from rnncli.inference.outputs import StoppedError, score
from rnncli.nn.arrays import Array
from rnncli.nn.dropout import NO_DROPOUT
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.training.augmentation import augmented
from rnncli.training.events import Epoch, Step
from rnncli.training.resolved import ResolvedTraining
from rnncli.training.state import TrainingState
from rnncli.training.stopwatch import Stopwatch, running_stopwatch
from rnncli.training.training_step import TrainingStep


class TrainingData(NamedTuple):
    """The data for training and validation.

    Attributes
    ----------
    examples : callable
        Returns the training examples of an epoch, counted from 0; always the same number of them.
    validation : Examples, Streams or None
        The examples whose loss determines the best epoch.
    """

    examples: Callable[[int], Examples | Streams]
    validation: Examples | Streams | None


class Trainer:
    """Trains a network from any training state.

    Parameters
    ----------
    network : Network
        The network, trained in place.
    task : Task
        The learning task.
    data : TrainingData
        The training and validation data.
    settings : ResolvedTraining
        The config section ``training``.
    seed : int
        The seed of shuffling, augmentation and dropout.
    state : TrainingState
        The state of the training, changed in place.
    """

    def __init__(
        self,
        network: Network,
        task: Task,
        data: TrainingData,
        settings: ResolvedTraining,
        seed: int,
        state: TrainingState,
    ) -> None:
        self.network, self.task, self.data = network, task, data
        self.settings, self.seed, self.state = settings, seed, state
        self.step = TrainingStep(network, LOSSES[task.loss], settings)

    def take_over(self, parameters: Array, seed: int, state: TrainingState) -> None:
        """Train another network of the same shape from now on, in the place of the last one.

        Parameters
        ----------
        parameters : array (P,)
            Its parameters, which are copied.
        seed, state : int, TrainingState
            As in the constructor.
        """
        self.network.parameters[...] = parameters
        self.step.previous[...] = parameters
        self.seed, self.state = seed, state

    def fit(self, should_stop: Callable[[], bool] = lambda: False) -> Generator[Step | Epoch]:
        """Train, and yield a `Step` after each step and an `Epoch` after each epoch.

        While the generator is suspended, the network's parameters and the state are consistent and
        may be saved; another `Trainer` with both continues from there with bit-identical results.

        Parameters
        ----------
        should_stop : callable
            Returns whether to stop during a validation, which may take long; no more events are
            yielded then.

        Raises
        ------
        DivergedError
            A loss or gradient is not finite. The network then has the parameters of the last step
            with a finite loss and gradient.
        """
        state, settings = self.state, self.settings
        state.plan_epochs(settings.num_epochs)
        examples = self.data.examples(state.epoch)
        ignored = np.errstate(over="ignore", invalid="ignore")
        with ignored, one_thread(), running_stopwatch() as watch:
            while not state.is_finished(settings):
                watch.restart()
                yield from self._steps(examples, watch)
                try:
                    validation = self._validate(should_stop)
                except StoppedError:
                    return
                rate = self._rate(state.step - 1, settings.num_epochs * state.batch)
                state.seconds += watch.read()
                yield self._end_epoch(validation, rate)
                if state.epoch < settings.num_epochs:
                    examples = self.data.examples(state.epoch)

    def _steps(self, examples: Examples | Streams, watch: Stopwatch) -> Iterator[Step]:
        """Take the remaining steps of an epoch."""
        network, state, settings = self.network, self.state, self.settings
        batches = examples.epoch(settings.batch_size, settings.shuffle, self.seed, state.epoch)
        num_steps = settings.num_epochs * len(batches)
        for number in range(state.batch, len(batches)):
            batch = augmented(batches.batch(number), settings.augmentation, self.seed, state.step)
            if examples.carries_state:
                batch = replace(batch, initial_state=state.carried)
            masks = NO_DROPOUT
            if network.architecture.uses_dropout:
                rng = generator(self.seed, "dropout", state.step)
                masks = network.draw_dropout_masks(len(batch), rng)
            value, norm = self.step.gradient(batch, masks)
            loss = state.sums.add(value.losses, value.outputs, value.targets)
            if not (isfinite(loss) and isfinite(norm)):
                raise self._diverged(f"loss {loss:g}", norm)
            rate = self._rate(state.step, num_steps)
            if examples.carries_state:
                state.carried = self.step.objective.unrolled.final_state()
            state.step += 1
            state.batch += 1
            self.step.update(norm, state.slots, rate, state.step)
            state.norm_sum += norm
            state.seconds += watch.read()
            size = len(value.losses) if examples.carries_state else len(batch)
            yield Step(state.epoch + 1, state.batch, len(batches), size, loss, norm, state.step)

    def _rate(self, step: int, num_steps: int) -> float:
        """Return the learning rate of a step, counted from 0, of `num_steps`."""
        settings = self.settings
        return settings.optimizer.learning_rate * settings.schedule.factor(step, num_steps)

    def _validate(self, should_stop: Callable[[], bool]) -> MetricSums | None:
        if self.data.validation is None:
            return None
        sums = MetricSums(self.task)
        return score(self.step.objective, self.data.validation, sums, should_stop)

    def _diverged(self, problem: str, norm: float) -> DivergedError:
        """Restore the parameters before the last update; return the error to raise."""
        self.network.parameters[...] = self.step.previous
        return DivergedError(
            f"training diverged in epoch {self.state.epoch + 1}, step {self.state.step + 1}: "
            f"{problem}, gradient norm {norm:g}; try a lower learning_rate or clip_norm"
        )

    def _end_epoch(self, validation: MetricSums | None, rate: float) -> Epoch:
        """Keep the best parameters, and prepare the state for the next epoch."""
        state, parameters = self.state, self.network.parameters
        sums, mean_norm = state.sums, state.norm_sum / state.batch
        if not (np.isfinite(parameters).all() and state.is_finite()):
            raise self._diverged("weights or sums that are not finite", mean_norm)
        if validation is not None:
            loss, metric = validation.loss, validation.metric
            if not (isfinite(loss) and isfinite(metric)):
                raise self._diverged(f"validation loss {loss:g}", mean_norm)
        state.epoch += 1
        best = validation is None or validation.loss < state.best_loss
        if best:
            state.best_epoch = state.epoch
            state.best_loss = sums.loss if validation is None else validation.loss
            state.best_parameters[...] = parameters
        state.begin_epoch(self.task)
        return Epoch(
            epoch=state.epoch,
            step=state.step,
            seconds=state.seconds,
            learning_rate=rate,
            train_loss=sums.loss,
            train_metric=sums.metric,
            val_loss=None if validation is None else validation.loss,
            val_metric=None if validation is None else validation.metric,
            gradient_norm=mean_norm,
            best=best,
        )
