"""The speed of a training step on this machine: where its time goes, and what limits it."""

from dataclasses import dataclass

from rnncli.bench.clock import Clock
from rnncli.bench.limits import Figures, Limit, limit_of
from rnncli.bench.machine import memory_bandwidth, product_gflops, sum_bandwidth
from rnncli.bench.parts import measure_parts
from rnncli.bench.rounds import Effort
from rnncli.bench.scaling import CoresTiming, scaling
from rnncli.bench.steps import Steps
from rnncli.blas import num_threads, one_thread
from rnncli.cores import limited_to
from rnncli.datasets.examples import Examples
from rnncli.datasets.streams import Streams
from rnncli.datasets.task import Task
from rnncli.nn.buffer_sizes import bytes_of_arrays
from rnncli.nn.network import Network
from rnncli.nn.shards import ShardedNetwork
from rnncli.training.resolved import ResolvedTraining

# A time is the median over this many blocks of calls, each of about so many seconds.
_BLOCKS, _BLOCK_SECONDS = 15, 0.05


@dataclass(frozen=True)
class Timing:
    """Times of a training step, each of them a median over several blocks of steps.

    All but `scaling` is measured on one core.

    Attributes
    ----------
    microseconds_per_step : float
        Taking the batch, forward pass, loss, backward pass, clipping and update.
    forward_microseconds, backward_microseconds, optimizer_microseconds : float
        The parts; the loss counts as forward, norm and clipping as optimizer.
    gflops : float
        Operations of the matrix products of a step over its time, in 1e9 per second.
    sgemm_gflops : float
        The speed of the fastest of several large matrix products of the same type.
    utilization : float
        `gflops` over `sgemm_gflops`.
    parts : dict of str to float
        The microseconds of: ``products`` (the matrix products of both passes, those of the two
        next parts excepted), ``element_wise`` (the rest of both passes, and so a difference),
        ``gradient_sum`` (the gradient of the weights from that of all time steps),
        ``input_gradient`` (what layers and embeddings below receive), ``optimizer``, ``metrics``
        and ``data`` (taking the batch, with augmentation and dropout masks). They are shares,
        timed within steps, of the whole step, and add up to it; only the products are repeated
        alone, on the same arrays.
    product_gflops, gradient_sum_gflops : float
        The speed of these parts, in 1e9 operations per second.
    element_wise_gigabytes_per_second : float
        The size of all operands and results of the element-wise passes over their time.
    working_set_bytes : int
        The size of all arrays of the unrolled network.
    working_set_gigabytes_per_second, memory_gigabytes_per_second : float
        The speed of sums of arrays as large as the working set, and far larger than the caches.
    numpy_calls : int
        How many functions of NumPy a step calls on arrays of the network.
    overhead_microseconds : float
        The time of the same step with one unit and one sequence.
    limit : Limit
        What limits the step.
    num_shards : int
        The parts in which the batch is divided.
    max_cores : int
        How many cores can work on a step at the same time.
    scaling : list of CoresTiming
        The time on 1, 2, 4, ... cores, up to so many.
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
    parts: dict[str, float]
    product_gflops: float
    gradient_sum_gflops: float
    element_wise_gigabytes_per_second: float
    working_set_bytes: int
    working_set_gigabytes_per_second: float
    memory_gigabytes_per_second: float
    numpy_calls: int
    overhead_microseconds: float
    limit: Limit
    num_shards: int
    max_cores: int
    scaling: list[CoresTiming]


def default_effort() -> Effort:
    """Return how long the command measures."""
    return Effort(_BLOCKS, _BLOCK_SECONDS)


def benchmark(
    network: Network,
    task: Task,
    train: Examples | Streams,
    settings: ResolvedTraining,
    seed: int,
    effort: Effort | None = None,
) -> Timing:
    """Time training steps on the first batch of the first epoch.

    Parameters
    ----------
    network : Network
        The network, which is left as it is.
    task : Task
        The learning task.
    train : Examples or Streams
        The training examples.
    settings : ResolvedTraining
        The config section ``training``.
    seed : int
        The seed of shuffling, augmentation and dropout.
    effort : Effort, optional
        How long to measure; `default_effort` by default.
    """
    effort = effort or default_effort()
    steps = Steps(network, task, train, settings, seed, Clock())
    architecture, dtype = network.architecture, network.parameters.dtype
    with one_thread():
        with limited_to(1):
            parts = measure_parts(steps, effort)
            batch_size, sequence_length, input_size = parts.batch.x.shape
            peak = product_gflops(dtype, effort.rounds)
            unrolled = steps.step.objective.unrolled
            working_set = bytes_of_arrays(unrolled)
            in_cache = sum_bandwidth(dtype, working_set, effort.rounds)
            in_memory = memory_bandwidth(dtype, effort.rounds)
            threads = num_threads()
        num_shards = len(unrolled.shards) if isinstance(unrolled, ShardedNetwork) else 1
        times_by_cores = scaling(steps.take, steps.reset, effort, unrolled.max_cores)
    gflops = network.flops(sequence_length, batch_size) / parts.whole / 1e3
    pass_time = parts.times["element_wise"]
    passes = parts.bytes_of_passes / pass_time / 1e3 if pass_time else 0.0
    of_peak = parts.gflops("products", "gradient_sum", "input_gradient") / peak
    figures = Figures(parts.times, parts.overhead, of_peak, passes, in_cache, in_memory)
    return Timing(
        cell=architecture.cell.kind,
        batch_size=batch_size,
        sequence_length=sequence_length,
        input_size=input_size,
        hidden_size=architecture.hidden_size,
        num_layers=architecture.num_layers,
        dtype=architecture.dtype,
        threads=threads,
        microseconds_per_step=parts.whole,
        forward_microseconds=parts.forward,
        backward_microseconds=parts.backward,
        optimizer_microseconds=parts.times["optimizer"],
        sequences_per_second=batch_size / parts.whole * 1e6,
        gflops=gflops,
        sgemm_gflops=peak,
        utilization=gflops / peak,
        parts=parts.times,
        product_gflops=parts.gflops("products"),
        gradient_sum_gflops=parts.gflops("gradient_sum"),
        element_wise_gigabytes_per_second=passes,
        working_set_bytes=working_set,
        working_set_gigabytes_per_second=in_cache,
        memory_gigabytes_per_second=in_memory,
        numpy_calls=parts.num_calls,
        overhead_microseconds=parts.overhead,
        limit=limit_of(figures),
        num_shards=num_shards,
        max_cores=unrolled.max_cores,
        scaling=times_by_cores,
    )
