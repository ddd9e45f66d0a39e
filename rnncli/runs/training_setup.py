"""From a config to a training run that is ready to start: data, network and initial weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.tree import as_tree
from rnncli.datasets.dataset import DataSet
from rnncli.datasets.examples import Examples
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.sequences import Sequences, Splits
from rnncli.datasets.streams import Streams
from rnncli.datasets.task import Task, scale_targets
from rnncli.datasets.text import Text
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.memory import require_memory
from rnncli.nn.network import Network
from rnncli.nn.parameters import Layout
from rnncli.random_streams import generator
from rnncli.runs.weights import start_from
from rnncli.training.augmentation import check_augmentations
from rnncli.training.events import Epoch, Step
from rnncli.training.linear_start import start_from_linear_model
from rnncli.training.resolved import ResolvedTraining, resolved
from rnncli.training.state import NUM_PARAMETER_VECTORS, TrainingState
from rnncli.training.trainer import Trainer, TrainingData

# Of a text, at most this many windows are taken as independent sequences.
_MAX_WINDOWS = 2000


@dataclass(frozen=True)
class TrainingSetup:
    """A training run, ready to start or to resume.

    Attributes
    ----------
    config : Config
        The config of the training run, with `training` in it.
    training : ResolvedTraining
        The section ``training`` of the config, which follows from the data.
    splits : Splits
        The data as it was read.
    model : Model
        The model with its current weights.
    train, validation : Examples or Streams
        The splits as examples for the network; `validation` may be None.
    state : TrainingState
        The progress of the training run.
    """

    config: Config
    training: ResolvedTraining
    splits: Splits
    model: Model
    train: Examples | Streams
    validation: Examples | Streams | None
    state: TrainingState

    def fit(self, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Step | Epoch]:
        """Train from `state` on; yield an event after each step and each epoch.

        See `rnncli.training.trainer.Trainer.fit`.
        """
        data = TrainingData(self.examples_of, self.validation)
        config, model = self.config, self.model
        trainer = Trainer(model.network, model.task, data, self.training, config.seed, self.state)
        events = trainer.fit(should_stop)
        return self._with_samples(events) if model.task.is_language_model else events

    def _with_samples(self, events: Iterator[Step | Epoch]) -> Iterator[Step | Epoch]:
        """Yield the events, those of epochs with a text that the network generates."""
        from rnncli.inference.sampling import short_text

        for event in events:
            if isinstance(event, Epoch):
                event = event._replace(sample=short_text(self.model, self.config.seed))
            yield event

    def best_model(self) -> Model:
        """Return a copy of the model with the best weights so far.

        A regression model that is validated has intervals from its residuals there.
        """
        network = self.model.network.astype(self.config.model.dtype)
        network.parameters[...] = self.state.best_parameters
        best, validation = replace(self.model, network=network), self.splits.validation
        if best.task.kind != "regression" or not isinstance(validation, Sequences):
            return best
        from rnncli.inference.validation_intervals import validation_intervals

        return replace(best, intervals=validation_intervals(best, validation))

    @cached_property
    def config_text(self) -> str:
        """The complete config as the content of the run's config file."""
        return yaml12.dump(as_tree(self.config))

    @property
    def sequences(self) -> Examples:
        """The training examples as independent sequences; of a text, some windows of it."""
        train = self.train
        return train.windows(_MAX_WINDOWS) if isinstance(train, Streams) else train

    @property
    def batches_per_epoch(self) -> int:
        """The number of steps per epoch."""
        return len(self.train.epoch(self.training.batch_size, False, 0, 0))

    def examples_of(self, epoch: int) -> Examples | Streams:
        """Return the training examples of an epoch, counted from 0."""
        config = self.config
        fresh = config.data.fresh_sequences(len(self.train), config.seed, epoch)
        return self.train if fresh is None else self.model.examples(fresh)


def _check_memory(config: Config, spec: InputSpec, task: Task) -> None:
    """Check that the budget allows all vectors of parameters: weights, gradients and the like."""
    size = Layout(config.model, config.model.input_stage(spec.num_inputs), task.output_size).size
    num_vectors = NUM_PARAMETER_VECTORS + len(config.training.optimizer.slots)
    itemsize = np.dtype(config.model.dtype).itemsize
    require_memory(
        num_vectors * size * itemsize,
        f"model: {num_vectors} vectors of {size} parameters",
        "lower model.hidden_size or model.num_layers",
    )


