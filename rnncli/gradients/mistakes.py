"""Known mistakes, by what each would give where the right formula gives something else.

A derivative is right as a product of factors or as a sum of terms. The usual mistakes change one:
it is left out, or another quantity of the same shape stands in its place.
"""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from rnncli.gradients.observed import Watched
from rnncli.nn.arrays import Array
from rnncli.nn.cells.elman import Relu, Tanh
from rnncli.nn.cells.gru import GRU
from rnncli.nn.cells.lstm import LSTM

# Of each factor the right one first, then what is taken for it.
Factors = list[dict[str, Array]]
Candidates = Iterator[tuple[str, Array]]
# Of the largest value, and of the largest sum of magnitudes that have cancelled to it.
_SAME, _ROUNDING = 1e-9, 1e-13


def same(found: Array, expected: Array, before_cancelling: Array | None = None) -> bool:
    """Return whether two arrays are equal but for rounding."""
    largest = _SAME * np.abs(expected).max()
    if before_cancelling is not None:
        largest = max(largest, _ROUNDING * before_cancelling.max())
    return bool((np.abs(found - expected) <= largest).all())


def named(found: Array, right: Array, candidates: Candidates) -> str | None:
    """Return the mistake that gives what was found, where another value is right; None if none."""
    if same(found, right):
        return None
    if not found.any():
        return "it is zero: left out"
    with np.errstate(all="ignore"):
        for name, expected in candidates:
            if same(found, expected):
                return name
        times = float(np.vdot(found, right) / np.vdot(right, right))
        if isfinite(times) and same(found, times * right):
            return f"it is {times:.6g} times what is right"
    return None


def of_outputs(right: Array, z: Array) -> Candidates:
    """Yield what mistakes make of the loss's derivative (O, N) with respect to the outputs z."""
    there = right.any(axis=0)
    count = max(int(there.sum()), 1)
    # For cross-entropy the derivative is (p - y) / N, whatever y is.
    power = np.exp(z - np.maximum(z.max(axis=0), 0))
    p = 1 / (1 + np.exp(-z)) if len(z) == 1 else power / power.sum(axis=0)
    y = p - right * count
    logit = "the logit is taken for the probability"
    yield logit, (z - y) * there / count
    yield logit, (z - y) / (z * (1 - z)) * there / count
    yield logit, right * z * (1 - z)
    yield "the sigmoid's slope stands on top of a derivative that holds it", right * p * (1 - p)
    yield "the sigmoid's slope is left out", right / (p * (1 - p))
    yield "the sum over the batch is taken for the mean", right * count


def of_product(factors: Factors) -> Candidates:
    """Yield what it gives to mistake one of the factors, or to leave it out."""
    for place, factor in enumerate(factors):
        name, *_ = factor
        others = value_of(factors[:place] + factors[place + 1 :])
        for other, wrong in factor.items():
            if other != name:
                yield f"{other} stands where {name} belongs", others * wrong
        yield f"{name} is left out", others * np.ones_like(factor[name])


def value_of(factors: Factors) -> Array:
    """Return the right product."""
    value: Array = np.ones(1)
    for factor in factors:
        value = value * next(iter(factor.values()))
    return value


def of_state_flow(layer: Watched, step: int) -> Candidates:
    """Yield what mistakes make of the derivative (H, B) that the later steps give a state."""
    terms = state_terms(layer, step)
    right = sum(terms.values(), np.zeros_like(layer.flow))
    yield "the output's gradient is added at every step", right + layer.from_above[-1]
    for name, value in terms.items():
        yield f"{name} is left out", right - value
    yield "dL/dh of the next step is handed on as it is", layer.flows["state"][step + 1]
    weights, delta = layer.recurrent_weights, layer.delta[step + 1, : layer.recurrent_rows]
    if weights.shape[0] == weights.shape[1]:
        name = "the recurrent weights are not transposed"
        yield name, right + (weights - weights.T) @ delta


def state_terms(layer: Watched, step: int) -> dict[str, Array]:
    """Return the ways by which the derivative of the next step's state reaches this one."""
    delta = layer.delta[step + 1, : layer.recurrent_rows]
    terms = {"the way through the recurrent weights": layer.recurrent_weights.T @ delta}
    if isinstance(layer, GRU):
        past = layer.flows["state"][step + 1] * layer.carry[step + 1] * _mask(layer, step + 1)
        terms["the way past the gates"] = past
    return terms


def of_sums(layer: Watched) -> Candidates:
    """Yield what mistakes make of the sum of dz_t S_t^T (G*H, D+H+1) over all steps."""
    states, delta = layer.states.transpose(0, 2, 1), layer.delta
    yield "h_t is paired with dz_t, where h_(t-1) belongs", (delta @ states[1:]).sum(axis=0)
    early = np.concatenate([np.zeros_like(states[:1]), states[:-2]])
    yield "h_(t-2) is paired with dz_t, where h_(t-1) belongs", (delta @ early).sum(axis=0)
    yield "the last step alone is counted", delta[-1] @ states[-2]


