"""Outputs of a network for any number of sequences, batch by batch."""

from collections.abc import Iterator

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.training.scores import Tally

_LARGEST_BATCH = 256
_STATE_NUMBERS = 1 << 22


def batches(count: int, size: int) -> Iterator[slice]:
    """Yield slices that cover `count` sequences, the last one perhaps smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def batch_size(network: Network, steps: int) -> int:
    """Return a batch size whose states stay within bounds, however long the sequences."""
    states = (steps + 1) * sum(int(weights.shape[1]) for weights in network.layer_weights)
    return max(1, min(_LARGEST_BATCH, _STATE_NUMBERS // states))


def outputs(network: Network, x: Array) -> Array:
    """Return the outputs (N, O) for standardised sequences (N, T, D)."""
    count, steps, _ = x.shape
    results = np.empty((count, network.output_size), network.parameters.dtype)
    for part in batches(count, batch_size(network, steps)):
        unrolled = network.unroll(steps, part.stop - part.start)
        unrolled.inputs[...] = x[part].transpose(1, 2, 0)
        results[part] = unrolled.forward().T
    return results


def score(network: Network, loss: Loss, x: Array, y: Array, tally: Tally) -> Tally:
    """Add sequences (N, T, D) and their targets (N, K) to a tally; return it."""
    z = outputs(network, x)
    tally.add(loss(z.T, y)[0], z.T, y)
    return tally
