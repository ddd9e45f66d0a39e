"""Large batches in shards, which several cores work on at the same time.

How a batch is divided depends on the network and the size of the batch alone, and the gradients of
the shards are added in their order. So every bit of the result is the same on any number of cores.

Threads share the parameters and the data, and cost next to no memory. NumPy releases the
interpreter's lock within its calls, so that they run side by side where the arrays of a time step
are large enough; smaller batches are left whole, and `rnncli.nn.stack` tells how several cores work
on them.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from rnncli.cores import run_together
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.unrolled import UnrolledNetwork

# The operations in the products of a cell and a time step, forward and backward, for the sequences
# that a core works on. With fewer, threads wait for the interpreter more than they gain.
_FEWEST_FLOPS = 9_000_000
# The sequences of a shard: with fewer, the products are slower. From this hidden size on, they are
# so large that fewer sequences do. Several cells can be calculated at the same time without shards.
_FEWEST_SEQUENCES, _FEWEST_OF_WIDE, _WIDE = 24, 16, 512
_FEWEST_OF_SEVERAL_CELLS = 48
# On one core, more shards cost more: 3 to 9 % with two of 64 sequences, 10 to 19 % with four of 32.
_SEQUENCES = 64
# Each shard has a gradient of its own.
_MOST_SHARDS = 16


def suits_several_cores(flops: int) -> bool:
    """Return whether time steps are large enough for several cores.

    Parameters
    ----------
    flops : int
        The operations in the matrix products of a training step for a cell and a time step.
    """
    return flops >= _FEWEST_FLOPS


def num_shards(hidden_size: int, num_cells: int, batch_size: int, flops: int) -> int:
    """Return in how many shards a batch is divided.

    Parameters
    ----------
    hidden_size, num_cells, batch_size : int
        H, the number of cells of the network, and B.
    flops : int
        The operations in the matrix products of a training step for a cell and a time step.
    """
    fewest = _FEWEST_OF_WIDE if hidden_size >= _WIDE else _FEWEST_SEQUENCES
    if num_cells > 1:
        fewest = _FEWEST_OF_SEVERAL_CELLS
    possible = min(batch_size // fewest, flops // _FEWEST_FLOPS, _MOST_SHARDS)
    return max(1, min(possible, max(2, batch_size // _SEQUENCES)))


def shard_sizes(batch_size: int, count: int) -> list[int]:
    """Return the numbers of sequences of the shards, which differ by at most one."""
    return [batch_size // count + (number < batch_size % count) for number in range(count)]


class ShardedNetwork:
    """An unrolled network for a batch in shards; see `UnrolledNetwork` for what is not said here.

    Parameters
    ----------
    shards : sequence of UnrolledNetwork
        The unrolled networks of the shards, in the order of the sequences.
    gradients : sequence of array (P,)
        Where the backward pass of each shard writes; `backward` adds the others to the first.
    """

    def __init__(self, shards: Sequence[UnrolledNetwork], gradients: Sequence[Array]) -> None:
        self.shards, self.gradients = shards, gradients
        ends = np.cumsum([shard.batch_size for shard in shards]).tolist()
        self.parts = [slice(i, j) for i, j in zip([0, *ends], ends, strict=False)]
        self.sequence_length, self.batch_size = shards[0].sequence_length, ends[-1]
        num_outputs, columns = shards[0].outputs.shape
        steps = columns // shards[0].batch_size
        dtype = shards[0].outputs.dtype
        # Predictions for every time step stand time step by time step.
        self.outputs_by_step = np.empty((num_outputs, steps, self.batch_size), dtype)
        self.outputs = self.outputs_by_step.reshape(num_outputs, -1)

    @property
    def max_cores(self) -> int:
        """See `UnrolledNetwork.max_cores`."""
        return len(self.shards)

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> Array:
        """Return the outputs (O, N); see `UnrolledNetwork.forward`."""
        count = range(len(self.shards))
        run_together([partial(self._forward, i, batch, dropout_masks) for i in count])
        return self.outputs

    def _forward(self, number: int, batch: Batch, dropout_masks: DropoutMasks) -> None:
        part = self.parts[number]
        z = self.shards[number].forward(batch.part(part), dropout_masks.part(part))
        outputs = self.outputs_by_step[:, :, part]
        outputs[...] = z.reshape(outputs.shape)

    def final_state(self) -> State:
        """Return a copy of the carried states; see `UnrolledNetwork.final_state`."""
        states = [shard.final_state() for shard in self.shards]
        return [
            {name: np.concatenate([cell[name] for cell in cells], axis=1) for name in cells[0]}
            for cells in zip(*states, strict=True)
        ]

    def backward(self, grad_outputs: Array) -> None:
        """Fill the gradient of all parameters; see `UnrolledNetwork.backward`."""
        by_step = grad_outputs.reshape(self.outputs_by_step.shape)
        run_together([partial(self._backward, i, by_step) for i in range(len(self.shards))])
        total, *others = self.gradients
        for gradient in others:
            total += gradient

    def _backward(self, number: int, by_step: Array) -> None:
        part = by_step[:, :, self.parts[number]]
        self.shards[number].backward(part.reshape(len(part), -1))
