"""All parameters of a network in one flat vector, and the views into it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from rnncli.nn.architecture import Architecture
from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import NamedBlocks, Vectors, Weights
from rnncli.nn.input_stage import InputStage


@dataclass(frozen=True)
class Views:
    """Views into a flat vector of parameters, or of their gradient.

    Attributes
    ----------
    vector : array (P,)
        The vector.
    input_stage : dict of str to array
        The parameters of the input stage, by name.
    cells : list of Weights
        The weights of each cell, from the first layer up, the forward direction first.
    head : array (O, F+1)
        The weights of the head, and its bias in the last column.
    """

    vector: Array
    input_stage: dict[str, Array]
    cells: list[Weights]
    head: Array


@dataclass(frozen=True)
class Layout:
    """The layout of a network's arrays in its vector of parameters.

    Attributes
    ----------
    architecture : Architecture
        Cell and sizes.
    input_stage : InputStage
        The stage before the first layer.
    output_size : int
        O.
    """

    architecture: Architecture
    input_stage: InputStage
    output_size: int

    @property
    def cell_names(self) -> list[str]:
        """The names of all cells: ``l0``, ``l0_reverse``, ``l1``, ..., in order."""
        model = self.architecture
        return [f"l{n}{suffix}" for n in range(model.num_layers) for suffix in model.directions]

    @property
    def input_sizes(self) -> list[int]:
        """The number of inputs of each cell, in the order of `cell_names`."""
        model = self.architecture
        sizes = [self.input_stage.width] + [self.layer_width] * (model.num_layers - 1)
        return [size for size in sizes for _ in model.directions]

    @property
    def layer_width(self) -> int:
        """The number of outputs of a layer at a time step: H per direction."""
        return len(self.architecture.directions) * self.architecture.hidden_size

    @property
    def pooled_width(self) -> int:
        """The number of features that are pooled: the outputs of a layer for each pooling."""
        return len(self.architecture.poolings) * self.layer_width

    @property
    def head_width(self) -> int:
        """The number of features that the head reads: what is pooled, then the last inputs."""
        return self.pooled_width + self.architecture.head_inputs * self.input_stage.width

    def _shapes(self) -> Iterator[tuple[int, ...]]:
        """Yield the shapes of the arrays in the vector: input stage, cells, head."""
        cell, hidden = self.architecture.cell, self.architecture.hidden_size
        if not self.architecture.tie_weights:
            yield from self.input_stage.shapes.values()
        for size in self.input_sizes:
            yield (cell.num_blocks * hidden, size + hidden + 1)
            for name, array in cell.arrays.items():
                if isinstance(array, Vectors):
                    yield cell.shape(name, size, hidden)
        yield (self.output_size, self.head_width + 1)

    @property
    def size(self) -> int:
        """P, the length of the vector."""
        return sum(map(prod, self._shapes()))

    def views(self, vector: Array) -> Views:
        """Return the views into a vector (P,)."""
        shapes = list(self._shapes())
        ends = np.cumsum([prod(shape) for shape in shapes])
        parts = np.split(vector, ends[:-1])
        arrays = iter([part.reshape(s) for part, s in zip(parts, shapes, strict=True)])
        declared = self.architecture.cell.arrays.items()
        separate = [name for name, array in declared if isinstance(array, Vectors)]
        tied = self.architecture.tie_weights
        input_stage = {} if tied else {name: next(arrays) for name in self.input_stage.shapes}
        cells = [
            Weights(next(arrays), {name: next(arrays) for name in separate})
            for _ in self.input_sizes
        ]
        head = next(arrays)
        if tied:
            input_stage = dict.fromkeys(self.input_stage.shapes, head[:, :-1])
        return Views(vector, input_stage, cells, head)

    def named(self, views: Views) -> NamedBlocks:
        """Return all arrays by the names of a weights file, block by block.

        Two biases that are only ever added are one array, ``bias_ih``, and tied weights are
        ``head.weight``.
        """
        own = {} if self.architecture.tie_weights else views.input_stage
        arrays: NamedBlocks = {name: (array,) for name, array in own.items()}
        for cell_name, weights in zip(self.cell_names, views.cells, strict=True):
            for name, blocks in self.architecture.cell.named(weights).items():
                arrays[f"rnn.{name}_{cell_name}"] = blocks
        return arrays | {"head.weight": (views.head[:, :-1],), "head.bias": (views.head[:, -1],)}
