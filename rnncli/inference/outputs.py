"""Outputs of a network for any number of sequences, batch by batch."""

from collections.abc import Callable

import numpy as np

from rnncli.datasets.examples import Examples, batches, rounded_up
from rnncli.datasets.mapped import Mapped
from rnncli.inference.metric_sums import MetricSums
from rnncli.nn.arrays import Array
from rnncli.nn.losses import Loss, loss_at_labels
from rnncli.nn.network import Network

_LARGEST_BATCH = 256
_BYTES_AT_ONCE = 1 << 25


def batch_size(network: Network, steps: int) -> int:
    """Return a batch size whose states stay within bounds, however long the sequences."""
    return max(1, min(_LARGEST_BATCH, _BYTES_AT_ONCE // network.bytes_unrolled(steps, 1)))


class StoppedError(Exception):
    """Whoever wanted the outputs does not want them any more."""


def _never() -> bool:
    return False


def outputs(
    network: Network,
    x: Array | Mapped,
    lengths: Array | None = None,
    stopping: Callable[[], bool] = _never,
) -> Array:
    """Return the outputs for standardised sequences (N, T, D) of the given lengths (N,).

    Between batches `stopping` is asked, and `StoppedError` raised if the answer is yes.

    Returns
    -------
    array (N, O), or (N, T, O) for an answer at every step
        What stands before the beginning of a sequence means nothing.
    """
    count, steps, _ = x.shape
    every_step = network.architecture.output == "every_step"
    shape = (count, steps, network.output_size) if every_step else (count, network.output_size)
    results = np.zeros(shape, network.parameters.dtype)
    order = np.arange(count) if lengths is None else lengths.argsort(kind="stable")
    for part in batches(count, batch_size(network, steps)):
        if stopping():
            raise StoppedError
        index = order[part]
        some = None if lengths is None else lengths[index]
        start = 0 if some is None else steps - rounded_up(int(some.max()), steps)
        unrolled = network.unroll(steps - start, len(index))
        unrolled.drops = []
        unrolled.load(x.take(index, 0)[:, start:], some)
        z = unrolled.forward()
        if every_step:
            results[index, start:] = z.reshape(len(z), steps - start, -1).transpose(2, 1, 0)
        else:
            results[index] = z.T
    return results


def score(
    network: Network,
    loss: Loss,
    examples: Examples,
    tally: MetricSums,
    stopping: Callable[[], bool] = _never,
) -> MetricSums:
    """Add examples to a tally; return it."""
    z = outputs(network, examples.x, examples.lengths, stopping)
    return tally_outputs(z, loss, examples.y, tally)


def tally_outputs(z: Array, loss: Loss, y: Array, tally: MetricSums) -> MetricSums:
    """Add what `outputs` returned, and the targets (N, K) or (N, T, K), to a tally; return it."""
    columns = z.T if z.ndim == 2 else z.transpose(2, 1, 0).reshape(z.shape[2], -1)
    losses, _, z, y = loss_at_labels(loss, columns, y)
    tally.add(losses, z, y)
    return tally
