"""The speed of a training step on this machine, beside that of a large matrix product."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from rnncli.blas import num_threads, one_thread
from rnncli.datasets.examples import Examples
from rnncli.datasets.task import Task
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.resolved import ResolvedTraining
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep

# A time is the median over this many blocks of calls, each of about so many seconds.
_BLOCKS, _BLOCK_SECONDS = 15, 0.05
# A product of square matrices of this size runs at the full speed of BLAS.
_PRODUCT_SIZE = 1024


@dataclass(frozen=True)
class Timing:
    """Times of a training step: medians over several blocks of steps.

    Attributes
    ----------
    microseconds_per_step : float
        Inputs, forward, loss, backward, clipping and update.
    forward_microseconds, backward_microseconds, optimizer_microseconds : float
        The parts; inputs and loss count as forward, clipping as optimizer. The calculation of the
        gradient's norm is in no part.
    gflops : float
        Operations of the matrix products of a step over its time, in 1e9 per second.
    sgemm_gflops : float
        The speed of the fastest of several large matrix products of the same type.
    utilization : float
        `gflops` over `sgemm_gflops`.
    """

    cell: str
    batch_size: int
    sequence_length: int
    input_size: int
    hidden_size: int
    num_layers: int
    dtype: str
    threads: int | None
    microseconds_per_step: float
    forward_microseconds: float
    backward_microseconds: float
    optimizer_microseconds: float
    sequences_per_second: float
    gflops: float
    sgemm_gflops: float
    utilization: float


def benchmark(
    network: Network, task: Task, examples: Examples, settings: ResolvedTraining
) -> Timing:
    """Time training steps on the first batch of the data."""
    architecture = network.architecture
    batch = examples.batch(np.arange(min(settings.batch_size, len(examples))))
    batch_size, sequence_length, input_size = batch.x.shape
    step = TrainingStep(network, LOSSES[task.loss], settings)
    slots = TrainingState.initial(network, task, settings).slots
    objective, start = step.objective, network.parameters.copy()

    def reset() -> None:
        # Long training on one batch gives subnormal numbers, with which arithmetic is slow.
        network.parameters[...] = start
        for slot in slots.values():
            slot[...] = 0

    def update(norm: float) -> None:
        step.update(norm, slots, settings.optimizer.learning_rate, 1)

    def update_alone() -> None:
        objective.gradient[...] = gradient  # the update overwrites it
        update(norm)

    with one_thread():
        whole = microseconds(lambda: update(step.gradient(batch)[1]), reset)
        loss, norm = step.gradient(batch)
        gradient = objective.gradient.copy()
        forward = microseconds(lambda: objective.forward(batch), reset)
        backward = microseconds(lambda: objective.backward(loss), reset)
        optimizer = microseconds(update_alone, reset)
        peak = product_gflops(network.parameters.dtype)
        threads = num_threads()
    gflops = network.flops(sequence_length, batch_size) / whole / 1e3
    return Timing(
        cell=architecture.cell.kind,
        batch_size=batch_size,
        sequence_length=sequence_length,
        input_size=input_size,
        hidden_size=architecture.hidden_size,
        num_layers=architecture.num_layers,
        dtype=architecture.dtype,
        threads=threads,
        microseconds_per_step=whole,
        forward_microseconds=forward,
        backward_microseconds=backward,
        optimizer_microseconds=optimizer,
        sequences_per_second=batch_size / whole * 1e6,
        gflops=gflops,
        sgemm_gflops=peak,
        utilization=gflops / peak,
    )


def microseconds(function: Callable[[], object], reset: Callable[[], None]) -> float:
    """Return the time of one call: the median over blocks of calls, after a warm-up call."""
    reset()
    start_time = perf_counter()
    function()
    calls = max(1, int(_BLOCK_SECONDS / max(perf_counter() - start_time, 1e-6)))
    times = []
    for _ in range(_BLOCKS):
        reset()
        start_time = perf_counter()
        for _ in range(calls):
            function()
        times.append((perf_counter() - start_time) / calls * 1e6)
    return median(times)


def product_gflops(dtype: np.dtype[np.floating]) -> float:
    """Return the speed of the fastest of several large matrix products of this type.

    It is given in 1e9 operations per second.
    """
    a = np.ones((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype)
    out = np.empty_like(a)
    times = []
    for _ in range(_BLOCKS):
        start_time = perf_counter()
        np.dot(a, a, out=out)
        times.append(perf_counter() - start_time)
    return 2 * _PRODUCT_SIZE**3 / min(times) / 1e9
