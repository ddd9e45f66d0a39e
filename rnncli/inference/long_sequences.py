"""Outputs for one sequence that is too long for the network to be unrolled over all of it.

Its time steps are processed in windows. The state of every cell is carried from window to window;
in the reverse direction, from the last window to the first. The states at the borders of the
windows are kept, so that the outputs of a layer in any window can be calculated again when the next
layer reads them: the memory hardly depends on the number of time steps, and nothing is written to
the disk.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from rnncli.datasets.slices import slices
from rnncli.inference.running_pooling import RunningPooling
from rnncli.nn.architecture import Architecture
from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import Cell, UnrolledCell, Weights
from rnncli.nn.network import Network


def long_outputs(network: Network, x: Array, window_length: int) -> Array:
    """Return the outputs (O,) for a sequence (T, D), or (T, O) with a prediction per time step.

    Parameters
    ----------
    network : Network
        The network.
    x : array (T, D)
        The standardized sequence, without padding.
    window_length : int
        How many time steps are processed at once.
    """
    architecture = network.architecture
    num_directions, hidden = len(architecture.directions), architecture.hidden_size
    windows = list(slices(len(x), window_length))
    inputs = _Inputs(network, x, windows)
    below: _Source = inputs
    for number in range(0, len(network.views.cells), num_directions):
        cells = network.views.cells[number : number + num_directions]
        layer = _Layer(architecture.cell, cells, below, windows)
        if number + num_directions < len(network.views.cells):
            layer.find_borders()
        below = layer
    weights, bias = network.views.head[:, :-1], network.views.head[:, -1]
    if not architecture.predicts_every_step:
        pooled = [_pooled(architecture, layer, d) for d in range(num_directions)]
        features = np.concatenate([np.concatenate(pooled, axis=1).ravel(), inputs.last()])
        output: Array = weights @ features + bias
        return output
    outputs = np.empty((len(x), len(bias)), bias.dtype)
    outputs[...] = bias
    for direction in range(num_directions):
        rows = slice(direction * hidden, (direction + 1) * hidden)
        for window, values in layer.sweep(direction):
            outputs[window] += _in_time(values, direction) @ weights[:, rows].T
    return outputs


class _Source(Protocol):
    """What a layer reads: the layer below, or the inputs."""

    def outputs(self, number: int) -> Array:
        """Return the outputs (W, F) in a window, in time order."""
        ...


class _Inputs:
    """What the first layer reads."""

    def __init__(self, network: Network, x: Array, windows: list[slice]) -> None:
        self.stage, self.parameters = network.layout.input_stage, network.views.input_stage
        self.num_last = network.architecture.head_inputs
        self.x, self.windows = x, windows

    def outputs(self, number: int) -> Array:
        """See `_Source.outputs`."""
        return self._read(self.windows[number])

    def last(self) -> Array:
        """Return the inputs (P*D,) of the last P time steps, which the head reads."""
        if not self.num_last:
            return np.empty(0, self.x.dtype)
        values = self._read(slice(-self.num_last, None)).ravel()
        return np.pad(values, (self.num_last * self.stage.width - len(values), 0))

    def _read(self, steps: slice) -> Array:
        return self.stage.forward(self.x[np.newaxis, steps], self.parameters)[:, :, 0]


class _Layer:
    """One layer of a network over all windows of a sequence.

    Parameters
    ----------
    cell : Cell
        The recurrent cell.
    weights : list of Weights
        Those of each direction.
    below : _Source
        What the layer reads.
    windows : list of slice
        The windows, in time order.
    """

    def __init__(
        self, cell: Cell, weights: list[Weights], below: _Source, windows: list[slice]
    ) -> None:
        self.cell, self.weights, self.below, self.windows = cell, weights, below, windows
        # For each direction and window the carried states with which it begins.
        self.borders: list[list[dict[str, Array] | None]] = [[None] * len(windows) for _ in weights]

    def find_borders(self) -> None:
        """Calculate the carried states at the borders of all windows, in every direction."""
        for direction in range(len(self.weights)):
            for _ in self.sweep(direction):
                pass

    def sweep(self, direction: int) -> Iterator[tuple[slice, Array]]:
        """Yield each window with the outputs (W, H) of a direction, all in its reading order."""
        state = None
        numbers = range(len(self.windows))
        for number in reversed(numbers) if direction else numbers:
            self.borders[direction][number] = state
            values, state = self._run(direction, self.below.outputs(number), state)
            yield self.windows[number], values

    def outputs(self, number: int) -> Array:
        """See `_Source.outputs`; `find_borders` must have been called."""
        x = self.below.outputs(number)
        outputs = [
            _in_time(self._run(direction, x, borders[number])[0], direction)
            for direction, borders in enumerate(self.borders)
        ]
        return np.concatenate(outputs, axis=1)

    def _run(
        self, direction: int, x: Array, state: dict[str, Array] | None
    ) -> tuple[Array, dict[str, Array]]:
        """Return the outputs (W, H) for inputs (W, D), in reading order, and the final states."""
        weights = self.weights[direction]
        # Nothing is written to the gradient without a backward pass.
        unrolled = UnrolledCell(self.cell, weights, weights, len(x), 1)
        unrolled.inputs[:, :, 0] = _in_time(x, direction)
        unrolled.set_initial_state(state)
        unrolled.forward()
        return unrolled.outputs[:, :, 0].copy(), unrolled.final_state()


def _in_time(values: Array, direction: int) -> Array:
    """Convert values (W, F) from the reading order of a direction to time order, or back."""
    return values[::-1] if direction else values


def _pooled(architecture: Architecture, layer: _Layer, direction: int) -> list[Array]:
    """Return the outputs (H,) of a direction of the top layer in each pooling."""
    shape, dtype = (architecture.hidden_size,), layer.weights[0].matrix.dtype
    pooling = RunningPooling(architecture.poolings, shape, dtype)
    for _, values in layer.sweep(direction):
        pooling.add(values)
    return pooling.pooled()
