"""A stack of recurrent layers and a linear head over one flat vector of parameters."""

from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from rnncli.nn.architecture import Architecture
from rnncli.nn.arrays import Array
from rnncli.nn.batch import State
from rnncli.nn.buffer_sizes import bytes_of_arrays, bytes_of_views
from rnncli.nn.cells.base import Blocks, UnrolledCell
from rnncli.nn.dropout import DropoutMasks, draw_mask
from rnncli.nn.initialization import INITIALIZATIONS
from rnncli.nn.parameters import Layout
from rnncli.nn.unrolled import UnrolledNetwork


class Network:
    """Recurrent layers and a head: outputs = W_head [features; 1].

    Parameters
    ----------
    architecture : Architecture
        Cell, sizes and precision.
    input_size, output_size : int
        D and O; with an embedding, the number of symbols in place of D.
    dtype : dtype, optional
        Overrides the architecture's; the gradient check uses complex128.

    Attributes
    ----------
    layout : Layout
        Where the arrays lie in the vector.
    parameters : array (P,)
        All parameters.
    arrays : dict of str to tuple of array
        Views of them by the names of a weights file, block by block.
    """

    def __init__(
        self,
        architecture: Architecture,
        input_size: int,
        output_size: int,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.architecture = architecture
        self.input_size, self.output_size = input_size, output_size
        self.layout = Layout(architecture, architecture.input_stage(input_size), output_size)
        dtype = architecture.dtype if dtype is None else dtype
        self.parameters = np.zeros(self.layout.size, dtype)
        self.views = self.layout.views(self.parameters)
        self.arrays = self.layout.named(self.views)

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as they are, the views into the vector would become arrays of their own.
        arguments = (self.architecture, self.input_size, self.output_size, self.parameters)
        return _with_parameters, arguments

    @property
    def num_parameters(self) -> int:
        """The number of parameters, without the entries of the vector that are always zero."""
        return sum(block.size for blocks in self.arrays.values() for block in blocks)

    def initialize(self, rng: np.random.Generator) -> "Network":
        """Draw initial weights, the same at any precision; return the network."""
        scheme = INITIALIZATIONS[self.architecture.initialization]
        cell = self.architecture.cell
        for weights in self.views.cells:
            named = cell.named(weights)
            scheme.fill_cell(named, rng)
            if scheme.sets_biases:
                cell.initialize_biases(named)
        scheme.fill_head(self.views.head, rng)
        if not self.architecture.tie_weights:
            for vectors in self.views.input_stage.values():
                vectors[...] = rng.standard_normal(vectors.shape)
        return self

    def astype(self, dtype: npt.DTypeLike) -> "Network":
        """Return a copy that calculates in another precision, real or complex."""
        copy = Network(self.architecture, self.input_size, self.output_size, dtype)
        copy.parameters[...] = self.parameters
        return copy

    def unroll(
        self,
        sequence_length: int,
        batch_size: int,
        gradient: Array | None = None,
        cell_class: type[UnrolledCell] = UnrolledCell,
        on_several_cores: bool = False,
    ) -> UnrolledNetwork:
        """Return the network unrolled over T time steps for a batch of B.

        Parameters
        ----------
        sequence_length, batch_size : int
            T and B.
        gradient : array (P,), optional
            Where `UnrolledNetwork.backward` writes the gradient; by default a new vector.
        cell_class : type of UnrolledCell
            Another class where the cells are to be observed.
        on_several_cores : bool
            Whether its passes may use several cores.
        """
        gradient = np.zeros_like(self.parameters) if gradient is None else gradient
        views = self.layout.views(gradient)
        return UnrolledNetwork(
            self.layout,
            self.views,
            views,
            sequence_length,
            batch_size,
            cell_class,
            on_several_cores,
        )

    @property
    def bytes_per_step(self) -> int:
        """The memory that one more time step of one sequence takes in an unrolled network.

        It is measured, and so it is right for the buffers of any cell.
        """
        return self._bytes_of_arrays_and_views[0]

    @property
    def bytes_of_views(self) -> int:
        """The memory that the views of one more time step take, whatever the size of the batch."""
        return self._bytes_of_arrays_and_views[1]

    @cached_property
    def _bytes_of_arrays_and_views(self) -> tuple[int, int]:
        one, two = (self.unroll(steps, 1, self.parameters) for steps in (1, 2))
        arrays = bytes_of_arrays(two) - bytes_of_arrays(one)
        return arrays, bytes_of_views(two) - bytes_of_views(one)

    def zero_state(self, batch_size: int) -> State:
        """Return carried states (H, B) of zeros for all cells."""
        unrolled = self.unroll(1, batch_size, self.parameters)
        return [
            {name: np.zeros_like(values) for name, values in cell.final_state().items()}
            for cell in unrolled.cells
        ]

    def draw_dropout_masks(self, batch_size: int, rng: np.random.Generator) -> DropoutMasks:
        """Draw the dropout masks of a training step: those of the layers, then that of the head.

        Source: Y. Gal & Z. Ghahramani, "A theoretically grounded application of dropout in
        recurrent neural networks", NIPS 2016.
        """
        model, dtype = self.architecture, self.parameters.dtype
        shape = (self.layout.layer_width, batch_size)
        num_masks = model.num_layers - 1 if model.dropout else 0
        layers = [draw_mask(shape, model.dropout, dtype, rng) for _ in range(num_masks)]
        if not model.head_dropout:
            return DropoutMasks(layers)
        # Inputs that the head reads are never dropped.
        head = np.ones((self.layout.head_width, batch_size), dtype)
        shape = (self.layout.pooled_width, batch_size)
        head[: self.layout.pooled_width] = draw_mask(shape, model.head_dropout, dtype, rng)
        return DropoutMasks(layers, head)

    def flops(self, sequence_length: int, batch_size: int) -> int:
        """Return the number of operations in the matrix products of one training step."""
        cell, hidden = self.architecture.cell, self.architecture.hidden_size
        multiplications = 3 * self.views.head.size
        for number, size in enumerate(self.layout.input_sizes):
            sizes = {
                name: prod(cell.shape(name, size, hidden))
                for name, array in cell.arrays.items()
                if isinstance(array, Blocks)
            }
            multiplications += 2 * sequence_length * sum(sizes.values())
            multiplications += (sequence_length - 1) * sizes.get("weight_hh", 0)
            if number >= len(self.architecture.directions) or self.layout.input_stage.shapes:
                multiplications += sequence_length * sizes["weight_ih"]
        return 2 * batch_size * multiplications

    def flops_per_step(self, sequence_length: int, batch_size: int) -> int:
        """Return the share of `flops` of one cell and one time step."""
        num_steps = sequence_length * len(self.views.cells)
        return self.flops(sequence_length, batch_size) // num_steps


def _with_parameters(
    architecture: Architecture, input_size: int, output_size: int, parameters: Array
) -> Network:
    network = Network(architecture, input_size, output_size, parameters.dtype)
    network.parameters[...] = parameters
    return network
