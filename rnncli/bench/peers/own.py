"""The work of a training step that libraries are compared on, and this package's own step."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnncli.datasets.task import Task
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep

LEARNING_RATE = 1e-3
# What a peer makes of a work: a function, and how many training steps one call of it takes.
Steps = tuple[Callable[[], object], int]


class Work(NamedTuple):
    """A training step: forward, loss, backpropagation through time and Adam.

    Attributes
    ----------
    cell : str
        The kind of the cell.
    batch, steps, inputs, hidden : int
        B, T, D and H.
    layers : int
        The number of layers.
    bidirectional : bool
        Whether they read in both directions.
    outputs : int
        O.
    loss : str
        The name of the loss in `LOSSES`.
    every_step : bool
        Whether there is a prediction for each time step; otherwise one from the last states.
    symbols : int
        The size of the vocabulary whose vectors, of D numbers, are the inputs; 0 without.
    dtype : {"float32", "float64"}
        The type of weights and arithmetic.
    """

    cell: str
    batch: int
    steps: int
    inputs: int
    hidden: int
    layers: int = 1
    bidirectional: bool = False
    outputs: int = 1
    loss: str = "binary_cross_entropy"
    every_step: bool = False
    symbols: int = 0
    dtype: str = "float32"


def examples(work: Work) -> tuple[Any, Any]:
    """Return random inputs (B, T, D) or symbols (B, T), and targets (B, K) or (B, T, K)."""
    rng = np.random.default_rng(0)
    if work.symbols:
        x: Any = rng.integers(work.symbols, size=(work.batch, work.steps))
    else:
        x = rng.standard_normal((work.batch, work.steps, work.inputs)).astype(work.dtype)
    shape = (work.batch, work.steps) if work.every_step else (work.batch,)
    if work.loss == "mean_squared_error":
        return x, rng.standard_normal((*shape, work.outputs)).astype(work.dtype)
    return x, rng.integers(max(2, work.outputs), size=(*shape, 1)).astype(work.dtype)


def _task(work: Work) -> Task:
    if work.loss == "mean_squared_error":
        scale = (0.0,) * work.outputs, (1.0,) * work.outputs
        return Task("regression", (), *scale)
    if work.loss == "softmax_cross_entropy":
        return Task("next_symbol", num_symbols=work.outputs)
    return Task("binary", (0, 1))


def own_step(work: Work) -> Callable[[], None]:
    """Return this package's step."""
    x, y = examples(work)
    batch = Batch(x[:, :, np.newaxis] if work.symbols else x, y)
    task, settings = _task(work), Training(clip_norm=None)
    cell: Any = CELLS[work.cell]
    architecture = Architecture(
        cell(),
        work.hidden,
        work.layers,
        work.bidirectional,
        output="every_step" if work.every_step else "sequence",
        dtype="float64" if work.dtype == "float64" else "float32",
        embedding_size=work.inputs if work.symbols else None,
    )
    network = Network(architecture, work.symbols or work.inputs, work.outputs)
    network.initialize(np.random.default_rng(0))
    training = TrainingStep(network, LOSSES[task.loss], settings)
    state = TrainingState.initial(network, task, settings)

    def step() -> None:
        _, norm = training.gradient(batch)
        state.step += 1
        training.update(norm, state.slots, LEARNING_RATE, state.step)

    return step
