"""Weights are saved and loaded under PyTorch's names, and only if they are those of the network."""

import numpy as np
import pytest
from helpers.networks import architecture, network_for

from rnncli.nn.cells import CELLS
from rnncli.nn.network import Network
from rnncli.nn.state_dict import load_state_dict, state_dict, state_dict_shapes


def network(cell: str, seed: int = 0) -> Network:
    model = architecture(cell, num_layers=2, bidirectional=True)
    return network_for("mean_squared_error", model, 3, np.random.default_rng(seed))


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_saved_is_loaded_into_another_network(cell: str) -> None:
    saved = state_dict(network(cell))
    other = network(cell, seed=1)
    load_state_dict(other, saved)
    np.testing.assert_array_equal(other.parameters, network(cell).parameters)
    for name, array in state_dict(other).items():
        np.testing.assert_array_equal(array, saved[name])


@pytest.mark.parametrize("cell", CELLS)
def test_the_shapes_are_known_without_the_weights(cell: str) -> None:
    arrays = state_dict(network(cell))
    expected = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    assert state_dict_shapes(network(cell).layout) == expected
    blocks = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3, "peephole": 4, "mingru": 2}[cell]
    assert arrays["rnn.weight_ih_l0"].shape == (blocks * 4, 3)
    assert arrays["rnn.weight_ih_l1_reverse"].shape == (blocks * 4, 8)
    assert arrays["rnn.bias_hh_l0_reverse"].shape == (blocks * 4,)
    assert arrays["head.weight"].shape == (2, 8)
    assert arrays["head.bias"].shape == (2,)


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_saved_is_a_copy(cell: str) -> None:
    original = network(cell)
    before = original.parameters.copy()
    for array in state_dict(original).values():
        array += 1
    np.testing.assert_array_equal(original.parameters, before)


@pytest.mark.parametrize("cell", CELLS)
def test_two_biases_are_added_where_the_cell_adds_them(cell: str) -> None:
    arrays = state_dict(network(cell))
    one, two = arrays["rnn.bias_ih_l0"].copy(), arrays["rnn.bias_hh_l0"].copy()
    arrays["rnn.bias_ih_l0"] = one - 3
    arrays["rnn.bias_hh_l0"] = two + 3
    loaded = network(cell)
    load_state_dict(loaded, arrays)
    (biases,) = [np.concatenate(loaded.arrays["rnn.bias_ih_l0"])]
    # The reset gate of a GRU stands between the two biases of its candidate.
    separate = 4 if cell == "gru" else 0
    summed = len(biases) - separate
    np.testing.assert_allclose(biases[:summed], (one + two)[:summed])
    np.testing.assert_array_equal(biases[summed:], (one - 3)[summed:])
    if separate:
        (second,) = loaded.arrays["rnn.bias_hh_l0"]
        np.testing.assert_array_equal(second, (two + 3)[summed:])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("head.weight"), "head.weight is missing"),
        (lambda arrays: arrays.update(other=np.zeros(1)), "other does not belong to this model"),
        (
            lambda arrays: arrays.update({"head.bias": np.zeros(3)}),
            r"head.bias has shape \(3,\) and type float64; \(2,\) and float64 were expected",
        ),
        (
            lambda arrays: arrays.update({"head.bias": np.zeros(2, np.float32)}),
            r"head.bias has shape \(2,\) and type float32; \(2,\) and float64 were expected",
        ),
        (
            lambda arrays: arrays.update({"head.bias": np.array([0, np.nan])}),
            "head.bias has values that are not finite",
        ),
    ],
    ids=["missing", "unknown", "shape", "type", "not finite"],
)
def test_arrays_of_another_network_are_refused(change, message: str) -> None:
    arrays = state_dict(network("lstm"))
    change(arrays)
    other = network("lstm", seed=1)
    before = other.parameters.copy()
    with pytest.raises(ValueError, match=message):
        load_state_dict(other, arrays)
    np.testing.assert_array_equal(other.parameters, before)
