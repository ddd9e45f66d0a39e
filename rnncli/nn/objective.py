"""The mean loss of a network over a batch, and its gradient.

Training, gradient checks and traces use `Objective`; inference uses `UnrolledPool` and
`batch_loss`.
"""

import numpy as np

from rnncli.memory import require_memory
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import BatchLoss, Loss, batch_loss
from rnncli.nn.network import Network
from rnncli.nn.unrolled import UnrolledNetwork

# The memory in bytes that the unrolled networks kept for reuse may take together.
_BYTES_KEPT = 1 << 28
# Batches have at most 16 different lengths, and the last one may have another size.
_MAX_KEPT = 32
# About how many bytes the views of one time step take in an unrolled cell, besides the arrays.
_BYTES_OF_VIEWS = 500


class UnrolledPool:
    """Unrolled networks of several sizes, kept for reuse; all share one gradient.

    Parameters
    ----------
    network : Network
        The network.
    cell_class : type of UnrolledCell
        Another class where the cells are to be observed.

    Attributes
    ----------
    gradient : array (P,)
        Where the backward pass of each of them writes.
    """

    def __init__(self, network: Network, cell_class: type[UnrolledCell] = UnrolledCell) -> None:
        self.network, self.cell_class = network, cell_class
        self.gradient = np.zeros_like(network.parameters)
        # From the least to the most recently used.
        self._kept: dict[tuple[int, int], UnrolledNetwork] = {}

    def get(self, sequence_length: int, batch_size: int) -> UnrolledNetwork:
        """Return the network unrolled over T time steps for a batch of B.

        The least recently used networks are dropped when all together need too much memory.
        """
        key = (sequence_length, batch_size)
        unrolled = self._kept.pop(key, None)
        if unrolled is None:
            self._make_room(sequence_length * batch_size)
            require_memory(
                self.bytes_of(sequence_length, batch_size),
                f"the network unrolled over {sequence_length} time steps for {batch_size} "
                "sequences",
                "lower training.batch_size or model.hidden_size, or give shorter sequences",
            )
            unrolled = self.network.unroll(*key, self.gradient, self.cell_class)
        self._kept[key] = unrolled
        return unrolled

    def bytes_of(self, sequence_length: int, batch_size: int) -> int:
        """Return about how many bytes the network unrolled to this size takes."""
        bytes_of_views = _BYTES_OF_VIEWS * len(self.network.views.cells)
        return sequence_length * (batch_size * self.network.bytes_per_step + bytes_of_views)

    def bytes_when_full(self) -> int:
        """Return about how many bytes the kept networks will take, if none becomes larger."""
        largest = max((self.bytes_of(*key) for key in self._kept), default=0)
        return max(largest, min(_BYTES_KEPT, _MAX_KEPT * largest))

    def _make_room(self, total_steps: int) -> None:
        max_total_steps = _BYTES_KEPT // self.network.bytes_per_step
        while self._kept and total_steps + sum(n * b for n, b in self._kept) > max_total_steps:
            del self._kept[next(iter(self._kept))]


class Objective:
    """The mean loss of a network over a batch, and its gradient.

    Parameters
    ----------
    network : Network
        The network.
    loss : Loss
        The loss of its predictions.
    cell_class : type of UnrolledCell
        Another class where the cells are to be observed.

    Attributes
    ----------
    pool : UnrolledPool
        The unrolled networks.
    unrolled : UnrolledNetwork
        The one that the last `forward` used.
    gradient : array (P,)
        What the last `backward` calculated.
    """

    def __init__(
        self, network: Network, loss: Loss, cell_class: type[UnrolledCell] = UnrolledCell
    ) -> None:
        self.network, self.loss = network, loss
        self.pool = UnrolledPool(network, cell_class)
        self.gradient = self.pool.gradient

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> BatchLoss:
        """Return the loss of a batch; see `UnrolledNetwork.forward` for the arguments."""
        batch_size, sequence_length, *_ = batch.x.shape
        self.unrolled = self.pool.get(sequence_length, batch_size)
        z = self.unrolled.forward(batch, dropout_masks)
        return batch_loss(self.loss, z, batch.targets)

    def backward(self, loss: BatchLoss, to_inputs: bool = False) -> Array:
        """Return the gradient (P,) of the mean loss that `forward` returned.

        Parameters
        ----------
        loss : BatchLoss
            What the last `forward` returned.
        to_inputs : bool
            Whether to calculate the gradient with respect to the inputs too.
        """
        self.unrolled.backward(loss.gradient, to_inputs)
        return self.gradient
