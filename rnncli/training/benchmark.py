"""How fast a training step is on this machine, and how near to the machine's limit."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from rnncli.blas import num_threads, threads_for
from rnncli.datasets.examples import Examples
from rnncli.datasets.task import Task
from rnncli.nn.network import Network
from rnncli.training.fit import Steps
from rnncli.training.settings import Training
from rnncli.training.state import Progress

_BLOCKS = 15
_BLOCK_SECONDS = 0.05
_PRODUCT_SIZE = 1024


@dataclass(frozen=True)
class Timing:
    """Times of a training step: medians over several blocks of steps.

    Attributes
    ----------
    microseconds_per_step : float
        Input, forward, loss, backward, clipping and update.
    forward_microseconds, backward_microseconds, optimizer_microseconds : float
        The parts; input and loss count as forward, clipping as optimizer.
    gflops : float
        Matrix-product operations a step over the time of a step, in 1e9 a second.
    sgemm_gflops : float
        What one large matrix product of the same type reaches here.
    utilization : float
        The first over the second.
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


def benchmark(network: Network, task: Task, train: Examples, settings: Training) -> Timing:
    """Time training steps on the first batches of the data."""
    architecture = network.architecture
    batch = min(settings.batch_size, len(train))
    examples = train.take(np.arange(batch))
    length, features = examples.x.shape[1:]
    steps, progress = Steps(network, task, settings), Progress.start(network, task, settings)
    start = network.parameters.copy()

    def restart() -> None:
        # Training on one batch for long would end in numbers so small that they are slow.
        network.parameters[...] = start
        for slot in progress.slots.values():
            slot[...] = 0

    def update(norm: float) -> None:
        steps.update(norm, progress.slots, settings.optimizer.learning_rate, 1)

    def step() -> None:
        slope = steps.forward(examples)[1]
        update(steps.backward(slope))

    def update_alone() -> None:
        network.gradient[...] = gradient  # the update uses it up
        update(norm)

    with threads_for(architecture.hidden_size):
        whole = microseconds(step, restart)
        slope = steps.forward(examples)[1]
        forward = microseconds(lambda: steps.forward(examples), restart)
        norm = steps.backward(slope)
        gradient = network.gradient.copy()
        backward = microseconds(lambda: steps.backward(slope), restart)
        optimizer = microseconds(update_alone, restart)
        peak = product_gflops(network.parameters.dtype)
        threads = num_threads()
    gflops = network.flops(length, batch) / whole / 1e3
    return Timing(
        cell=architecture.cell,
        batch_size=batch,
        sequence_length=length,
        input_size=features,
        hidden_size=architecture.hidden_size,
        num_layers=architecture.num_layers,
        dtype=architecture.dtype,
        threads=threads,
        microseconds_per_step=whole,
        forward_microseconds=forward,
        backward_microseconds=backward,
        optimizer_microseconds=optimizer,
        sequences_per_second=batch / whole * 1e6,
        gflops=gflops,
        sgemm_gflops=peak,
        utilization=gflops / peak,
    )


def microseconds(function: Callable[[], object], restart: Callable[[], None]) -> float:
    """Return the time of one call: the median over blocks of calls, after a first one."""
    restart()
    begun = perf_counter()
    function()
    calls = max(1, int(_BLOCK_SECONDS / max(perf_counter() - begun, 1e-6)))
    times = []
    for _ in range(_BLOCKS):
        restart()
        begun = perf_counter()
        for _ in range(calls):
            function()
        times.append((perf_counter() - begun) / calls * 1e6)
    return median(times)


def product_gflops(dtype: np.dtype[np.floating]) -> float:
    """Return the speed of one large matrix product of this type, in 1e9 operations a second."""
    a = np.ones((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype)
    out = np.empty_like(a)
    times = []
    for _ in range(_BLOCKS):
        begun = perf_counter()
        np.dot(a, a, out=out)
        times.append(perf_counter() - begun)
    return 2 * _PRODUCT_SIZE**3 / min(times) / 1e9
