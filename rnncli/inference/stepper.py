"""A network that is given one time step after another, with fixed weights."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.batch import State
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.chunks import ALL_STEPS
from rnncli.nn.network import Network


class Stepper:
    """A network over a single time step, whose state is carried from one call to the next.

    Parameters
    ----------
    network : Network
        A network with one direction. Its weights must not change afterwards.
    state : State
        The carried states (H, B) before the first time step; all zeros to begin sequences.

    Attributes
    ----------
    inputs : array (D, B)
        What the first layer read at the last time step.
    """

    def __init__(self, network: Network, state: State) -> None:
        batch_size = next(iter(state[0].values())).shape[1]
        self.stage, self.parameters = network.layout.input_stage, network.views.input_stage
        self.head, architecture = network.views.head, network.architecture
        # Nothing is written to the gradient without a backward pass.
        self.cells = [
            UnrolledCell(architecture.cell, weights, weights, 1, batch_size)
            for weights in network.views.cells
        ]
        self.inputs = self.cells[0].inputs[0]
        self.carried = []
        for cell, initial in zip(self.cells, state, strict=True):
            cell.set_initial_state(initial)
            cell.prepare()
            before, after = (architecture.cell.state_after(cell, step) for step in (0, 1))
            self.carried += [(before[name], after[name]) for name in before]

    def step(self, x: Array) -> Array:
        """Return the outputs of the head (O, B) for the last state after another time step."""
        outputs: Array = np.dot(self.head, self.advance(x))
        return outputs

    def advance(self, x: Array) -> Array:
        """Return the last state (H+1, B) of the top layer, with a row of ones, in a buffer.

        Parameters
        ----------
        x : array (B, 1, D)
            The inputs of another time step.
        """
        inputs = self.stage.forward(x, self.parameters)
        for cell in self.cells:
            cell.inputs[...] = inputs
            cell.cell.forward(cell, ALL_STEPS)
            inputs = cell.outputs
        for before, after in self.carried:
            before[...] = after
        return self.cells[-1].last
