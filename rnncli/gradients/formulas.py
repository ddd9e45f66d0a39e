"""The derivatives of the cells that come with the package, factor by factor and term by term.

With them an explanation can name the cause of a wrong value. For a cell that is not in `FORMULAS`
it gives only the place of the first wrong value.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncli.gradients.mistakes import Candidates, Factors, product
from rnncli.gradients.observed import ObservedCell
from rnncli.nn.arrays import Array
from rnncli.nn.cells import GRU, LSTM, Cell, MinGRU, Peephole, Relu, Tanh


class Formulas(NamedTuple):
    """The derivatives of one cell at a time step.

    Attributes
    ----------
    dz : callable
        Returns the factors of dz_t (H, B) for each block of rows, by its name, in order.
    past_gates : callable
        Returns the part of dh_{t-1} (H, B) that does not come through the recurrent weights.
    carried : callable or None
        Returns the factors of the gradient (H, B) that time step t contributes to the other
        carried state, where there is one.
    vectors : callable or None
        Returns, for the named arrays beside the weight matrix, the factors (T, H, B) of the
        gradient of each block, which is summed over time and the batch.
    """

    dz: Callable[[ObservedCell, int], dict[str, Factors]]
    past_gates: Callable[[ObservedCell, int], dict[str, Array]]
    carried: Callable[[ObservedCell, int], Factors] | None = None
    vectors: Callable[[ObservedCell], dict[str, list[Factors]]] | None = None


def block_factors(cell: ObservedCell, step: int) -> dict[str, Factors] | None:
    """Return the factors of dz_t for each block, the mask included; None for an unknown cell."""
    formulas = FORMULAS.get(type(cell.cell))
    if formulas is None:
        return None
    mask = {"the mask": _mask(cell, step)}
    return {name: [*factors, mask] for name, factors in formulas.dz(cell, step).items()}


def cell_state_factors(cell: ObservedCell, step: int) -> Factors | None:
    """Return the factors of what time step t+1 contributes to the cell state's gradient."""
    formulas = FORMULAS.get(type(cell.cell))
    return (
        None if formulas is None or formulas.carried is None else formulas.carried(cell, step + 1)
    )


def state_terms(cell: ObservedCell, step: int) -> dict[str, Array] | None:
    """Return the terms of dh_t (H, B) that come from time step t+1; None for an unknown cell."""
    formulas = FORMULAS.get(type(cell.cell))
    if formulas is None:
        return None
    terms = formulas.past_gates(cell, step + 1)
    if rows := len(cell.recurrent_weights):
        through_weights = cell.recurrent_weights.T @ cell.dz[step + 1, :rows]
        terms = {"the path through the recurrent weights": through_weights} | terms
    return terms


def vector_factors(cell: ObservedCell) -> dict[str, list[Factors]]:
    """Return the factors of the arrays beside the weight matrix; none for an unknown cell."""
    formulas = FORMULAS.get(type(cell.cell))
    return {} if formulas is None or formulas.vectors is None else formulas.vectors(cell)


def state_mistakes(cell: ObservedCell, step: int, terms: dict[str, Array]) -> Candidates:
    """Yield mistakes in the gradient (H, B) that the later time steps contribute to a state."""
    expected = sum(terms.values(), np.zeros_like(cell.dh))
    yield "the output's gradient is added at every time step", expected + cell.grad_from_above[-1]
    for name, value in terms.items():
        yield f"{name} is left out", expected - value
    yield "dL/dh of the next time step is passed on unchanged", cell.grad_states["state"][step + 1]
    weights = cell.recurrent_weights
    if weights.shape[0] == weights.shape[1]:
        dz = cell.dz[step + 1, : len(weights)]
        name = "the recurrent weights are not transposed"
        yield name, expected + (weights - weights.T) @ dz


def _no_other_terms(cell: ObservedCell, step: int) -> dict[str, Array]:
    return {}


