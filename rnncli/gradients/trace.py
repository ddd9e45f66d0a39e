"""A batch through time: states, gates, and the gradients of the backward pass."""

from dataclasses import dataclass

import numpy as np

from rnncli.gradients.observed import ObservedCell
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import BatchLoss, Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import ObservedObjective


@dataclass(frozen=True)
class CellTrace:
    """One direction of a layer through time; means are over the sequences that have a time step.

    Attributes
    ----------
    name : str
        ``l0``, ``l1_reverse``.
    reverse : bool
        Whether it reads from the end. All arrays are in time order.
    state : array (T, H)
        Mean states.
    gradient : array (T, H) or None
        Mean gradient of a sequence's loss with respect to its state after each time step; None
        without targets.
    curves : dict of str to array (T,)
        Means: ``state_norm``; the fraction of units that are ``saturated`` (beyond 0.97) or
        ``dead`` (at zero); the value of each gate; and, with targets, ``gradient_norm``,
        ``cell_gradient_norm`` where there is a cell state, and ``weight_share``: the norm of each
        time step's part of the gradient of the recurrent weights, dz_t h_{t-1}^T summed over the
        batch, over the sum of these norms. Of a cell without recurrent weights, it is that of the
        input weights.
    gates : tuple of str
        Which of the curves are gates.
    gradient_ratio : float or None
        The mean gradient norm at the first time step that a sequence reads over that at its last.
    decay_per_step : float or None
        The mean factor from the gradient norm at a time step to that at the one read before it.
    agreement : float or None
        The norm of the same weights' gradient over the sum of the time steps' norms: 1 where
        the parts of all time steps point in the same direction.
    """

    name: str
    reverse: bool
    state: Array
    gradient: Array | None
    curves: dict[str, Array]
    gates: tuple[str, ...]
    gradient_ratio: float | None = None
    decay_per_step: float | None = None
    agreement: float | None = None


@dataclass(frozen=True)
class Trace:
    """A batch through time.

    Attributes
    ----------
    num_samples : int
        How many sequences the means are over.
    loss : float or None
        Their mean loss; None without targets.
    inputs : array (T, D)
        Mean inputs.
    input_norm : array (T,)
        Mean norm of the inputs.
    cells : list of CellTrace
        From the first layer up, the forward direction first.
    frame_length : int
        Of how many time steps as recorded a time step of the network consists.
    """

    num_samples: int
    loss: float | None
    inputs: Array
    input_norm: Array
    cells: list[CellTrace]
    frame_length: int = 1

    @property
    def step_name(self) -> str:
        """What a time step of the network is: ``time step`` or ``frame``."""
        return "time step" if self.frame_length == 1 else "frame"


def trace(network: Network, loss: Loss, batch: Batch, frame_length: int = 1) -> Trace:
    """Run a batch forward and, if it has targets, back, in double precision."""
    objective = ObservedObjective(network.astype(float), loss, batch, ObservedCell)
    unrolled, value = objective.unrolled, None
    if batch.y is None:
        unrolled.forward(batch)
    else:
        value = run_observed(objective, batch)
    valid = _valid(unrolled.cells[0])
    x = unrolled.cells[0].inputs
    with np.errstate(all="ignore"):
        return Trace(
            len(batch),
            None if value is None else float(value.mean.real),
            _mean(x, valid),
            _mean(_norm(x), valid),
            [
                _cell_trace(name, cell, has_gradients=value is not None)
                for name, cell in zip(network.layout.cell_names, unrolled.cells, strict=True)
            ],
            frame_length,
        )


def run_observed(
    objective: ObservedObjective, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT
) -> BatchLoss:
    """Run a batch forward and back through observed cells; return its loss."""
    with np.errstate(all="ignore"):
        loss = objective.forward(batch, dropout_masks)
        objective.backward(loss)
    return loss


def _cell_trace(name: str, cell: UnrolledCell, has_gradients: bool) -> CellTrace:
    valid, reverse = _valid(cell), name.endswith("_reverse")
    gates = cell.cell.gates(cell)
    inactive_name, inactive = cell.cell.inactive_units(cell)
    curves = {
        "state_norm": _mean(_norm(cell.outputs), valid),
        inactive_name: _mean(inactive.mean(1), valid),
    }
    curves |= {gate: _mean(values.mean(1), valid) for gate, values in gates.items()}
    in_time = slice(None, None, -1 if reverse else 1)
    gradient = ratio = decay = agreement = None
    if has_gradients:
        assert isinstance(cell, ObservedCell)
        gradients = {kind: valid.shape[1] * grad for kind, grad in cell.grad_states.items()}
        norms = {kind: _norm(values) for kind, values in gradients.items()}
        ratio, decay = _decay(norms["state"], valid)
        curves["gradient_norm"] = _mean(norms.pop("state"), valid)
        curves |= {f"{kind}_gradient_norm": _mean(norm, valid) for kind, norm in norms.items()}
        curves["weight_share"], agreement = _weight_share(cell)
        gradient = _mean(gradients["state"], valid)[in_time]
    return CellTrace(
        name,
        reverse,
        _mean(cell.outputs, valid)[in_time],
        gradient,
        {name: curve[in_time] for name, curve in curves.items()},
        tuple(gates),
        ratio,
        decay,
        agreement,
    )


def _valid(cell: UnrolledCell) -> Array:
    """Return which time steps (T, B) belong to the sequences."""
    sequence_length, _, batch_size = cell.outputs.shape
    return (
        np.ones((sequence_length, batch_size), bool) if cell.mask is None else cell.mask[:, 0] > 0
    )


def _mean(values: Array, valid: Array) -> Array:
    """Return the mean of (T, B) or (T, H, B) over the sequences that have each time step."""
    mask = valid if values.ndim == 2 else valid[:, np.newaxis]
    total: Array = np.where(mask, values, 0).sum(axis=-1)
    mean: Array = total / np.maximum(mask.sum(axis=-1), 1)
    return mean


def _norm(values: Array) -> Array:
    """Return the norms of (T, H, B) over H, scaled first: squares of tiny values would be zero."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    scale = np.where(largest > 0, largest, 1)
    norms: Array = np.linalg.norm(values / scale, axis=1) * scale[:, 0]
    return norms


def _weight_share(cell: UnrolledCell) -> tuple[Array, float | None]:
    if rows := len(cell.recurrent_weights):
        read, columns = cell.previous, slice(cell.input_size, -1)
    else:
        rows, read, columns = len(cell.matrix), cell.inputs, slice(cell.input_size)
    pairs = zip(cell.dz[:, :rows], read, strict=True)
    norms = np.array([np.linalg.norm(dz @ values.T) for dz, values in pairs])
    total = float(norms.sum())
    if not 0 < total < np.inf:
        return np.zeros_like(norms), None
    whole = float(np.linalg.norm(cell.gradient.matrix[:rows, columns]))
    return norms / total, whole / total


def _decay(norms: Array, valid: Array) -> tuple[float | None, float | None]:
    first = valid.argmax(axis=0)
    last = len(valid) - 1 - valid[::-1].argmax(axis=0)
    sequences = np.arange(valid.shape[1])
    begin, end = norms[first, sequences].mean(), norms[last, sequences].mean()
    steps = float((last - first).mean())
    ratio = float(begin / end) if end > 0 else np.inf
    if not (np.isfinite(ratio) and steps):
        return None, None
    return ratio, ratio ** (1 / steps)
