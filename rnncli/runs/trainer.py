"""A config made real: data read, network drawn, ready to train."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rnncli.config.config import Config
from rnncli.datasets.examples import Examples
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import scale_targets
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.runs.weights import start_from
from rnncli.training.events import Epoch, Step
from rnncli.training.state import TrainingState
from rnncli.training.trainer import Trainer, TrainingData


@dataclass(frozen=True)
class Experiment:
    """All parts of one training."""

    config: Config
    splits: Splits
    model: Model
    train: Examples
    validation: Examples | None
    progress: TrainingState

    def fit(self, stopping: Callable[[], bool] = lambda: False) -> Iterator[Step | Epoch]:
        """Train from where `progress` stands; see `rnncli.training.trainer.Trainer.fit`."""
        data = TrainingData(self.examples_of, self.validation)
        config, model = self.config, self.model
        trainer = Trainer(
            model.network, model.task, data, config.training, config.seed, self.progress
        )
        return trainer.fit(stopping)

    def best_model(self) -> Model:
        """Return the model with the best weights so far; a copy."""
        network = self.model.network.astype(self.config.model.dtype)
        network.parameters[...] = self.progress.best_parameters
        return replace(self.model, network=network)

    @property
    def batches(self) -> int:
        """How many steps an epoch has."""
        return -(-len(self.train) // self.config.training.batch_size)

    def examples_of(self, epoch: int) -> Examples:
        """Return the training examples of an epoch, counted from 0."""
        config = self.config
        fresh = config.data.fresh_sequences(len(self.train), config.seed, epoch)
        return self.train if fresh is None else self.model.examples(fresh)


def build(config: Config, from_the_start: bool = True) -> Experiment:
    """Read the data, draw the weights and stand at the start.

    A training that is gone on with needs no weights to start from.

    Raises
    ------
    InputError
        The data is wrong.
    """
    data = config.data.read(config.seed)
    raw = data.splits.train
    every_step = config.model.predicts_every_step
    if every_step != raw.per_step:
        raise InputError(
            f"model.output: {config.model.output}, but {raw.source} has labels of "
            f"{'steps' if raw.per_step else 'sequences'}; set it to "
            f"{'every_step' if raw.per_step else 'sequence'}"
        )
    task = scale_targets(data.task, raw)
    scaler = Scaler.fit(raw.x, raw.lengths) if config.data.standardize else None
    network = Network(config.model, data.input_spec.input_size, task.output_size)
    network.initialize(generator(config.seed, "weights"))
    if from_the_start and config.training.start_from is not None:
        start_from(network, config.training.start_from)
    model = Model(network, task, scaler, data.input_spec)
    return Experiment(
        config,
        data.splits,
        model,
        model.examples(raw),
        None if data.splits.validation is None else model.examples(data.splits.validation),
        TrainingState.initial(network, task, config.training),
    )
