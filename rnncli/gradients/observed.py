"""Unrolled cells of any kind that can be observed or perturbed while they run."""

from dataclasses import dataclass

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.chunks import ALL_STEPS


class ObservedCell(UnrolledCell):
    """An unrolled cell that records the gradients at every time step of `backward`.

    Attributes
    ----------
    grad_from_above : array (T, H, B)
        The part of each output's gradient that comes from the layer above or the head, without the
        contribution of later time steps.
    grad_states : dict of str to array (T, H, B)
        The gradient with respect to each carried state after each time step: the ``state``, as
        the later time steps and the layers above use it, and of an LSTM the ``cell``, as the next
        time step uses it.
    grad_initial : dict of str to array (H, B)
        The gradient with respect to the initial states.
    """

    def backward(self, steps: slice = ALL_STEPS) -> None:
        """See `UnrolledCell.backward`; all time steps are calculated at once."""
        self.grad_from_above = np.zeros_like(self.outputs)
        if self.grad_outputs is not None:
            self.grad_from_above[...] = [self.grad_outputs[t] for t in range(len(self.outputs))]
        recorder = _Recorder(self.grad_from_above, self.cell.carried_gradients(self))
        given, self.grad_outputs = self.grad_outputs, recorder
        super().backward(steps)
        self.grad_outputs = given
        initial = self.cell.initial_gradients(self)
        self.grad_initial = {name: gradient.copy() for name, gradient in initial.items()}
        self.grad_states = recorder.recorded
        self.grad_states["state"] += self.grad_from_above
        if self.grad_final is not None:
            self.grad_from_above[-1] += self.grad_final


class _Recorder:
    """Gradients of outputs that record the carried gradients at the moment each is read."""

    def __init__(self, grad_outputs: Array, carried: dict[str, Array]) -> None:
        self.grad_outputs, self.carried = grad_outputs, carried
        self.recorded = {name: np.zeros_like(grad_outputs) for name in carried}

    def __getitem__(self, step: int, /) -> Array:
        for name, gradient in self.carried.items():
            self.recorded[name][step] = gradient
        gradient_of_step: Array = self.grad_outputs[step]
        return gradient_of_step


@dataclass(frozen=True)
class Perturbation:
    """A change at one time step.

    Attributes
    ----------
    step : int
        The time step, in the cell's reading order; -1 means the initial state.
    change : array (H, B), or (R*H, D+H+1)
        What is added to the state after this time step, or to the weights at this time step alone.
    state : str or None
        The name of the carried state that changes; None means the weights.
    """

    step: int
    change: Array
    state: str | None


class PerturbedCell(UnrolledCell):
    """An unrolled cell that can be perturbed at one time step and continues from there.

    Attributes
    ----------
    perturbation : Perturbation or None
        What the next `forward` changes.
    """

    perturbation: Perturbation | None = None
    _kept: list[dict[str, Array]]

    def keep_states(self) -> None:
        """Keep the states of the last `forward`, which must not have been perturbed.

        Every perturbed one begins from them, with the same inputs, at the time step of its change.
        """
        self._kept = [self.copied_state(step) for step in range(len(self.outputs) + 1)]

    def forward(self, steps: slice = ALL_STEPS) -> None:
        """See `UnrolledCell.forward`; all time steps are calculated at once."""
        if self.perturbation is None:
            super().forward(steps)
            return
        step, change, state = (
            self.perturbation.step,
            self.perturbation.change,
            self.perturbation.state,
        )
        matrix = self.matrix if state is not None else self.matrix + change
        carried = self._before(max(step, 0))
        carried = self._run(max(step, 0), step + 1, matrix, carried)
        if state is not None:
            carried[state] += change
        if step >= 0:
            self.outputs[step] = carried["state"]
        self._run(step + 1, len(self.outputs), self.matrix, carried)

    def _before(self, step: int) -> dict[str, Array]:
        """Fill the outputs before a time step; return the carried states after them."""
        for output, kept in zip(self.outputs[:step], self._kept[1:], strict=False):
            output[...] = kept["state"]
        return {name: values.copy() for name, values in self._kept[step].items()}

    def _run(
        self, start: int, stop: int, matrix: Array, carried: dict[str, Array]
    ) -> dict[str, Array]:
        """Fill the outputs of some time steps; return the carried states after them."""
        if start >= stop:
            return carried
        weights = self.weights._replace(matrix=matrix)
        batch_size = self.outputs.shape[2]
        segment = UnrolledCell(self.cell, weights, self.gradient, stop - start, batch_size)
        segment.inputs[...] = self.inputs[start:stop]
        segment.mask = None if self.mask is None else self.mask[start:stop]
        segment.set_initial_state(carried)
        segment.forward()
        self.outputs[start:stop] = segment.outputs
        return segment.final_state()
