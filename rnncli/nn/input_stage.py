"""The input stage: from the inputs of a batch to what the first layer reads.

A stage declares the shapes of its own parameters by name and has a forward and a backward pass.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rnncli.nn.arrays import Array

EMBEDDING = "embedding.weight"


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
        """Add to the gradient of the stage's parameters; not called where it has none.

        Parameters
        ----------
        x : array
            The inputs of the batch.
        grad_inputs : array (T, D, B)
            The gradient with respect to what the first layer read.
        gradient : dict of str to array
            What the result is added to.
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
        """See `InputStage.backward`; there is nothing to add."""


@dataclass(frozen=True)
class Embedding:
    """A vector for each symbol: x (B, T, 1) holds the symbols' indices, from 0 to V-1.

    Forward, with W the parameter ``embedding.weight (V, E)``: the input of a time step is the row
    of its symbol, W[x_t]. Backward: each row of the gradient is the sum of the gradients of all
    inputs with its symbol. The sum is in the order of the time steps, and so repeats to the bit.

    Attributes
    ----------
    num_symbols : int
        V.
    width : int
        E.
    """

    num_symbols: int
    width: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """See `InputStage`."""
        return {EMBEDDING: (self.num_symbols, self.width)}

    def forward(self, x: Array, parameters: dict[str, Array]) -> Array:
        """See `InputStage.forward`."""
        return parameters[EMBEDDING].take(x[:, :, 0].T, axis=0).transpose(0, 2, 1)

    def backward(self, x: Array, grad_inputs: Array, gradient: dict[str, Array]) -> None:
        """See `InputStage.backward`."""
        symbols = x[:, :, 0].T.ravel()
        order = symbols.argsort(kind="stable")
        in_order = symbols[order]
        starts = np.flatnonzero(np.diff(in_order, prepend=-1))
        vectors = grad_inputs.transpose(0, 2, 1).reshape(len(symbols), self.width)
        gradient[EMBEDDING][in_order[starts]] += np.add.reduceat(vectors[order], starts, axis=0)
