"""The gradient check: backpropagation compared with derivatives of the same loss.

The complex step: for an analytic function, Im f(p + ih) / h is the derivative, without a
difference and so without cancellation; with h = 1e-30 it is exact up to rounding. Source: W.
Squire & G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review
40 (1998). Central differences, an independent second method, are accurate to about 1e-9.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective

COMPLEX_STEP = 1e-30
_CENTRAL_STEP = 6e-6  # near the cube root of the rounding error, where both errors are least
_LARGEST = float(np.finfo(float).max)  # JSON has no infinity
# The size of random changes that move biases away from a kink, and how often that is tried.
_MOVE, _MAX_MOVES = 1e-3, 5
TOLERANCES = {"complex": 1e-10, "central": 1e-6}
# Gradients that cancel over the batch, as in a trained network, leave a rounding error: these
# fractions of their magnitudes and of the loss.
_ROUNDING = {"complex": (1e-14, 0.0), "central": (1e-9, 1e-10)}


@dataclass(frozen=True)
class ArrayCheck:
    """The result for one array.

    Attributes
    ----------
    name : str
        The name of the array.
    shape : tuple of int
        Its shape.
    max_relative_error : float or None
        Largest error over the largest true derivative of the array; None if none was tested.
    gradient_norm : float
        Norm of the true derivative.
    tested, untested : int
        Entries with a gradient, and entries where both derivatives are zero to rounding.
    worst : tuple of int or None
        Index of the largest error.
    true, calculated : float
        The true derivative there, and the one that backpropagation calculated.
    passed : bool
        Whether no entry is wrong; true also if no entry was tested.
    """

    name: str
    shape: tuple[int, ...]
    max_relative_error: float | None
    gradient_norm: float
    tested: int
    untested: int
    worst: tuple[int, ...] | None
    true: float
    calculated: float
    passed: bool


def gradcheck(
    network: Network,
    loss: Loss,
    batch: Batch,
    method: str = "complex",
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> Iterator[ArrayCheck]:
    """Check every entry of every weight, of the initial states and of inputs that are numbers.

    Dropout, where the network has it, is drawn once for the whole check. Where the input of a ReLU
    is exactly zero there is no derivative: all biases are then moved by about 1e-3 first.

    Parameters
    ----------
    network : Network
        The network, which is not changed; it is evaluated in double precision.
    loss : Loss
        The loss function.
    batch : Batch
        Sequences and targets.
    method : {"complex", "central"}
        How the true derivatives are calculated.
    on_progress : callable
        Called after each entry with the number of entries done and the number of all entries.

    Yields
    ------
    ArrayCheck
        One for each array.
    """
    batch = replace(batch, y=batch.targets.astype(float))
    masks = dropout_masks(network, len(batch))
    network = differentiable(network, batch, masks)
    calculated = _backpropagated(network, loss, batch, masks)
    magnitudes = _magnitudes(network, loss, batch, masks)
    probe = _Probe(network, loss, batch, masks, complex if method == "complex" else float)
    derivative = _complex_step if method == "complex" else _central_difference
    magnitude_fraction, loss_fraction = _ROUNDING[method]
    floor = loss_fraction * abs(probe.value())
    total = sum(block.size for blocks in probe.arrays.values() for block in blocks)
    entries_done = count(1)
    for name, blocks in probe.arrays.items():
        true = [np.empty(block.shape) for block in blocks]
        for block, derivatives in zip(blocks, true, strict=True):
            for index in np.ndindex(block.shape):
                derivatives[index] = derivative(block, index, probe.value)
                on_progress(next(entries_done), total)
        rounding = magnitude_fraction * magnitudes[name] + floor
        yield _compare(name, np.concatenate(true), calculated[name], TOLERANCES[method], rounding)


def dropout_masks(network: Network, batch_size: int) -> DropoutMasks:
    """Return the dropout masks of a check, the same at every call; none without dropout."""
    return network.astype(float).draw_dropout_masks(batch_size, np.random.default_rng(0))


def differentiable(network: Network, batch: Batch, masks: DropoutMasks) -> Network:
    """Return the network, or a copy with changed biases if it is at a kink of a ReLU."""
    rng = np.random.default_rng(0)
    for _ in range(_MAX_MOVES):
        unrolled = network.unroll(batch.x.shape[1], len(batch))
        unrolled.forward(batch, masks)
        if not any(cell.cell.at_kink(cell) for cell in unrolled.cells):
            break
        network = network.astype(float)
        for name, blocks in network.arrays.items():
            for block in blocks:
                if "bias" in name:
                    block += _MOVE * rng.standard_normal(block.shape)
    return network


class _Probe:
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
        self.objective, self.masks = Objective(copy, loss), masks
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


def _backpropagated(
    network: Network, loss: Loss, batch: Batch, masks: DropoutMasks
) -> dict[str, Array]:
    """Return what backpropagation calculates for each array, in double precision."""
    copy = network.astype(float)
    objective = Objective(copy, loss)
    objective.backward(objective.forward(batch, masks), to_inputs=True)
    unrolled = objective.unrolled
    gradients = copy.layout.named(unrolled.gradient)
    arrays = {name: np.concatenate(blocks) for name, blocks in gradients.items()}
    if not copy.layout.input_stage.shapes:
        arrays["input"] = unrolled.grad_inputs
    for cell_name, cell in zip(copy.layout.cell_names, unrolled.cells, strict=True):
        for name, gradient in cell.cell.initial_gradients(cell).items():
            arrays[f"initial_{name}_{cell_name}"] = gradient
    return arrays


def _magnitudes(
    network: Network, loss: Loss, batch: Batch, masks: DropoutMasks
) -> dict[str, float]:
    """Return the size of each array's derivatives, sequence by sequence, before they cancel."""
    per_sequence = [
        _backpropagated(network, loss, batch.sequence(i), masks.sequence(i))
        for i in range(len(batch))
    ]
    sizes = {
        name: sum(np.abs(arrays[name]) for arrays in per_sequence) / len(per_sequence)
        for name in per_sequence[0]
    }
    return {name: float(np.nan_to_num(np.max(size))) for name, size in sizes.items()}


def _complex_step(array: Array, index: tuple[int, ...], value: Callable[[], complex]) -> float:
    before = array[index]
    array[index] = before + 1j * COMPLEX_STEP
    change = value().imag
    array[index] = before
    return change / COMPLEX_STEP


def _central_difference(
    array: Array, index: tuple[int, ...], value: Callable[[], complex]
) -> float:
    before = array[index]
    step = _CENTRAL_STEP * max(1.0, abs(before))
    array[index] = before + step
    above, high = value(), array[index]
    array[index] = before - step
    below, low = value(), array[index]
    array[index] = before
    return (above - below).real / float(high - low)


def _compare(
    name: str, true: Array, calculated: Array, tolerance: float, rounding: float
) -> ArrayCheck:
    error = np.abs(true - calculated)
    significant = ~((np.abs(true) <= rounding) & (np.abs(calculated) <= rounding))
    tested = int(np.count_nonzero(significant))
    error[~np.isfinite(error)] = np.inf
    worst = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    largest = float(np.abs(true).max())
    relative = min(float(error[worst]) / largest, _LARGEST) if largest > 0 else _LARGEST
    return ArrayCheck(
        name=name,
        shape=true.shape,
        max_relative_error=relative if tested else None,
        gradient_norm=float(np.linalg.norm(true)),
        tested=tested,
        untested=true.size - tested,
        worst=worst if tested else None,
        true=float(true[worst]),
        calculated=float(calculated[worst]),
        passed=bool(error[worst] <= max(tolerance * largest, rounding)),
    )
