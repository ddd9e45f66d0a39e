"""Where backpropagation and the truth part, going back from the loss step by step.

A wrong gradient of the weights is a sum over all steps, and tells little. So each quantity on the
way back is held against its own derivative: what reaches every state, what reaches every block of
pre-activations, and only then the sums. The first that is wrong is where the mistake is made.
"""

from dataclasses import dataclass

import numpy as np

from rnncli.gradients import mistakes
from rnncli.gradients.gradcheck import Batch
from rnncli.gradients.observed import Nudge, Nudged, Watched, copy_of
from rnncli.gradients.trace import run_watched, watched_layers
from rnncli.nn.arrays import Array
from rnncli.nn.losses import Loss, loss_at_labels
from rnncli.nn.network import Network
from rnncli.nn.unrolled import Unrolled

_STEP = 1e-30
# Of a derivative along one direction, and of the largest on the layer's way.
_TOLERANCE, _ROUNDING = 1e-9, 1e-12
_FROM_ABOVE = "what comes down from above, the head or the next layer, is wrong"


@dataclass(frozen=True)
class Explanation:
    """The first quantity, going back from the loss, that is not the true derivative.

    Attributes
    ----------
    array : str
        What it is: ``dL/dh``, ``dL/dz``, or a gradient's name.
    layer : str or None
        The layer, ``l0``; None for the head and the inputs.
    step : int or None
        The time step, counted from 1; 0 for the initial state; None for sums over all steps.
    steps : int
        How many steps there are.
    cause : str or None
        The mistake that would give just these values; None where no known one does.
    """

    array: str
    layer: str | None
    step: int | None
    steps: int
    cause: str | None


def explain(network: Network, loss: Loss, batch: Batch) -> Explanation | None:
    """Return where backpropagation goes wrong, or None where all on its way is right."""
    _, unrolled = run_watched(network, loss, batch)
    right = _true_slope(loss, unrolled.outputs, batch.y.astype(float))
    with np.errstate(all="ignore"):
        found = _of_head(unrolled, right)
        layers = list(watched_layers(network, unrolled))
        probe = _Probe(network, loss, batch)
        for number in reversed(range(len(layers))):
            if found is None:
                found = _of_layer(*layers[number], number, probe)
        return found or _of_inputs(unrolled)


def _true_slope(loss: Loss, z: Array, y: Array) -> Array:
    """Return the derivative of the mean loss with respect to the outputs z, by complex steps."""
    slope = np.zeros(z.shape)
    for row in range(len(z)):
        nudged = z.astype(complex)
        nudged[row] += 1j * _STEP
        losses = loss_at_labels(loss, nudged, y)[0].imag / _STEP
        there = np.ones(z.shape[1], bool)
        if y.ndim == 3:
            there = ~np.isnan(y[:, :, 0].T.ravel())
        slope[row, there] = losses / max(len(losses), 1)
    return slope


def _of_head(unrolled: Unrolled, right: Array) -> Explanation | None:
    def of(slope: Array, head: Array, features: Array) -> dict[str, Array]:
        gradient = slope @ features.T
        return {
            "dL/d(features)": head[:, :-1].T @ slope,
            "head.weight": gradient[:, :-1],
            "head.bias": gradient[:, -1],
        }

    head, features, gradient = unrolled.head, unrolled.readout.features, unrolled.head_gradient
    found = (unrolled.features_gradient, gradient[:, :-1], gradient[:, -1])
    sizes = of(np.abs(right), np.abs(head), np.abs(features))
    slopes = mistakes.of_outputs(right, unrolled.outputs)
    wrong = [(cause, of(slope, head, features)) for cause, slope in slopes]
    for (name, true), given in zip(of(right, head, features).items(), found, strict=True):
        if not mistakes.same(given, true, sizes[name]):
            cause = mistakes.named(given, true, ((cause, arrays[name]) for cause, arrays in wrong))
            return Explanation(name, None, None, unrolled.top.steps, cause)
    return None


class _Probe:
    """True derivatives along random directions, by complex steps in the middle of a sequence."""

    def __init__(self, network: Network, loss: Loss, batch: Batch) -> None:
        self.loss, self.y = loss, batch.y.astype(float)
        self.unrolled = batch.load(copy_of(network, complex, Nudged))
        self.rng = np.random.default_rng(0)

    def agrees(self, number: int, step: int, state: int, found: Array, floor: float) -> bool:
        """Return whether `found` (H, B) is the derivative with respect to a layer's state."""
        direction = self.rng.standard_normal(found.shape)
        nudge = Nudge(step, state, 1j * _STEP * direction)
        return self._agrees(number, nudge, direction * found, floor)

    def agrees_in_rows(
        self, number: int, step: int, rows: slice, found: Array, floor: float
    ) -> bool:
        """Return whether `found` (H, B) is the derivative of these rows of pre-activations."""
        layer = self.unrolled.layers[number]
        direction = self.rng.standard_normal((len(found), 1))
        change = np.zeros(layer.weights.shape, complex)
        change[rows, -1:] = 1j * _STEP * direction
        return self._agrees(
            number, Nudge(step, 0, change, to_weights=True), direction * found, floor
        )

    def _agrees(self, number: int, nudge: Nudge, parts: Array, floor: float) -> bool:
        layer = self.unrolled.layers[number]
        assert isinstance(layer, Nudged)
        layer.nudge = nudge
        losses = loss_at_labels(self.loss, self.unrolled.forward(), self.y)[0]
        layer.nudge = None
        true = float(losses.sum().imag) / _STEP / max(len(losses), 1)
        size = float(np.abs(parts).sum()) + abs(true)
        return bool(abs(true - parts.sum()) <= max(_TOLERANCE * size, _ROUNDING * floor))