def _check_head_inputs(config: Config) -> None:
    """Check the key of the model that needs a prediction per sequence."""
    if config.model.head_inputs and config.model.predicts_every_step:
        raise InputError(
            "model.head_inputs: needs one prediction per sequence, not one per time step; set it "
            "to 0"
        )


def _check_symbols(config: Config, spec: InputSpec, task: Task) -> None:
    """Check the keys of the model that depend on whether the data are symbols."""
    model, has_symbols = config.model, spec.vocabulary is not None
    if has_symbols != (model.embedding_size is not None):
        raise InputError(
            "model.embedding_size: is null, but the data are symbols; give the width of their "
            "vectors, such as 64"
            if has_symbols
            else f"model.embedding_size: is {model.embedding_size}, but the data are numbers; "
            "set it to null"
        )
    if task.is_language_model and model.bidirectional:
        raise InputError(
            "model.bidirectional: a language model predicts what comes next, and cannot read it; "
            "set it to false"
        )
    if not model.tie_weights:
        return
    if not task.is_language_model:
        raise InputError("model.tie_weights: only a language model has a head with symbols")
    if model.embedding_size != model.hidden_size:
        raise InputError(
            f"model.tie_weights: needs model.embedding_size, {model.embedding_size}, equal to "
            f"model.hidden_size; set it to {model.hidden_size}"
        )


def _scales(data: DataSet, standardize: bool) -> tuple[Task, Scaler | None]:
    """Return the task with the scale of its targets, and the scale of the inputs, if any.

    Both are those of values as the network takes them: of frames, or relative to the last row of a
    window. Calendar features are not scaled.
    """
    train, spec = data.splits.train, data.input_spec
    if isinstance(train, Text):
        return data.task, None
    windows = spec.windows
    offsets, num_calendar = None, 0
    if windows is not None:
        assert not isinstance(train.x, Mapped)
        offsets = windows.offsets_of(train.x)
        num_calendar = len(windows.features) - len(windows.columns)
    task = scale_targets(data.task, train, offsets)
    if not standardize or spec.vocabulary is not None:
        return task, None
    return task, Scaler.fit(*spec.transformed(train.x, train.lengths), unchanged=num_calendar)


def set_up(config: Config, from_the_start: bool = True) -> TrainingSetup:
    """Read the data, create the network and draw its initial weights.

    Parameters
    ----------
    config : Config
        The config of the training run.
    from_the_start : bool
        Whether to apply ``training.start_from``; a resumed run does not need that file.

    Raises
    ------
    InputError
        The data is invalid.
    """
    data = config.data.read(config.seed)
    raw = data.splits.train
    every_step = config.model.predicts_every_step
    if every_step != raw.per_step:
        raise InputError(
            f"model.output: {config.model.output}, but {raw.source} has labels for each "
            f"{'time step' if raw.per_step else 'sequence'}; set it to "
            f"{'every_step' if raw.per_step else 'sequence'}"
        )
    task, scaler = _scales(data, config.data.standardize)
    _check_symbols(config, data.input_spec, task)
    check_augmentations(config.training.augmentation, data.input_spec, every_step)
    _check_head_inputs(config)
    _check_memory(config, data.input_spec, task)
    network = Network(config.model, data.input_spec.num_inputs, task.output_size)
    network.initialize(generator(config.seed, "weights"))
    model = Model(network, task, scaler, data.input_spec)
    train = model.examples(raw)
    training = resolved(config.training, train)
    num_streams = train.num_streams(training.batch_size) if isinstance(train, Streams) else 0
    if from_the_start and config.training.start_from is not None:
        start_from(network, config.training.start_from)
    elif isinstance(train, Examples) and config.model.head_inputs and task.kind == "regression":
        start_from_linear_model(network, train)
    return TrainingSetup(
        replace(config, training=training),
        training,
        data.splits,
        model,
        train,
        None if data.splits.validation is None else model.examples(data.splits.validation),
        TrainingState.initial(network, task, training, num_streams),
    )