def _elman_dz(
    derivative: Callable[[Array], Array],
) -> Callable[[ObservedCell, int], dict[str, Factors]]:
    def factors(cell: ObservedCell, step: int) -> dict[str, Factors]:
        derivatives = {
            "the derivative at this time step": derivative(cell.outputs[step]),
            "the derivative at the last time step": derivative(cell.outputs[-1]),
            "the derivative at the previous time step": derivative(cell.previous[step]),
        }
        return {"": [{"dL/dh": cell.grad_states["state"][step]}, derivatives]}

    return factors


def _lstm_gates(cell: ObservedCell, step: int) -> dict[str, Array]:
    names = ("o", "i", "f", "g", "c of the previous time step")
    gates = {name: cell.buffers.block(number)[step] for number, name in enumerate(names)}
    return gates | {"tanh(c)": cell.buffers.cells_tanh[step]}


def _lstm_cell_gradient(cell: ObservedCell, step: int) -> dict[str, Array]:
    state, carried = cell.grad_states["state"][step], cell.grad_states["cell"][step]
    gates = _lstm_gates(cell, step)
    tanh, o = gates["tanh(c)"], gates["o"]
    return {
        "dL/dc": carried + state * o * (1 - tanh * tanh),
        "dL/dc without the derivative of tanh(c)": carried + state * o,
        "dL/dc without the output gate": carried + state * (1 - tanh * tanh),
        "dL/dc with all of dL/dh": carried + state,
        "dL/dc without the part from later time steps": state * o * (1 - tanh * tanh),
        "dL/dc without the path through the output": carried,
    }


def _lstm_dz(
    cell_gradient: Callable[[ObservedCell, int], dict[str, Array]],
) -> Callable[[ObservedCell, int], dict[str, Factors]]:
    def factors(cell: ObservedCell, step: int) -> dict[str, Factors]:
        gates, dc = _lstm_gates(cell, step), cell_gradient(cell, step)
        dh, tanh_derivative = {"dL/dh": cell.grad_states["state"][step]}, 1 - gates["g"] ** 2
        return {
            "o": [dh, _first("tanh(c)", gates), *_sigmoid("o", gates)],
            "i": [dc, _first("g", gates), *_sigmoid("i", gates)],
            "f": [dc, _first("c of the previous time step", gates), *_sigmoid("f", gates)],
            "g": [dc, _first("i", gates), {"1 - g^2": tanh_derivative}],
        }

    return factors


def _lstm_carried(cell: ObservedCell, step: int) -> Factors:
    gates = _lstm_gates(cell, step)
    mask = {"the mask": _mask(cell, step)}
    return [_lstm_cell_gradient(cell, step), _first("f", gates), mask]


def _peephole_cell_gradient(cell: ObservedCell, step: int) -> dict[str, Array]:
    dz_o = product(_lstm_dz(_lstm_cell_gradient)(cell, step)["o"])
    through_peephole = dz_o * cell.buffers.weights[2]
    gradients = _lstm_cell_gradient(cell, step)
    without_output = "dL/dc without the path through the output"
    return {name: value + through_peephole for name, value in gradients.items()} | {
        "dL/dc without the peephole of o": gradients["dL/dc"],
        without_output: gradients[without_output],
    }


def _peephole_carried(cell: ObservedCell, step: int) -> Factors:
    gates = _lstm_gates(cell, step)
    i, f, g, previous = (gates[name] for name in ("i", "f", "g", "c of the previous time step"))
    p_i, p_f, _ = cell.buffers.weights
    through_i, through_f = p_i * g * i * (1 - i), p_f * previous * f * (1 - f)
    derivative = {
        "the sum of f and its peepholes": f + through_i + through_f,
        "f without the peepholes": f,
        "the sum without the peephole of i": f + through_f,
        "the sum without the peephole of f": f + through_i,
    }
    mask = {"the mask": _mask(cell, step)}
    return [_peephole_cell_gradient(cell, step), derivative, mask]


