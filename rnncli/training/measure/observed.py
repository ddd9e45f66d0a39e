"""The passes of a network with their parts observed."""

from functools import partial
from typing import Any

from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import BatchLoss, Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective
from rnncli.training.measure.clock import Observer


class ObservedObjective(Objective):
    """An objective whose passes are observed.

    Its parts are ``forward`` (with the loss), ``backward``, and within the latter ``gradient_sum``
    and ``input_gradient``.
    """

    def __init__(self, network: Network, loss: Loss, observer: Observer) -> None:
        super().__init__(network, loss, _observed_cell(observer))
        self.observer = observer

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> BatchLoss:
        """See `Objective.forward`."""
        return self.observer.call("forward", super().forward, batch, dropout_masks)

    def backward(self, loss: BatchLoss, to_inputs: bool = False) -> Array:
        """See `Objective.backward`."""
        return self.observer.call("backward", super().backward, loss, to_inputs)


def _observed_cell(observer: Observer) -> type[UnrolledCell]:
    """Return the class of cells whose products after backpropagation through time are observed."""

    class ObservedCell(UnrolledCell):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._sum_gradient = partial(observer.call, "gradient_sum", self._sum_gradient)

        def backward_to_inputs(self) -> Array:
            return observer.call("input_gradient", super().backward_to_inputs)

    return ObservedCell
