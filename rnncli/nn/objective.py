"""The mean loss of a network over a batch, and its gradient.

Training uses `Objective`; gradient checks and traces, which look into the network, use
`ObservedObjective`; inference uses `UnrolledPool` and `batch_loss`.
"""

import numpy as np

from rnncli.memory import require_memory
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import BatchLoss, Loss, batch_loss
from rnncli.nn.network import Network
from rnncli.nn.shards import ShardedNetwork, num_shards, shard_sizes, suits_several_cores
from rnncli.nn.unrolled import UnrolledNetwork

# The memory in bytes that the unrolled networks kept for reuse may take together.
_BYTES_KEPT = 1 << 28
# Batches have at most 16 different lengths, and the last one may have another size.
_MAX_KEPT = 32


class UnrolledPool:
    """Unrolled networks of several sizes, kept for reuse; all share one gradient.

    Large batches are divided in shards: see `rnncli.nn.shards`.

    Parameters
    ----------
    network : Network
        The network.
    bytes_kept : int
        The memory that they may take together; one network may take more.

    Attributes
    ----------
    gradient : array (P,)
        Where the backward pass of each of them writes.
    """

    def __init__(self, network: Network, bytes_kept: int = _BYTES_KEPT) -> None:
        self.network, self.bytes_kept = network, bytes_kept
        self.gradient = np.zeros_like(network.parameters)
        # Those of the shards after the first one, which need them beside `gradient`.
        self._other_gradients: list[Array] = []
        # From the least to the most recently used.
        self._kept: dict[tuple[int, int], UnrolledNetwork | ShardedNetwork] = {}

    def get(self, sequence_length: int, batch_size: int) -> UnrolledNetwork | ShardedNetwork:
        """Return the network unrolled over T time steps for a batch of B.

        The least recently used networks are dropped when all together need too much memory.
        """
        key = (sequence_length, batch_size)
        unrolled = self._kept.pop(key, None)
        if unrolled is None:
            self._make_room(sequence_length * batch_size)
            require_unrolled(bytes_of_passes(self.network, *key), *key)
            unrolled = self._unroll(*key)
        self._kept[key] = unrolled
        return unrolled

    def _unroll(self, sequence_length: int, batch_size: int) -> UnrolledNetwork | ShardedNetwork:
        count = _num_shards(self.network, sequence_length, batch_size)
        while len(self._other_gradients) < count - 1:
            self._other_gradients.append(np.zeros_like(self.gradient))
        gradients = [self.gradient, *self._other_gradients[: count - 1]]
        sizes = shard_sizes(batch_size, count)
        flops = self.network.flops_per_step(sequence_length, sizes[0])
        on_several_cores = suits_several_cores(flops)
        shards = [
            self.network.unroll(sequence_length, size, gradient, on_several_cores=on_several_cores)
            for size, gradient in zip(sizes, gradients, strict=True)
        ]
        return shards[0] if count == 1 else ShardedNetwork(shards, gradients)

    def bytes_when_full(self) -> int:
        """Return about how many bytes the kept networks will take, if none becomes larger."""
        largest = max((bytes_of_passes(self.network, *key) for key in self._kept), default=0)
        return max(largest, min(self.bytes_kept, _MAX_KEPT * largest))

    def _make_room(self, total_steps: int) -> None:
        max_total_steps = self.bytes_kept // self.network.bytes_per_step
        while self._kept and total_steps + sum(n * b for n, b in self._kept) > max_total_steps:
            del self._kept[next(iter(self._kept))]


def bytes_of_passes(network: Network, sequence_length: int, batch_size: int) -> int:
    """Return about how many bytes the passes of an `UnrolledPool` take for a batch of this size."""
    others = _num_shards(network, sequence_length, batch_size) - 1
    # Each shard has views and a gradient of its own.
    bytes_of_another = sequence_length * network.bytes_of_views + network.parameters.nbytes
    return bytes_of_unrolled(network, sequence_length, batch_size) + others * bytes_of_another


def bytes_of_unrolled(network: Network, sequence_length: int, batch_size: int) -> int:
    """Return about how many bytes a network takes that is unrolled to this size as a whole."""
    return sequence_length * (batch_size * network.bytes_per_step + network.bytes_of_views)


def _num_shards(network: Network, sequence_length: int, batch_size: int) -> int:
    flops = network.flops_per_step(sequence_length, batch_size)
    hidden_size, num_cells = network.architecture.hidden_size, len(network.views.cells)
    return num_shards(hidden_size, num_cells, batch_size, flops)


def require_unrolled(num_bytes: int, sequence_length: int, batch_size: int) -> None:
    """Check that the memory budget allows an unrolled network: see `require_memory`."""
    require_memory(
        num_bytes,
        f"the network unrolled over {sequence_length} time steps for {batch_size} sequences",
        "lower training.batch_size or model.hidden_size, or give shorter sequences",
    )


class Objective:
    """The mean loss of a network over a batch, and its gradient.

    Parameters
    ----------
    network : Network
        The network.
    loss : Loss
        The loss of its predictions.

    Attributes
    ----------
    pool : UnrolledPool
        The unrolled networks.
    unrolled : UnrolledNetwork or ShardedNetwork
        The one that the last `forward` used.
    gradient : array (P,)
        What the last `backward` calculated.
    """

    unrolled: UnrolledNetwork | ShardedNetwork

    def __init__(self, network: Network, loss: Loss) -> None:
        self.network, self.loss = network, loss
        self.pool = UnrolledPool(network)
        self.gradient = self.pool.gradient

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> BatchLoss:
        """Return the loss of a batch; see `UnrolledNetwork.forward` for the arguments."""
        batch_size, sequence_length, *_ = batch.x.shape
        self.unrolled = self.pool.get(sequence_length, batch_size)
        z = self.unrolled.forward(batch, dropout_masks)
        return batch_loss(self.loss, z, batch.targets)

    def backward(self, loss: BatchLoss) -> Array:
        """Return the gradient (P,) of the mean loss that `forward` returned."""
        self.unrolled.backward(loss.gradient)
        return self.gradient


class ObservedObjective:
    """The mean loss of a network over batches of one size, which are not divided in shards.

    Parameters
    ----------
    network : Network
        The network.
    loss : Loss
        The loss of its predictions.
    batch : Batch
        A batch of this size.
    cell_class : type of UnrolledCell
        Another class where the cells are to be observed.

    Attributes
    ----------
    unrolled : UnrolledNetwork
        The unrolled network, which keeps its gradients.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        batch: Batch,
        cell_class: type[UnrolledCell] = UnrolledCell,
    ) -> None:
        size = (batch.x.shape[1], len(batch))
        require_unrolled(bytes_of_unrolled(network, *size), *size)
        self.network, self.loss = network, loss
        self.unrolled = network.unroll(*size, cell_class=cell_class)

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> BatchLoss:
        """Return the loss of a batch; see `UnrolledNetwork.forward` for the arguments."""
        z = self.unrolled.forward(batch, dropout_masks)
        return batch_loss(self.loss, z, batch.targets)

    def backward(self, loss: BatchLoss) -> None:
        """Calculate the gradients of the mean loss that `forward` returned, and of its inputs."""
        self.unrolled.backward(loss.gradient, to_inputs=True)
