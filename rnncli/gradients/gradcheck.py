"""Are the gradients right? Backpropagation against the derivative of the very same loss.

The complex step: for an analytic function, Im f(p + ih) / h is the derivative, without a
difference and so without cancellation; with h = 1e-30 it is exact to rounding. Source: W. Squire &
G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40
(1998). Central differences, the second opinion, reach 1e-9 or so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.losses import Loss, loss_at_labels
from rnncli.nn.network import Network
from rnncli.nn.unrolled import Unrolled

_COMPLEX_STEP = 1e-30
_CENTRAL_STEP = 6e-6  # near the cube root of the rounding error, where both errors are least
_HUGE = float(np.finfo(float).max)  # JSON has no infinity
TOLERANCES = {"complex": 1e-10, "central": 1e-6}
# What is left of derivatives that cancel each other over the batch, as they do in a trained
# network, is rounding: this part of their magnitudes, and of the loss.
_ROUNDING = {"complex": (1e-14, 0.0), "central": (1e-9, 1e-10)}


@dataclass(frozen=True)
class ArrayCheck:
    """The verdict on one array.

    Attributes
    ----------
    name : str
        The array.
    shape : tuple of int
        Its shape.
    max_relative_error : float or None
        Largest error over the largest true derivative of the array; None if none was tested.
    gradient_norm : float
        Norm of the true derivative.
    tested, untested : int
        Entries with a gradient signal, and entries where both derivatives are zero to rounding.
    worst : tuple of int or None
        Index of the largest error.
    true, found : float
        The true derivative there, and the one that backpropagation gave.
    passed : bool
        No entry is wrong. An array without any signal has nothing wrong, and nothing tested.
    """

    name: str
    shape: tuple[int, ...]
    max_relative_error: float | None
    gradient_norm: float
    tested: int
    untested: int
    worst: tuple[int, ...] | None
    true: float
    found: float
    passed: bool


@dataclass(frozen=True)
class Batch:
    """What a network is checked on.

    Attributes
    ----------
    x : array (B, T, D)
        Sequences, standardised; shorter ones stand at the end.
    y : array (B, K) or (B, T, K)
        Targets.
    lengths : array (B,), optional
        How many steps each sequence has.
    dropout : float
        Part of the units silenced between layers, by one draw for the whole check.
    """

    x: Array
    y: Array
    lengths: Array | None = None
    dropout: float = 0.0

    def load(self, network: Network) -> Unrolled:
        """Return the network unrolled over this batch."""
        batch, steps, _ = self.x.shape
        unrolled = network.unroll(steps, batch)
        unrolled.load(self.x, self.lengths)
        if self.dropout:
            unrolled.draw_drops(self.dropout, np.random.default_rng(0))
        return unrolled

    def sequence(self, index: int) -> "Batch":
        """Return a batch of one of the sequences, without dropout."""
        part = slice(index, index + 1)
        lengths = None if self.lengths is None else self.lengths[part]
        return Batch(self.x[part], self.y[part], lengths)


def gradcheck(
    network: Network,
    loss: Loss,
    batch: Batch,
    method: str = "complex",
    on_entry: Callable[[], None] = lambda: None,
) -> Iterator[ArrayCheck]:
    """Check every entry of every weight, of the inputs and of the initial states.

    Parameters
    ----------
    network : Network
        The model; it is calculated in double precision and not changed.
    loss : Loss
        The loss that it is trained with.
    batch : Batch
        Sequences and targets.
    method : {"complex", "central"}
        How the true derivative is found.
    on_entry : callable
        Called after each entry, to show progress.

    Yields
    ------
    ArrayCheck
        One for each array.
    """
    batch = replace(batch, y=batch.y.astype(float))
    found = _backpropagated(network, loss, batch)
    magnitudes = _magnitudes(network, loss, batch)
    probe = network.astype(complex if method == "complex" else float)
    unrolled = batch.load(probe)
    derivative = _complex_step if method == "complex" else _central_difference
    first = unrolled.levels[0]
    x = unrolled.inputs.copy()

    def value() -> complex:
        first.set_inputs(x)
        losses = loss_at_labels(loss, unrolled.forward(), batch.y)[0]
        mean: complex = np.add.reduce(losses).item() / max(len(losses), 1)
        return mean

    of_terms, of_loss = _ROUNDING[method]
    floor = of_loss * abs(value())
    for name, blocks in _named(probe, unrolled, x).items():
        true = [np.empty(block.shape) for block in blocks]
        for block, derivatives in zip(blocks, true, strict=True):
            for index in np.ndindex(block.shape):
                derivatives[index] = derivative(block, index, value)
                on_entry()
        rounding = of_terms * magnitudes[name] + floor
        yield _compare(name, np.concatenate(true), found[name], TOLERANCES[method], rounding)


def _named(network: Network, unrolled: Unrolled, x: Array) -> dict[str, tuple[Array, ...]]:
    states = {name: (state,) for name, (state, _) in _states(network, unrolled).items()}
    return {**network.arrays, "input": (x,), **states}


def _states(network: Network, unrolled: Unrolled) -> dict[str, tuple[Array, Array]]:
    """Return the initial states by name, and their derivatives."""
    ends = network.architecture.directions
    found = {}
    for number, layer in enumerate(unrolled.layers):
        layer.prepare_backward()
        for name, pair in layer.initial_states.items():
            found[f"{name}_l{number // len(ends)}{ends[number % len(ends)]}"] = pair
    return found


def _backpropagated(network: Network, loss: Loss, batch: Batch) -> dict[str, Array]:
    """Return what backpropagation gives for each array, in double precision."""
    double = network.astype(float)
    unrolled = batch.load(double)
    slope = loss_at_labels(loss, unrolled.forward(), batch.y)[1]
    unrolled.backward(slope, to_inputs=True)
    weights = {name: np.concatenate(blocks) for name, blocks in double.gradients.items()}
    states = {name: flow for name, (_, flow) in _states(double, unrolled).items()}
    return {**weights, "input": unrolled.input_gradient, **states}


def _magnitudes(network: Network, loss: Loss, batch: Batch) -> dict[str, float]:
    """Return the size of each array's derivatives, sequence by sequence, before they cancel."""
    count = len(batch.x)
    alone = [_backpropagated(network, loss, batch.sequence(i)) for i in range(count)]
    sizes = {name: sum(np.abs(part[name]) for part in alone) / count for name in alone[0]}
    return {name: float(np.nan_to_num(np.max(size))) for name, size in sizes.items()}


def _complex_step(array: Array, index: tuple[int, ...], value: Callable[[], complex]) -> float:
    before = array[index]
    array[index] = before + 1j * _COMPLEX_STEP
    change = value().imag
    array[index] = before
    return change / _COMPLEX_STEP


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


def _compare(name: str, true: Array, found: Array, tolerance: float, rounding: float) -> ArrayCheck:
    error = np.abs(true - found)
    signal = ~((np.abs(true) <= rounding) & (np.abs(found) <= rounding))
    tested = int(np.count_nonzero(signal))
    error[~np.isfinite(error)] = np.inf
    worst = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    largest = float(np.abs(true).max())
    relative = min(float(error[worst]) / largest, _HUGE) if largest > 0 else _HUGE
    return ArrayCheck(
        name=name,
        shape=true.shape,
        max_relative_error=relative if tested else None,
        gradient_norm=float(np.linalg.norm(true)),
        tested=tested,
        untested=true.size - tested,
        worst=worst if tested else None,
        true=float(true[worst]),
        found=float(found[worst]),
        passed=bool(error[worst] <= max(tolerance * largest, rounding)),
    )
