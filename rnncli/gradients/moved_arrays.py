"""The true derivatives of the entries of all arrays, and proof of them with the arrays moved.

`true_gradients` takes the derivatives of all entries together from parts of the forward pass. Here
the arrays themselves are moved, with a pass through the whole network each time: along a random
direction of each array, to see that its derivatives are right, or one entry at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from rnncli.gradients.derivatives import (
    COMPLEX_STEP,
    Derivative,
    central_difference,
    complex_step,
)
from rnncli.gradients.true_gradients import true_gradients
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import ObservedObjective

# How far the derivative along a random direction may be from that of the entries, relative to the
# norm of the gradient.
_AGREEMENT = {"complex": 1e-12, "central": 1e-6}


class _MovableLoss:
    """The mean loss as a function of weights, inputs and initial states.

    Attributes
    ----------
    arrays : dict of str to tuple of array
        What it depends on, by name; a change in place changes the next value.
    """

    def __init__(
        self, network: Network, loss: Loss, batch: Batch, masks: DropoutMasks, dtype: type
    ) -> None:
        copy = network.astype(dtype)
        self.objective, self.masks = ObservedObjective(copy, loss, batch), masks
        self.arrays = dict(copy.arrays)
        if not copy.layout.input_stage.shapes:
            x: Array = batch.x.transpose(1, 2, 0).astype(dtype)
            batch = replace(batch, x=x.transpose(2, 0, 1))
            self.arrays["input"] = (x,)
        initial_state = batch.initial_state or copy.zero_state(len(batch))
        state: State = [{k: v.astype(dtype) for k, v in cell.items()} for cell in initial_state]
        self.batch = replace(batch, initial_state=state)
        for cell_name, states in zip(copy.layout.cell_names, state, strict=True):
            for name, values in states.items():
                self.arrays[f"initial_{name}_{cell_name}"] = (values,)

    def value(self) -> complex:
        return self.objective.forward(self.batch, self.masks).mean


class EntryDerivatives:
    """The true derivatives of the entries of all arrays.

    Parameters
    ----------
    network, loss, batch, masks
        What the mean loss depends on.
    method : {"complex", "central"}
        How derivatives are calculated.
    on_progress : callable
        See `gradcheck`.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        batch: Batch,
        masks: DropoutMasks,
        method: str,
        on_progress: Callable[[int, int], object],
    ) -> None:
        self.method = method
        self.derivative: Derivative = complex_step if method == "complex" else central_difference
        self.moved = _MovableLoss(
            network, loss, batch, masks, complex if method == "complex" else float
        )
        self.complex_moved = self.moved
        if method != "complex":
            self.complex_moved = _MovableLoss(network, loss, batch, masks, complex)
        self.on_progress, self.done, self.total = on_progress, 0, 0

    def of_all(self, rounding: dict[str, float]) -> Iterator[tuple[str, Array]]:
        """Yield the derivatives of all entries (n,) of each array, given its rounding errors."""
        moved = self.moved
        network, batch = moved.objective.network, moved.batch
        self.total = len(network.layout.cell_names) * batch.x.shape[1] + len(moved.arrays)
        gradients = true_gradients(
            network, moved.objective.loss, batch, moved.masks, self.derivative, self._count
        )
        rng = np.random.default_rng(1)
        agreement = _AGREEMENT[self.method]
        for name in moved.arrays:
            true = gradients[name].ravel()
            direction = rng.standard_normal(true.size)
            error = abs(self._along(name, direction) - true @ direction)
            self._count()
            allowed = agreement * np.linalg.norm(true) + rounding[name] * np.sqrt(true.size)
            if error > allowed:
                self.total += true.size
                true = self._of_entries(name, np.arange(true.size))
            yield name, true

    def of_samples(self, samples: dict[str, Array]) -> Iterator[tuple[str, Array]]:
        """Yield the derivatives of the entries with the given flat indices of each array."""
        self.total = sum(map(len, samples.values()))
        for name in self.moved.arrays:
            yield name, self._of_entries(name, samples[name])

    def _of_entries(self, name: str, indices: Array) -> Array:
        """Return the derivatives of some entries, each moved alone."""
        true, value = np.empty(len(indices)), self.moved.value
        for place, index in enumerate(indices):
            block, where = _entry(self.moved.arrays[name], index)
            true[place] = self.derivative(block, where, value)
            self._count()
        return true

    def _along(self, name: str, direction: Array) -> float:
        """Return the derivative of the loss along a direction (n,) of one array."""
        blocks = self.complex_moved.arrays[name]
        before = [block.copy() for block in blocks]
        ends = np.cumsum([block.size for block in blocks])
        for block, part in zip(blocks, np.split(direction, ends[:-1]), strict=True):
            block += 1j * COMPLEX_STEP * part.reshape(block.shape)
        change = self.complex_moved.value().imag
        for block, values in zip(blocks, before, strict=True):
            block[...] = values
        return change / COMPLEX_STEP

    def _count(self) -> None:
        self.done += 1
        self.on_progress(self.done, self.total)


def _entry(blocks: tuple[Array, ...], index: int) -> tuple[Array, tuple[int, ...]]:
    """Return the block of an array, and the place in it, that a flat index means."""
    for block in blocks:
        if index < block.size:
            return block, tuple(int(i) for i in np.unravel_index(index, block.shape))
        index -= block.size
    raise IndexError(index)
