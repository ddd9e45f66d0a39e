"""What happens through time: states, gates, and the gradient on its way back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnncli.gradients.gradcheck import Batch
from rnncli.gradients.observed import Watched, copy_of
from rnncli.nn.arrays import Array
from rnncli.nn.cells import Layer
from rnncli.nn.losses import Loss, loss_at_labels
from rnncli.nn.network import Network
from rnncli.nn.unrolled import Unrolled


@dataclass(frozen=True)
class LayerTrace:
    """One layer through time; means are over the sequences that a step belongs to.

    Attributes
    ----------
    name : str
        ``l0``, ``l1_reverse``.
    reverse : bool
        Whether it reads from the end. The arrays are in the order of time all the same.
    state : array (T, H)
        Mean states.
    gradient : array (T, H)
        Mean derivative of a sequence's loss with respect to its state after each step.
    curves : dict of str to array (T,)
        Means: ``state_norm``; ``saturated``, the share of units beyond 0.97, or ``dead``, at zero;
        each gate's opening; ``gradient_norm``, and ``cell_gradient_norm`` where there is a cell.
        And ``weight_share``: the norm of each step's part of the gradient of the recurrent
        weights, dz_t h_{t-1}^T summed over the batch, over the total of these norms.
    gates : tuple of str
        Which of the curves are gates.
    gradient_ratio : float or None
        The mean gradient norm at the first step that a sequence reads over that at its last.
    decay_per_step : float or None
        What it is multiplied with from each step to the one read before it, on average.
    agreement : float or None
        The norm of the recurrent weights' gradient over the total of the steps' norms: 1 where all
        steps pull the same way.
    """

    name: str
    reverse: bool
    state: Array
    gradient: Array
    curves: dict[str, Array]
    gates: tuple[str, ...]
    gradient_ratio: float | None
    decay_per_step: float | None
    agreement: float | None


@dataclass(frozen=True)
class Trace:
    """A batch through time.

    Attributes
    ----------
    num_samples : int
        How many sequences the means are over.
    loss : float
        Their mean loss.
    inputs : array (T, D)
        Mean inputs.
    input_norm : array (T,)
        Mean norm of the inputs.
    layers : list of LayerTrace
        From the inputs up, the forward direction first.
    """

    num_samples: int
    loss: float
    inputs: Array
    input_norm: Array
    layers: list[LayerTrace]


def trace(network: Network, loss: Loss, batch: Batch) -> Trace:
    """Run a batch forward and back, in double precision, and return what happened."""
    losses, unrolled = run_watched(network, loss, batch)
    named = watched_layers(network, unrolled)
    held = _held(unrolled.levels[0].forward_layer)
    x = unrolled.inputs
    with np.errstate(all="ignore"):
        return Trace(
            len(batch.x),
            float(losses.mean()),
            _mean(x, held),
            _mean(_norm(x), held),
            [_layer_trace(name, layer) for name, layer in named],
        )


def run_watched(network: Network, loss: Loss, batch: Batch) -> tuple[Array, Unrolled]:
    """Run a batch forward and back; return its losses and the network with watched layers."""
    unrolled = batch.load(copy_of(network, float, Watched))
    with np.errstate(all="ignore"):
        losses, slope, *_ = loss_at_labels(loss, unrolled.forward(), batch.y.astype(float))
        unrolled.backward(slope, to_inputs=True)
    return losses, unrolled


def watched_layers(network: Network, unrolled: Unrolled) -> Iterator[tuple[str, Watched]]:
    """Yield the layers with their names, from the inputs up."""
    ends = network.architecture.directions
    for number, layer in enumerate(unrolled.layers):
        assert isinstance(layer, Watched)
        yield f"l{number // len(ends)}{ends[number % len(ends)]}", layer


def _layer_trace(name: str, layer: Watched) -> LayerTrace:
    held, reverse = _held(layer), name.endswith("_reverse")
    count = held.shape[1]
    flows = {kind: count * flow for kind, flow in layer.flows.items()}
    gates = layer.open_gates()
    word, stuck = layer.stuck_units()
    curves = {"state_norm": _mean(_norm(layer.outputs), held), word: _mean(stuck.mean(1), held)}
    curves |= {gate: _mean(opening.mean(1), held) for gate, opening in gates.items()}
    norms = {kind: _norm(flow) for kind, flow in flows.items()}
    curves["gradient_norm"] = _mean(norms.pop("state"), held)
    curves |= {f"{kind}_gradient_norm": _mean(norm, held) for kind, norm in norms.items()}
    share, agreement = _weight_share(layer)
    curves["weight_share"] = share
    ratio, decay = _decay(_norm(flows["state"]), held)
    turn = slice(None, None, -1 if reverse else 1)
    return LayerTrace(
        name,
        reverse,
        _mean(layer.outputs, held)[turn],
        _mean(flows["state"], held)[turn],
        {name: curve[turn] for name, curve in curves.items()},
        tuple(gates),
        ratio,
        decay,
        agreement,
    )


def _held(layer: Layer) -> Array:
    """Return which steps (T, B) belong to the sequences."""
    steps, _, batch = layer.outputs.shape
    return np.ones((steps, batch), bool) if layer.mask is None else layer.mask[:, 0] > 0


def _mean(values: Array, held: Array) -> Array:
    """Return the mean of (T, B) or (T, H, B) over the sequences that each step belongs to."""
    there = held if values.ndim == 2 else held[:, np.newaxis]
    total: Array = np.where(there, values, 0).sum(axis=-1)
    count = np.maximum(there.sum(axis=-1), 1)
    mean: Array = total / count
    return mean


def _norm(values: Array) -> Array:
    """Return the norms of (T, H, B) over H; squares of what has vanished would be zero."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    scale = np.where(largest > 0, largest, 1)
    norms: Array = np.linalg.norm(values / scale, axis=1) * scale[:, 0]
    return norms


def _weight_share(layer: Watched) -> tuple[Array, float | None]:
    rows, size = layer.recurrent_rows, layer.inputs.shape[1]
    pairs = zip(layer.delta[:, :rows], layer.states[:-1, size:-1], strict=True)
    norms = np.array([np.linalg.norm(delta @ before.T) for delta, before in pairs])
    total = float(norms.sum())
    if not 0 < total < np.inf:
        return np.zeros_like(norms), None
    whole = float(np.linalg.norm(layer.gradient[:rows, size:-1]))
    return norms / total, whole / total


def _decay(norms: Array, held: Array) -> tuple[float | None, float | None]:
    first = held.argmax(axis=0)
    last = len(held) - 1 - held[::-1].argmax(axis=0)
    sequences = np.arange(held.shape[1])
    begin, end = norms[first, sequences].mean(), norms[last, sequences].mean()
    steps = float((last - first).mean())
    ratio = float(begin / end) if end > 0 else np.inf
    if not (np.isfinite(ratio) and steps):
        return None, None
    return ratio, ratio ** (1 / steps)
