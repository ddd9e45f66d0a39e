"""From a config to a training run that is ready to start: data, network and initial weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from rnncli.blas import one_thread
from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.tree import as_tree
from rnncli.datasets.dataset import DataSet
from rnncli.datasets.examples import Examples
from rnncli.datasets.files import FileData
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.sequences import Sequences, Splits
from rnncli.datasets.streams import Streams
from rnncli.datasets.task import Task, scale_targets
from rnncli.datasets.text import Text
from rnncli.errors import InputError
from rnncli.inference.ensemble import averaged
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.runs.config_checks import check_config
from rnncli.runs.epoch_examples import EpochExamples
from rnncli.runs.weights import start_from
from rnncli.training.events import Epoch, Step
from rnncli.training.fit import fit
from rnncli.training.members import Member, Members
from rnncli.training.resolved import ResolvedTraining, resolved
from rnncli.training.state import TrainingState
from rnncli.training.trainer import TrainingData
from rnncli.training.turns import Job

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
        The model of the first network, with its current weights.
    train, validation : Examples or Streams
        The splits as examples for the network; `validation` may be None.
    members : Members
        The networks with the progress of their training; only one but in an ensemble.
    """

    config: Config
    training: ResolvedTraining
    splits: Splits
    model: Model
    train: Examples | Streams
    validation: Examples | Streams | None
    members: Members

    @property
    def state(self) -> TrainingState:
        """The progress of the first network."""
        state: TrainingState = self.members[0].state
        return state

    def fit(self, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Step | Epoch]:
        """Train from `members` on; yield an event after each step and each epoch.

        See `rnncli.training.fit.fit`.
        """
        task = self.model.task
        job = Job(task, TrainingData(self.examples_of, self.validation), self.training)
        events = fit(self.members, job, should_stop)
        return self._with_samples(events) if task.is_language_model else events

    def _with_samples(self, events: Iterator[Step | Epoch]) -> Iterator[Step | Epoch]:
        """Yield the events, those of epochs with a text that the network generates."""
        from rnncli.inference.sampling import short_text

        for event in events:
            if isinstance(event, Epoch):
                event = event._replace(sample=short_text(self.model, self.config.seed))
            yield event

    def best_model(self) -> Model:
        """Return a copy of the model with the best weights so far of each network.

        A regression model that is validated has intervals from its residuals there.
        """
        best = self._model_with([member.state.best_parameters for member in self.members])
        validation = self.splits.validation
        if best.task.kind != "regression" or not isinstance(validation, Sequences):
            return best
        from rnncli.inference.validation_intervals import validation_intervals

        return replace(best, intervals=validation_intervals(best, validation))

    def current_model(self) -> Model:
        """Return a copy of the model with the current weights of each network."""
        return self._model_with([member.network.parameters for member in self.members])

    def _model_with(self, vectors: list[Array]) -> Model:
        models = []
        for vector in vectors:
            network = self.model.network.astype(self.config.model.dtype)
            network.parameters[...] = vector
            models.append(replace(self.model, network=network))
        return averaged(models)

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
    def could_use_frames(self) -> bool:
        """Whether the data could be read as frames, but are not."""
        data, per_step = self.config.data, self.config.model.predicts_every_step
        if not isinstance(data, FileData) or per_step:
            return False
        return data.frames is None and self.model.input_spec.vocabulary is None

    @property
    def batches_per_epoch(self) -> int:
        """The number of steps per epoch."""
        return len(self.train.epoch(self.training.batch_size, False, 0, 0))

    @property
    def examples_of(self) -> EpochExamples:
        """The training examples of an epoch, counted from 0, as a function of the epoch."""
        return EpochExamples(self.train, self.config.data, self.config.seed, self.model)


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
    scaler = Scaler.fit(train.x, train.lengths, unchanged=num_calendar, transform=spec.transformed)
    return task, scaler


def _start(
    networks: list[Network], config: Config, model: Model, train: Examples | Streams
) -> None:
    """Set initial weights that are not random: those of a file, or of a linear regression."""
    windows = model.input_spec.windows
    if config.training.start_from is not None:
        for network in networks:
            start_from(network, config.training.start_from)
    elif config.model.head_inputs and model.task.kind == "regression":
        from rnncli.training.linear_start import start_from_linear_model

        assert isinstance(train, Examples)
        own = [] if windows is None else windows.own_features()
        start_from_linear_model(networks, train, own)


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
    check_config(config, data.input_spec, task)
    networks = [
        Network(config.model, data.input_spec.num_inputs, task.output_size)
        for _ in range(config.training.ensemble)
    ]
    model = Model(networks[0], task, scaler, data.input_spec)
    train = model.examples(raw)
    training = resolved(config.training, train)
    num_streams = train.num_streams(training.batch_size) if isinstance(train, Streams) else 0
    seeds = [config.seed + number for number in range(len(networks))]
    with one_thread():
        for network, seed in zip(networks, seeds, strict=True):
            network.initialize(generator(seed, "weights"))
    if from_the_start:
        _start(networks, config, model, train)
    members = [
        Member(network, seed, TrainingState.initial(network, task, training, num_streams))
        for network, seed in zip(networks, seeds, strict=True)
    ]
    return TrainingSetup(
        replace(config, training=training),
        training,
        data.splits,
        model,
        train,
        None if data.splits.validation is None else model.examples(data.splits.validation),
        Members(members, training),
    )
