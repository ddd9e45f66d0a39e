"""The gradient check: backpropagation compared with derivatives of the same loss.

The true derivatives of all entries come from `rnncli.gradients.true_gradients`. They are checked in
turn: along a random direction of each array, they must agree with a single complex step of the
whole network with that array moved. Where they do not, as with a cell that uses its weights in
another way, each entry of the array is moved alone, with a forward pass for each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnncli.gradients.moved_arrays import EntryDerivatives
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import ObservedObjective

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
    sampled : int
        How many entries were compared, of all that the shape has.
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
    sampled: int
    worst: tuple[int, ...] | None
    true: float
    calculated: float
    passed: bool


def gradcheck(
    network: Network,
    loss: Loss,
    batch: Batch,
    method: str = "complex",
    num_entries: int | None = None,
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
    num_entries : int, optional
        Check only so many entries of each array, chosen at random but the same at every call, each
        moved alone. By default all are checked.
    on_progress : callable
        Called after each part of the calculation with the number of parts done and of all parts.

    Yields
    ------
    ArrayCheck
        One for each array.
    """
    batch = replace(batch, y=batch.targets.astype(float))
    masks = dropout_masks(network, len(batch))
    network = differentiable(network, batch, masks)
    objective = ObservedObjective(network.astype(float), loss, batch)
    calculated = _backpropagated(objective, batch, masks)
    truth = EntryDerivatives(network, loss, batch, masks, method, on_progress)
    rounding = _rounding(objective, batch, masks, method)
    if num_entries is None:
        samples = {name: np.arange(array.size) for name, array in calculated.items()}
        all_true = truth.of_all(rounding)
    else:
        samples = _samples(calculated, num_entries)
        all_true = truth.of_samples(samples)
    for name, true in all_true:
        yield _compare(
            name, true, calculated[name], samples[name], TOLERANCES[method], rounding[name]
        )


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


def _backpropagated(
    objective: ObservedObjective, batch: Batch, masks: DropoutMasks
) -> dict[str, Array]:
    """Return copies of what backpropagation calculates for each array."""
    objective.backward(objective.forward(batch, masks))
    layout, unrolled = objective.network.layout, objective.unrolled
    gradients = layout.named(unrolled.gradient)
    arrays = {name: np.concatenate(blocks) for name, blocks in gradients.items()}
    if not layout.input_stage.shapes:
        arrays["input"] = unrolled.grad_inputs.copy()
    for cell_name, cell in zip(layout.cell_names, unrolled.cells, strict=True):
        for name, gradient in cell.cell.initial_gradients(cell).items():
            arrays[f"initial_{name}_{cell_name}"] = gradient.copy()
    return arrays


def _rounding(
    objective: ObservedObjective, batch: Batch, masks: DropoutMasks, method: str
) -> dict[str, float]:
    """Return the rounding errors of each array's derivatives.

    They depend on the size of the derivatives, sequence by sequence, before they cancel.
    """
    of_one = ObservedObjective(objective.network, objective.loss, batch.part(slice(1)))
    per_sequence = [
        _backpropagated(of_one, batch.part(one), masks.part(one))
        for one in (slice(i, i + 1) for i in range(len(batch)))
    ]
    sizes = {
        name: sum(np.abs(arrays[name]) for arrays in per_sequence) / len(per_sequence)
        for name in per_sequence[0]
    }
    value = objective.forward(batch, masks).mean
    fraction, loss_fraction = _ROUNDING[method]
    return {
        name: fraction * float(np.nan_to_num(np.max(size))) + loss_fraction * abs(value)
        for name, size in sizes.items()
    }


def _samples(arrays: dict[str, Array], num_entries: int) -> dict[str, Array]:
    """Return flat indices of random entries of each array, in order and always the same."""
    rng = np.random.default_rng(0)
    return {
        name: np.sort(rng.choice(array.size, min(num_entries, array.size), replace=False))
        for name, array in arrays.items()
    }


def _compare(
    name: str, true: Array, calculated: Array, sample: Array, tolerance: float, rounding: float
) -> ArrayCheck:
    """Compare the true derivatives (n,) of the entries of a sample (n,) of flat indices."""
    shape, calculated = calculated.shape, calculated.ravel()[sample]
    error = np.abs(true - calculated)
    significant = ~((np.abs(true) <= rounding) & (np.abs(calculated) <= rounding))
    tested = int(np.count_nonzero(significant))
    error[~np.isfinite(error)] = np.inf
    worst = int(error.argmax())
    largest = float(np.abs(true).max())
    relative = min(float(error[worst]) / largest, _LARGEST) if largest > 0 else _LARGEST
    index = tuple(int(i) for i in np.unravel_index(sample[worst], shape))
    return ArrayCheck(
        name=name,
        shape=shape,
        max_relative_error=relative if tested else None,
        gradient_norm=float(np.linalg.norm(true)),
        tested=tested,
        untested=true.size - tested,
        sampled=true.size,
        worst=index if tested else None,
        true=float(true[worst]),
        calculated=float(calculated[worst]),
        passed=bool(error[worst] <= max(tolerance * largest, rounding)),
    )
