"""The input stage: from the inputs of a batch to what the first layer reads.

A stage declares the shapes of its own parameters by name and has a forward and a backward pass.
"""

from dataclasses import dataclass, field
from typing import Protocol

from rnncli.nn.arrays import Array


class InputStage(Protocol):
    """The stage between a batch and the first layer.

    Attributes
    ----------
    width : int
        D, the features per time step that the first layer reads.
    shapes : dict of str to tuple of int
        The stage's own parameters, by their names in a weights file; may be empty.
    """

    @property
    def width(self) -> int:
        """See the attributes."""
        ...

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """See the attributes."""
        ...

    def forward(self, x: Array, parameters: dict[str, Array]) -> Array:
        """Return what the first layer reads (T, D, B) for the inputs of a batch."""
        ...

    def backward(self, x: Array, grad_inputs: Array, gradient: dict[str, Array]) -> None:
        """Fill the gradient of the stage's parameters; not called where it has none.

        Parameters
        ----------
        x : array
            The inputs of the batch.
        grad_inputs : array (T, D, B)
            The gradient with respect to what the first layer read.
        gradient : dict of str to array
            Where the result goes.
        """
        ...


@dataclass(frozen=True)
class Features:
    """The identity on inputs x (B, T, D), which are numbers already."""

    width: int
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False)

    def forward(self, x: Array, parameters: dict[str, Array]) -> Array:
        """See `InputStage.forward`."""
        return x.transpose(1, 2, 0)

    def backward(self, x: Array, grad_inputs: Array, gradient: dict[str, Array]) -> None:
        """See `InputStage.backward`; there is nothing to fill."""
