"""Layers of any cell that are looked at while they run: what flows back, and what a nudge does.

Training knows nothing of them: they take the cell's place in a copy of a network.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from rnncli.nn.arrays import Array
from rnncli.nn.cells import Layer
from rnncli.nn.cells.layer import Upstream
from rnncli.nn.network import Network


class Watched(Layer):
    """A layer that keeps what flows back to each step.

    Attributes
    ----------
    from_above : array (T, H, B)
        Derivatives that reached each output from above, or as a last state, and from no later
        step.
    flows : dict of str to array (T, H, B)
        The loss's derivative with respect to what each step hands on: its ``state``, as the later
        steps and what stands above use it, and of an LSTM its ``cell``, as the next step uses it.
    start_flows : dict of str to array (H, B)
        The same of what the first step began with.
    """

    def backward(self, upstream: Upstream | None, through_start: bool) -> None:
        """See `Layer.backward`."""
        steps = range(len(self.outputs))
        self.from_above = np.zeros_like(self.outputs)
        if upstream is not None:
            self.from_above[...] = [upstream[step] for step in steps]
        noting = _Noting(self.from_above, self._flowing())
        ending = self.flow.copy()
        super().backward(noting, True)
        self.start_flows = {name: flow.copy() for name, flow in self._flowing().items()}
        self.flows = noting.noted
        self.flows["state"] += self.from_above
        self.from_above[-1] += ending

    def _flowing(self) -> dict[str, Array]:
        pairs = self.initial_states.items()
        return {name.removeprefix("initial_"): flow for name, (_, flow) in pairs}


class _Noting:
    """Derivatives from above that note, as each step asks for its own, what has flowed to it."""

    def __init__(self, upstream: Array, flowing: dict[str, Array]) -> None:
        self.upstream, self.flowing = upstream, flowing
        self.noted = {name: np.zeros_like(upstream) for name in flowing}

    def __getitem__(self, step: int, /) -> Array:
        for name, flow in self.flowing.items():
            self.noted[name][step] = flow
        found: Array = self.upstream[step]
        return found


@dataclass(frozen=True)
class Nudge:
    """A change in the middle of a sequence.

    Attributes
    ----------
    step : int
        The step, in the order of reading; -1 stands for what the first step begins with.
    state : int
        Which of the states that this step hands on changes.
    change : array (H, B), or (G*H, D+H+1)
        What is added to that state, or, if `to_weights`, to the weights at this step alone.
    to_weights : bool
        Which of the two.
    """

    step: int
    state: int
    change: Array
    to_weights: bool = False


class Nudged(Layer):
    """A layer that can be changed in the middle of a sequence and runs on from there."""

    nudge: Nudge | None = None

    def forward(self) -> None:
        """See `Layer.forward`."""
        if self.nudge is None:
            super().forward()
            return
        step, change = self.nudge.step, self.nudge.change
        weights = self.weights + change if self.nudge.to_weights else self.weights
        carried = [state.copy() for state in self.states_to_carry()]
        carried = self._run(0, step, self.weights, carried)
        carried = self._run(max(step, 0), step + 1, weights, carried)
        if not self.nudge.to_weights:
            carried[self.nudge.state] += change
        if step >= 0:
            self.outputs[step] = carried[0]
        self._run(step + 1, len(self.outputs), self.weights, carried)

    def _run(self, start: int, stop: int, weights: Array, carried: list[Array]) -> list[Array]:
        """Fill the outputs of some steps; return what they hand on."""
        if start >= stop:
            return carried
        part = slice(start, stop)
        layer = type(self)(weights, self.gradient, stop - start, self.outputs.shape[2])
        layer.inputs[...] = self.inputs[part]
        layer.mask = None if self.mask is None else self.mask[part]
        for place, state in zip(layer.states_to_carry(), carried, strict=True):
            place[...] = state
        layer.forward()
        self.outputs[part] = layer.outputs
        layer.carry_on()
        return layer.states_to_carry()


def copy_of(network: Network, dtype: npt.DTypeLike, kind: type[Layer]) -> Network:
    """Return a copy of a network in another precision, its cell one that can be looked at."""
    copy = network.astype(dtype)
    copy.cell = cast(type[Layer], type(kind.__name__, (kind, network.cell), {}))
    return copy
