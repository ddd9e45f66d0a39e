"""A network and the passes over a batch with their parts observed."""

from functools import partial
from typing import Any

from rnncli.bench.clock import Observer
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.chunks import ALL_STEPS
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import BatchLoss, Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective
from rnncli.nn.unrolled import UnrolledNetwork


class ObservedNetwork(Network):
    """A copy of a network; the parts ``gradient_sum`` and ``input_gradient`` are observed.

    Parameters
    ----------
    network : Network
        The network that is copied.
    observer : Observer
        Calls the parts.
    """

    def __init__(self, network: Network, observer: Observer) -> None:
        super().__init__(network.architecture, network.input_size, network.output_size)
        self.parameters[...] = network.parameters
        self.cell_class = _observed_cell(observer)

    def unroll(
        self,
        sequence_length: int,
        batch_size: int,
        gradient: Array | None = None,
        cell_class: type[UnrolledCell] = UnrolledCell,
        on_several_cores: bool = False,
    ) -> UnrolledNetwork:
        """See `Network.unroll`; the class of the cells is that of the observed ones."""
        return super().unroll(
            sequence_length, batch_size, gradient, self.cell_class, on_several_cores
        )


class TimedObjective(Objective):
    """An objective whose passes are observed: the parts ``forward``, with the loss, ``backward``.

    Parameters
    ----------
    network : ObservedNetwork
        The network.
    loss : Loss
        The loss of its predictions.
    observer : Observer
        Calls the parts.
    """

    def __init__(self, network: ObservedNetwork, loss: Loss, observer: Observer) -> None:
        super().__init__(network, loss)
        self.observer = observer

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> BatchLoss:
        """See `Objective.forward`."""
        return self.observer.call("forward", super().forward, batch, dropout_masks)

    def backward(self, loss: BatchLoss) -> Array:
        """See `Objective.backward`."""
        return self.observer.call("backward", super().backward, loss)


def _observed_cell(observer: Observer) -> type[UnrolledCell]:
    """Return the class of cells whose products after backpropagation through time are observed."""

    class Cell(UnrolledCell):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._sum_gradient = partial(observer.call, "gradient_sum", self._sum_gradient)

        def backward_to_inputs(self, steps: slice = ALL_STEPS) -> None:
            observer.call("input_gradient", super().backward_to_inputs, steps)

    return Cell
