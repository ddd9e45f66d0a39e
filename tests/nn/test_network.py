"""The network: one parameter vector, reused buffers, batches that do not matter."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.inference.outputs import outputs
from rnncli.nn.cells import CELLS
from rnncli.nn.cells.lstm import LSTM
from rnncli.nn.initialization import INITIALIZATIONS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Architecture, Network


def network(
    cell: str = "tanh", layers: int = 2, dtype: str = "float64", hidden: int = 7, inputs: int = 3
) -> Network:
    architecture = Architecture(cell, hidden, layers, dtype=dtype)
    return Network(architecture, inputs, 2).initialize(np.random.default_rng(0))


@pytest.mark.parametrize("cell", CELLS)
def test_named_arrays_are_views_that_cover_the_parameter_vector_once(cell: str) -> None:
    net = network(cell)
    for blocks in net.arrays.values():
        for block in blocks:
            block += 1
    changed = net.parameters - network(cell).parameters
    assert set(np.round(changed, 12)) <= {0.0, 1.0}
    assert np.count_nonzero(changed) == net.num_parameters


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(1, 70),
    steps=st.integers(1, 12),
    layers=st.integers(1, 3),
    seed=st.integers(0),
)
def test_a_sequence_alone_gives_what_it_gives_in_any_batch_and_order(
    cell: str, batch: int, steps: int, layers: int, seed: int
) -> None:
    net = network(cell, layers)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, steps, 3))
    together = outputs(net, x)
    alone = np.concatenate([outputs(net, sequence[np.newaxis]) for sequence in x])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-13)
    order = rng.permutation(batch)
    np.testing.assert_allclose(outputs(net, x[order]), together[order], rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_carried_states_equal_one_long_pass(cell: str) -> None:
    net = network(cell)
    x = np.random.default_rng(1).standard_normal((12, 3, 4))
    whole = net.unroll(12, 4)
    whole.inputs[...] = x
    expected = whole.forward().copy()
    first = net.unroll(5, 4)
    first.inputs[...] = x[:5]
    first.forward()
    second = net.unroll(7, 4)
    second.inputs[...] = x[5:]
    for state, layer in zip(second.layers, first.layers, strict=True):
        state.initial[...] = layer.outputs[-1]
        if isinstance(layer, LSTM):
            state.initial_cell[...] = layer.cells[-1]
    np.testing.assert_allclose(second.forward(), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch", [4, 64])
def test_no_array_is_allocated_in_the_time_loop(cell: str, batch: int) -> None:
    steps, hidden = 200, 64
    net = network(cell, hidden=hidden, inputs=1)
    unrolled = net.unroll(steps, batch)
    slope = np.ones((2, batch))

    def run() -> None:
        unrolled.forward()
        unrolled.backward(slope, to_inputs=True)

    run()
    addresses = [layer.states.ctypes.data for layer in unrolled.layers]
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # NumPy's own buffers for one pass over all steps, whose size is fixed, and next to nothing
    # more: the states of 200 steps would be 200 x hidden x batch numbers.
    assert peak < 4 * np.getbufsize() * 8 + hidden * batch * 8
    assert addresses == [layer.states.ctypes.data for layer in unrolled.layers]


@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_follows_double(cell: str) -> None:
    x = np.random.default_rng(2).standard_normal((9, 20, 3))
    double, single = network(cell), network(cell, dtype="float32")
    assert single.parameters.dtype == np.float32
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    found = outputs(single, x.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, outputs(double, x), atol=1e-5)


def test_orthogonal_start() -> None:
    net = network(hidden=16)
    for index in range(2):
        (recurrent,) = net.arrays[f"rnn.weight_hh_l{index}"]
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(16), atol=1e-12)
        assert not net.arrays[f"rnn.bias_ih_l{index}"][0].any()
    bound = (6 / (3 + 16)) ** 0.5
    assert 0.8 * bound < np.abs(net.arrays["rnn.weight_ih_l0"]).max() <= bound


def test_uniform_start() -> None:
    net = Network(Architecture(hidden_size=64, initialization="uniform"), 3, 2)
    net.initialize(np.random.default_rng(0))
    assert np.abs(net.arrays["rnn.weight_hh_l0"]).max() <= 1 / 8
    assert np.abs(net.arrays["head.weight"]).max() <= 1 / 8
    assert 1 / 8 < np.abs(net.arrays["rnn.bias_ih_l0"]).max() <= 2 / 8


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_starts_depend_on_the_generator_alone(name: str) -> None:
    architecture = Architecture(initialization=name)
    nets = [Network(architecture, 1, 1).initialize(np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_stable_and_their_gradient_is_their_own(
    name: str, scale: float, dtype: type
) -> None:
    rng = np.random.default_rng(0)
    rows = {"binary_cross_entropy": 1, "softmax_cross_entropy": 4, "mean_squared_error": 2}[name]
    z = (scale * rng.standard_normal((rows, 40))).astype(dtype)
    y = rng.integers(max(2, rows), size=(40, 1)).astype(dtype)
    if name == "mean_squared_error":
        y = rng.standard_normal((40, 2)).astype(dtype)
    value, gradient = LOSSES[name](z, y)
    assert value.dtype == gradient.dtype == dtype
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert (value >= 0).all()
    probe = z.astype(complex)
    true = np.empty(z.shape)
    for index in np.ndindex(z.shape):
        probe[index] += 1e-30j
        true[index] = LOSSES[name](probe, y)[0].mean().imag * 1e30
        probe[index] = z[index]
    tolerance = 1e-13 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(gradient, true, atol=tolerance * max(1.0, np.abs(true).max()))


def test_losses_against_their_definitions() -> None:
    z = np.array([[0.3, -2.0, 5.0]])
    p = 1 / (1 + np.exp(-z[0]))
    value, _ = LOSSES["binary_cross_entropy"](z, np.array([[1.0], [0.0], [0.0]]))
    np.testing.assert_allclose(value, [-np.log(p[0]), -np.log(1 - p[1]), -np.log(1 - p[2])])
    value, _ = LOSSES["softmax_cross_entropy"](z.T, np.array([[2.0]]))
    np.testing.assert_allclose(value, -np.log(np.exp(5.0) / np.exp(z).sum()))
    value, gradient = LOSSES["mean_squared_error"](np.array([[1.0], [4.0]]), np.array([[0.0, 2.0]]))
    np.testing.assert_allclose(value, [2.5])
    np.testing.assert_allclose(gradient, [[1.0], [2.0]])
