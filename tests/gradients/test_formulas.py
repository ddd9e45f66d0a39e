"""The formulas of the cells give the values of a correct backward pass, and known wrong ones."""

import numpy as np
import pytest
from helpers.networks import VARIANTS, architecture, network_for, random_batch

from rnncli.gradients.formulas import (
    FORMULAS,
    block_factors,
    cell_state_factors,
    state_mistakes,
    state_terms,
    vector_factors,
)
from rnncli.gradients.mistakes import product, vector_gradient, vector_mistakes
from rnncli.gradients.observed import ObservedCell
from rnncli.gradients.trace import run_observed
from rnncli.nn.losses import LOSSES
from rnncli.nn.objective import ObservedObjective

KINDS = [*(cell.kind for cell in FORMULAS), *VARIANTS]
LENGTHS = [6, 1, 4, 3]


def observed(kind: str) -> ObservedCell:
    """Return a cell after its backward pass, with sequences of different lengths."""
    rng = np.random.default_rng(5)
    model = architecture(kind, "every_step")
    network = network_for("softmax_cross_entropy", model, 2, rng)
    batch = random_batch("softmax_cross_entropy", model, 2, rng, (4, 6), LENGTHS)
    objective = ObservedObjective(network, LOSSES["softmax_cross_entropy"], batch, ObservedCell)
    run_observed(objective, batch)
    (cell,) = objective.unrolled.cells
    assert isinstance(cell, ObservedCell)
    return cell


@pytest.mark.parametrize("kind", KINDS)
def test_the_factors_of_each_block_multiply_to_its_gradient(kind: str) -> None:
    cell = observed(kind)
    for step in range(len(cell.outputs)):
        factors = block_factors(cell, step)
        assert factors is not None
        assert len(factors) == cell.cell.num_blocks
        calculated = np.concatenate([product(block) for block in factors.values()])
        np.testing.assert_allclose(calculated, cell.dz[step], rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_the_terms_of_a_state_sum_to_its_gradient(kind: str) -> None:
    cell = observed(kind)
    for step in range(len(cell.outputs) - 1):
        terms = state_terms(cell, step)
        assert terms is not None
        gradient = cell.grad_states["state"][step] - cell.grad_from_above[step]
        np.testing.assert_allclose(sum(terms.values()), gradient, rtol=0, atol=1e-15)
        if (factors := cell_state_factors(cell, step)) is not None:
            gradient = cell.grad_states["cell"][step]
            np.testing.assert_allclose(product(factors), gradient, rtol=0, atol=1e-15)


def test_the_factors_of_the_peepholes_sum_to_their_gradient() -> None:
    cell = observed("peephole")
    (blocks,) = vector_factors(cell).values()
    gradient = cell.gradient.vectors["weight_peephole"]
    np.testing.assert_allclose(vector_gradient(blocks), gradient, rtol=0, atol=1e-15)
    by_name = dict(vector_mistakes(blocks))
    o, previous = cell.dz[:, :4], cell.buffers.block(4)
    wrong = by_name["c of the previous time step is used in place of c of this time step"]
    np.testing.assert_allclose(wrong[:8], gradient[:8], rtol=0, atol=1e-15)
    np.testing.assert_allclose(wrong[8:], (o * previous).sum((0, 2)), rtol=0, atol=1e-15)


def test_wrong_gradients_of_the_cell_state_are_what_their_names_say() -> None:
    cell = observed("lstm")
    factors = cell_state_factors(cell, 2)
    assert factors is not None
    gradients = factors[0]
    dc, carried = gradients["dL/dc"], cell.grad_states["cell"][3]
    dh, tanh = cell.grad_states["state"][3], cell.buffers.cells_tanh[3]
    output_gate = cell.buffers.block(0)[3]

    def through_output(name: str) -> np.ndarray:
        return gradients[name] - carried

    expected = {
        "dL/dc": dh * output_gate * (1 - tanh**2),
        "dL/dc without the derivative of tanh(c)": dh * output_gate,
        "dL/dc without the output gate": dh * (1 - tanh**2),
        "dL/dc with all of dL/dh": dh,
        "dL/dc without the part from later time steps": dc - 2 * carried,
        "dL/dc without the path through the output": 0 * dh,
    }
    assert list(gradients) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(through_output(name), values, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_gradients_of_a_state_are_what_their_names_say(kind: str) -> None:
    cell, step = observed(kind), 2
    terms = state_terms(cell, step)
    assert terms is not None
    correct = cell.grad_states["state"][step] - cell.grad_from_above[step]
    weights, dz = cell.recurrent_weights, cell.dz[step + 1]
    expected = {
        "the output's gradient is added at every time step": correct + cell.grad_from_above[-1],
        "dL/dh of the next time step is passed on unchanged": cell.grad_states["state"][step + 1],
    } | {f"{name} is left out": correct - term for name, term in terms.items()}
    if len(weights) == cell.hidden_size:
        name = "the recurrent weights are not transposed"
        expected[name] = correct - weights.T @ dz + weights @ dz
    calculated = dict(state_mistakes(cell, step, terms))
    assert calculated.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(calculated[name], values, rtol=0, atol=1e-15)


def test_a_gate_in_place_of_another_is_named_in_full() -> None:
    """Each quantity of the shape of a gate can be used by mistake in place of the correct one."""
    factors = block_factors(observed("gru"), 3)
    assert factors is not None
    names = {gate: [list(factor) for factor in block] for gate, block in factors.items()}
    assert names["z"] == [
        ["dL/dh"],
        ["h - n", "n - h"],
        ["z", "r"],
        ["1 - z", "1 - r"],
        ["the mask"],
    ]
    h_minus_n = factors["z"][1]
    np.testing.assert_array_equal(h_minus_n["h - n"], -h_minus_n["n - h"])
    np.testing.assert_allclose(factors["n"][1]["1 - z"], 1 - factors["n"][1]["z"], atol=1e-15)
