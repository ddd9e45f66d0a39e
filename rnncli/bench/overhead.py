"""The overhead of a training step: the time of its calls, apart from the size of the arrays."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rnncli.datasets.task import Task
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep


def overhead_step(
    network: Network, task: Task, batch: Batch, settings: Training
) -> Callable[[], None]:
    """Return a step that makes about the calls of another one, for one unit and one sequence.

    The number of time steps, layers and directions is that of the network. The data are taken
    beforehand, and nothing is dropped.

    Parameters
    ----------
    network : Network
        The network of the other step.
    task : Task
        The learning task.
    batch : Batch
        The batch of the other step.
    settings : Training
        The optimizer and the clipping.
    """
    tiny = Network(_with_one_unit(network.architecture), network.input_size, network.output_size)
    tiny.initialize(np.random.default_rng(0))
    one = replace(batch.part(slice(1)), initial_state=None)
    step = TrainingStep(tiny, LOSSES[task.loss], settings)
    slots = TrainingState.initial(tiny, task, settings).slots

    def take() -> None:
        _, norm = step.gradient(one)
        step.update(norm, slots, settings.optimizer.learning_rate, 1)

    return take


def _with_one_unit(architecture: Architecture) -> Architecture:
    embedding_size = architecture.embedding_size
    if embedding_size is not None:
        # Tied, the symbols' vectors are as long as the outputs of a layer.
        embedding_size = len(architecture.directions) if architecture.tie_weights else 1
    return replace(architecture, hidden_size=1, embedding_size=embedding_size)
