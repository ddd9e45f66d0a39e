"""Outputs of a network for any number of sequences, calculated in batches."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np

from rnncli.cores import num_cores, run_together
from rnncli.datasets.examples import Examples, rounded_length
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.sequences import SMALLER_DATA
from rnncli.datasets.slices import slices
from rnncli.datasets.streams import Streams, Window
from rnncli.inference.long_sequences import long_outputs
from rnncli.inference.metric_sums import MetricSums
from rnncli.memory import max_memory, require_memory
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State
from rnncli.nn.losses import BatchLoss, Loss, batch_loss
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective, UnrolledPool, bytes_of_passes

# Bounds of a batch: its sequences, and the memory in bytes of its unrolled network.
_LARGEST_BATCH, _BYTES_AT_ONCE = 256, 1 << 25
# A sequence for which the unrolled network would take more bytes, or more than this share of the
# memory budget, is processed in windows.
_MAX_BYTES_UNROLLED, _MAX_SHARE_UNROLLED = 1 << 28, 0.25
# Several cores work on batches if there are at least so many, and so many operations in a training
# step's matrix products for each cell and time step: with fewer, threads wait for the interpreter.
_FEWEST_BATCHES, _FEWEST_FLOPS = 4, 6_000_000
# The part of the memory budget that all of their unrolled networks may take.
_SHARE_AT_ONCE = 0.125


def batch_size(network: Network, sequence_length: int) -> int:
    """Return the largest batch size whose unrolled network stays within the memory bound.

    It is at least 1 and at most 256.
    """
    return max(1, min(_LARGEST_BATCH, _BYTES_AT_ONCE // (sequence_length * network.bytes_per_step)))


class StoppedError(Exception):
    """The calculation was stopped by its caller."""


def _never() -> bool:
    return False


def outputs(
    pool: UnrolledPool,
    x: Array | Mapped,
    lengths: Array | None = None,
    should_stop: Callable[[], bool] = _never,
) -> Array:
    """Return the outputs for standardized sequences (N, T, D) of the given lengths (N,).

    Returns
    -------
    array (N, O), or (N, T, O) with a prediction for every time step
        Outputs before the beginning of a sequence are undefined.

    Raises
    ------
    StoppedError
        `should_stop`, which is called before the batches that are calculated at the same time,
        returned True.
    """
    network = pool.network
    count, sequence_length, _ = x.shape
    every_step = network.architecture.predicts_every_step
    size = network.layout.output_size
    shape = (count, sequence_length, size) if every_step else (count, size)
    require_memory(
        prod(shape) * network.parameters.itemsize,
        f"the outputs for {count} sequences of {sequence_length} time steps",
        SMALLER_DATA,
    )
    results = np.zeros(shape, network.parameters.dtype)
    max_bytes = min(_MAX_BYTES_UNROLLED, int(_MAX_SHARE_UNROLLED * max_memory()))
    order = np.arange(count) if lengths is None else lengths.argsort(kind="stable")

    def fill(one_pool: UnrolledPool, selection: slice) -> None:
        index = order[selection]
        batch_lengths = None if lengths is None else lengths[index]
        start = 0
        if batch_lengths is not None:
            start = sequence_length - rounded_length(int(batch_lengths.max()), sequence_length)
        batch = Batch(x.take(index, 0)[:, start:], lengths=batch_lengths)
        z = _batch_outputs(one_pool, batch, max_bytes)
        if every_step:
            results[index, start:] = z
        else:
            results[index] = z

    selections = list(slices(count, batch_size(network, sequence_length)))
    num_others = _num_at_once(pool, sequence_length, len(selections)) - 1
    pools = [pool, *(UnrolledPool(network, bytes_kept=0) for _ in range(num_others))]
    for first in range(0, len(selections), len(pools)):
        if should_stop():
            raise StoppedError
        at_once = zip(pools, selections[first : first + len(pools)], strict=False)
        run_together([partial(fill, *one) for one in at_once])
    return results


def _num_at_once(pool: UnrolledPool, sequence_length: int, num_batches: int) -> int:
    """Return how many batches to calculate at the same time, each on a core."""
    network = pool.network
    size = batch_size(network, sequence_length)
    if num_batches < _FEWEST_BATCHES or (
        network.flops_per_step(sequence_length, size) < _FEWEST_FLOPS
    ):
        return 1
    needed = bytes_of_passes(network, sequence_length, size) + pool.gradient.nbytes
    return max(1, min(num_cores(), num_batches, int(_SHARE_AT_ONCE * max_memory()) // needed))


def _batch_outputs(pool: UnrolledPool, batch: Batch, max_bytes: int) -> Array:
    """Return the outputs (B, O), or (B, T, O) with a prediction for every time step, of a batch.

    Sequences for which the unrolled network would take more than `max_bytes` are processed in
    windows.
    """
    network, (size, sequence_length, _) = pool.network, batch.x.shape
    every_step = network.architecture.predicts_every_step
    if bytes_of_passes(network, sequence_length, size) <= max_bytes:
        z = pool.get(sequence_length, size).forward(batch)
        return z.reshape(len(z), sequence_length, -1).transpose(2, 1, 0) if every_step else z.T
    window = max(1, min(_BYTES_AT_ONCE, max_bytes) // bytes_of_passes(network, 1, 1))
    lengths = np.full(size, sequence_length) if batch.lengths is None else batch.lengths
    outputs = [
        long_outputs(network, sequence[sequence_length - length :], window)
        for sequence, length in zip(batch.x, lengths, strict=True)
    ]
    if not every_step:
        return np.array(outputs)
    padded = np.zeros((size, sequence_length, network.layout.output_size), network.parameters.dtype)
    for row, values in zip(padded, outputs, strict=True):
        row[sequence_length - len(values) :] = values
    return padded


def score(
    objective: Objective,
    examples: Examples | Streams,
    sums: MetricSums,
    should_stop: Callable[[], bool] = _never,
) -> MetricSums:
    """Add the losses and the metric of examples to sums; return the sums."""
    if isinstance(examples, Streams):
        return _score_streams(objective, examples, sums, should_stop)
    z = outputs(objective.pool, examples.x, examples.lengths, should_stop)
    return add_outputs(z, objective.loss, examples.y, sums)


def _score_streams(
    objective: Objective, streams: Streams, sums: MetricSums, should_stop: Callable[[], bool]
) -> MetricSums:
    for _, value in stream_losses(objective, streams, should_stop):
        sums.add(value.losses, value.outputs, value.targets)
    return sums


def stream_losses(
    objective: Objective, streams: Streams, should_stop: Callable[[], bool] = _never
) -> Iterator[tuple[Window, BatchLoss]]:
    """Yield the loss of each window of a text, whose symbols are all predicted once.

    Raises
    ------
    StoppedError
        `should_stop`, which is called before each window, returned True.
    """
    state: State | None = None
    batches = streams.for_evaluation()
    for number in range(len(batches)):
        if should_stop():
            raise StoppedError
        window, batch = batches.in_window(number)
        with np.errstate(over="ignore", invalid="ignore"):
            value = objective.forward(replace(batch, initial_state=state))
        state = objective.unrolled.final_state()
        yield window, value


def add_outputs(z: Array, loss: Loss, y: Array, sums: MetricSums) -> MetricSums:
    """Add the outputs (N, O) or (N, T, O) and targets (N, K) or (N, T, K); return the sums."""
    columns = z.T if z.ndim == 2 else z.transpose(2, 1, 0).reshape(z.shape[2], -1)
    with np.errstate(over="ignore", invalid="ignore"):  # The loss of huge outputs is infinite.
        value = batch_loss(loss, columns, y)
        sums.add(value.losses, value.outputs, value.targets)
    return sums