def _peephole_vectors(cell: ObservedCell) -> dict[str, list[Factors]]:
    o, i, f, _ = np.split(cell.dz, 4, axis=1)
    dz = {"dz of i": i, "dz of f": f, "dz of o": o}
    previous, this = "c of the previous time step", "c of this time step"
    cells = {previous: cell.buffers.block(4), this: cell.buffers.cells}
    seen = {"dz of i": previous, "dz of f": previous, "dz of o": this}
    factors = [[_first(gate, dz), _first(state, cells)] for gate, state in seen.items()]
    return {"weight_peephole": factors}


def _gru_dz(cell: ObservedCell, step: int) -> dict[str, Factors]:
    r, z, a = (cell.buffers.block(number)[step] for number in range(3))
    n, previous = cell.buffers.candidates[step], cell.previous[step]
    gates = {"r": r, "z": z}
    values = {"a": a, "n": n, "h of the previous time step": previous}
    dh = {"dL/dh": cell.grad_states["state"][step]}
    dz_n = [dh, {"1 - z": 1 - z, "z": z}, {"1 - n^2": 1 - n * n}]
    return {
        "r": [*dz_n, _first("a", values), *_sigmoid("r", gates)],
        "z": [dh, {"h - n": previous - n, "n - h": n - previous}, *_sigmoid("z", gates)],
        "a": [*dz_n, _first("r", gates)],
        "n": dz_n,
    }


def _gru_past_gates(cell: ObservedCell, step: int) -> dict[str, Array]:
    dh, z = cell.grad_states["state"][step], cell.buffers.block(1)[step]
    return {"the path past the gates": dh * z * _mask(cell, step)}


def _mingru_values(cell: ObservedCell, step: int) -> tuple[Array, Array, int]:
    """Return z, n, and the s in h_t = (1 - s z) h_{t-1} + z n."""
    assert isinstance(cell.cell, MinGRU)
    return cell.buffers.z[step], cell.buffers.n[step], cell.cell.scale


def _mingru_dz(cell: ObservedCell, step: int) -> dict[str, Factors]:
    z, n, scale = _mingru_values(cell, step)
    dh, h = {"dL/dh": cell.grad_states["state"][step]}, cell.previous[step]
    slopes = {
        "n - h": n - h,
        "n - 2 h": n - 2 * h,
        "n": n,
        "-h": -h,
        "-2 h": -2 * h,
        "h - n": h - n,
        "2 h - n": 2 * h - n,
    }
    slope = "n - h" if scale == 1 else "n - 2 h"
    return {
        "z": [dh, _first(slope, slopes), *_sigmoid("z", {"z": z})],
        "n": [dh, {"z": z, "1 - z": 1 - z}],
    }


def _mingru_past_gates(cell: ObservedCell, step: int) -> dict[str, Array]:
    z, _, scale = _mingru_values(cell, step)
    dh = cell.grad_states["state"][step]
    return {"the path past the gate": dh * (1 - scale * z) * _mask(cell, step)}


def _first(name: str, values: dict[str, Array]) -> dict[str, Array]:
    return {name: values[name]} | values


def _sigmoid(gate: str, gates: dict[str, Array]) -> Factors:
    """Return the factors of the derivative of a gate s, s (1 - s)."""
    complements = {f"1 - {name}": 1 - value for name, value in gates.items()}
    return [_first(gate, gates), _first(f"1 - {gate}", complements)]


def _mask(cell: ObservedCell, step: int) -> Array:
    return np.ones((1, 1)) if cell.mask is None else cell.mask[step]


FORMULAS: dict[type[Cell], Formulas] = {
    Tanh: Formulas(_elman_dz(lambda h: 1 - h * h), _no_other_terms),
    Relu: Formulas(_elman_dz(lambda h: (h > 0).astype(float)), _no_other_terms),
    LSTM: Formulas(_lstm_dz(_lstm_cell_gradient), _no_other_terms, _lstm_carried),
    GRU: Formulas(_gru_dz, _gru_past_gates),
    Peephole: Formulas(
        _lstm_dz(_peephole_cell_gradient), _no_other_terms, _peephole_carried, _peephole_vectors
    ),
    MinGRU: Formulas(_mingru_dz, _mingru_past_gates),
}