def _of_layer(name: str, layer: Watched, number: int, probe: _Probe) -> Explanation | None:
    steps = len(layer.outputs)
    for step in reversed(range(-1, steps)):
        found = _of_flows(layer, number, step, probe)
        if found is None and step >= 0:
            found = _of_deltas(layer, number, step, probe)
        if found is not None:
            time = 0 if step < 0 else steps - step if name.endswith("_reverse") else step + 1
            return Explanation(found[0], name, time, steps, found[1])
    return _of_sums(name, layer)


def _of_flows(
    layer: Watched, number: int, step: int, probe: _Probe
) -> tuple[str, str | None] | None:
    for state, (kind, flow) in enumerate(layer.flows.items()):
        found = flow[step] if step >= 0 else layer.start_flows[kind]
        if probe.agrees(number, step, state, found, _largest(flow)):
            continue
        if kind == "cell":
            return "dL/dc", _cause_in_cell(layer, step, found)
        return "dL/dh", _cause_in_state(layer, step, found)
    return None


def _cause_in_cell(layer: Watched, step: int, found: Array) -> str | None:
    if step == len(layer.outputs) - 1:
        return None
    factors = mistakes.of_cell_flow(layer, step)
    return mistakes.named(found, mistakes.value_of(factors), mistakes.of_product(factors))


def _cause_in_state(layer: Watched, step: int, found: Array) -> str | None:
    if step == len(layer.outputs) - 1:
        return _FROM_ABOVE
    later = found - layer.from_above[step] if step >= 0 else found
    right = sum(mistakes.state_terms(layer, step).values(), np.zeros_like(found))
    if mistakes.same(later, right):
        return _FROM_ABOVE
    return mistakes.named(later, right, mistakes.of_state_flow(layer, step))


def _of_deltas(
    layer: Watched, number: int, step: int, probe: _Probe
) -> tuple[str, str | None] | None:
    hidden = layer.outputs.shape[1]
    formulas = mistakes.of_delta(layer, step)
    for block in range(layer.gates):
        rows = slice(block * hidden, (block + 1) * hidden)
        found = layer.delta[step, rows]
        if probe.agrees_in_rows(number, step, rows, found, _largest(layer.delta)):
            continue
        if block >= len(formulas):
            return f"dL/dz of block {block}", None
        gate, factors = list(formulas.items())[block]
        true = mistakes.value_of(factors)
        cause = mistakes.named(found, true, mistakes.of_product(factors))
        return f"dL/dz of {gate}" if gate else "dL/dz", cause
    return None


def _largest(values: Array) -> float:
    return float(np.abs(values).sum(axis=(1, 2)).max())


def _of_sums(name: str, layer: Watched) -> Explanation | None:
    before = layer.states[:-1].transpose(0, 2, 1)
    right = (layer.delta @ before).sum(axis=0)
    sizes = (np.abs(layer.delta) @ np.abs(before)).sum(axis=0)
    wrong = list(mistakes.of_sums(layer))
    for kind in sorted(layer.blocks(right), key=lambda kind: kind != "weight_hh"):

        def part(array: Array, kind: str = kind) -> Array:
            return np.concatenate(layer.blocks(array)[kind])

        found, true = part(layer.gradient), part(right)
        if not mistakes.same(found, true, part(sizes)):
            cause = mistakes.named(found, true, ((cause, part(array)) for cause, array in wrong))
            return Explanation(f"rnn.{kind}_{name}", name, None, len(layer.outputs), cause)
    return None


def _of_inputs(unrolled: Unrolled) -> Explanation | None:
    level = unrolled.levels[0]
    parts = [np.matmul(layer.input_weights.T, layer.delta) for layer in level.layers]
    right = sum(part[:: -1 if number else 1] for number, part in enumerate(parts))
    sizes = [np.abs(layer.input_weights.T) @ np.abs(layer.delta) for layer in level.layers]
    if mistakes.same(unrolled.input_gradient, right, np.array(sizes)):
        return None
    cause = mistakes.named(unrolled.input_gradient, right, iter(()))
    return Explanation("input", None, None, level.steps, cause)