def of_cell_flow(layer: Watched, step: int) -> Factors:
    """Return the factors of the derivative (H, B) that the next step gives an LSTM's cell."""
    assert isinstance(layer, LSTM)
    gates = _lstm_gates(layer, step + 1)
    return [
        _cell_derivative(layer, step + 1),
        _first("f", gates),
        {"the mask": _mask(layer, step + 1)},
    ]


def of_delta(layer: Watched, step: int) -> dict[str, Factors]:
    """Return the factors of dz (H, B) at a step, for each block of rows by its name, in order."""
    blocks: dict[str, Factors] = {}
    if isinstance(layer, LSTM):
        blocks = _lstm_delta(layer, step)
    elif isinstance(layer, GRU):
        blocks = _gru_delta(layer, step)
    elif isinstance(layer, Tanh):
        blocks = {"": _elman_delta(layer, step)}
    mask = {"the mask": _mask(layer, step)}
    return {name: [*factors, mask] for name, factors in blocks.items()}


def _elman_delta(layer: Watched, step: int) -> Factors:
    def slope(state: Array) -> Array:
        return (state > 0).astype(float) if isinstance(layer, Relu) else 1 - state * state

    before = layer.states[step, layer.inputs.shape[1] : -1]
    slopes = {
        "the slope of this step's state": slope(layer.outputs[step]),
        "the slope of the last state": slope(layer.outputs[-1]),
        "the slope of the state before": slope(before),
    }
    return [{"what flows back": layer.flows["state"][step]}, slopes]


def _lstm_gates(layer: LSTM, step: int) -> dict[str, Array]:
    h = layer.outputs.shape[1]
    names = ("o", "i", "f", "g", "c of the step before")
    gates = {name: layer.gate_values[step, k * h : (k + 1) * h] for k, name in enumerate(names)}
    return gates | {"tanh(c)": layer.cells_tanh[step]}


def _cell_derivative(layer: Watched, step: int) -> dict[str, Array]:
    assert isinstance(layer, LSTM)
    state, carried = layer.flows["state"][step], layer.flows["cell"][step]
    tanh, o = layer.cells_tanh[step], layer.gate_values[step, : layer.outputs.shape[1]]
    return {
        "dL/dc": carried + state * o * (1 - tanh * tanh),
        "dL/dc without the slope of tanh(c)": carried + state * o,
        "dL/dc without the output gate": carried + state * (1 - tanh * tanh),
        "dL/dc with all of dL/dh": carried + state,
        "dL/dc without what later steps carry": state * o * (1 - tanh * tanh),
        "dL/dc without the way through the output": carried,
    }


def _lstm_delta(layer: Watched, step: int) -> dict[str, Factors]:
    assert isinstance(layer, LSTM)
    gates, cell = _lstm_gates(layer, step), _cell_derivative(layer, step)
    state, slope = {"dL/dh": layer.flows["state"][step]}, {"1 - g^2": 1 - gates["g"] ** 2}
    return {
        "o": [state, _first("tanh(c)", gates), *_sigmoid("o", gates)],
        "i": [cell, _first("g", gates), *_sigmoid("i", gates)],
        "f": [cell, _first("c of the step before", gates), *_sigmoid("f", gates)],
        "g": [cell, _first("i", gates), slope],
    }


def _gru_delta(layer: Watched, step: int) -> dict[str, Factors]:
    assert isinstance(layer, GRU)
    r, z, a = layer.gate_values[step].reshape(3, *layer.outputs[step].shape)
    n, before = layer.candidates[step], layer.before[step]
    gates = {"r": r, "z": z}
    values = {"a": a, "n": n, "h of the step before": before}
    state = {"dL/dh": layer.flows["state"][step]}
    new = [state, {"1 - z": 1 - z, "z": z}, {"1 - n^2": 1 - n * n}]
    return {
        "r": [*new, _first("a", values), *_sigmoid("r", gates)],
        "z": [state, {"h - n": before - n, "n - h": n - before}, *_sigmoid("z", gates)],
        "a": [*new, _first("r", gates)],
        "n": new,
    }


def _first(name: str, values: dict[str, Array]) -> dict[str, Array]:
    return {name: values[name]} | values


def _sigmoid(gate: str, gates: dict[str, Array]) -> Factors:
    """Return the factors of a gate's slope, s (1 - s)."""
    ones = {f"1 - {name}": 1 - value for name, value in gates.items()}
    return [_first(gate, gates), _first(f"1 - {gate}", ones)]


def _mask(layer: Watched, step: int) -> Array:
    return np.ones((1, 1)) if layer.mask is None else layer.mask[step]
