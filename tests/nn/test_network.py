"""The network: one vector of parameters, buffers that are reused, and no memory of past batches."""

import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from helpers.networks import LISTS, READOUTS, architecture, network_for, random_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.datasets.sequences import padded
from rnncli.errors import InputError
from rnncli.inference.outputs import outputs
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.buffer_sizes import bytes_of_arrays
from rnncli.nn.cells import CELLS
from rnncli.nn.dropout import NO_DROPOUT
from rnncli.nn.initialization import INITIALIZATIONS
from rnncli.nn.losses import LOSSES, batch_loss
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective, UnrolledPool, bytes_of_passes

LOSS = "mean_squared_error"


def network(
    cell: str = "tanh", layers: int = 2, dtype: str = "float64", hidden: int = 7, inputs: int = 3
) -> Network:
    model = Architecture(CELLS[cell](), hidden, layers, dtype=dtype)
    return Network(model, inputs, 2).initialize(np.random.default_rng(0))


def outputs_of(net: Network, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    return outputs(UnrolledPool(net), x, lengths)


@pytest.mark.parametrize("cell", CELLS)
def test_named_arrays_are_views_that_cover_the_parameters_once(cell: str) -> None:
    net = network(cell)
    for blocks in net.arrays.values():
        for block in blocks:
            block += 1
    changed = net.parameters - network(cell).parameters
    assert set(np.round(changed, 12)) <= {0.0, 1.0}
    assert np.count_nonzero(changed) == net.num_parameters


@pytest.mark.parametrize("cell", CELLS)
def test_entries_that_belong_to_no_array_stay_zero(cell: str) -> None:
    rng = np.random.default_rng(0)
    model = architecture(cell, num_layers=2)
    net = network_for(LOSS, model, 3, rng)
    objective = Objective(net, LOSSES[LOSS])
    for size in (4, 64):
        batch = random_batch(LOSS, model, 3, rng, (size, 5))
        gradient = objective.backward(objective.forward(batch)).copy()
        for blocks in net.layout.named(objective.unrolled.gradient).values():
            for block in blocks:
                block[...] = 0
        assert not objective.gradient.any()
        if cell != "relu":  # a unit may be dead
            assert np.count_nonzero(gradient) == net.num_parameters


def test_shapes_are_those_that_cells_declare() -> None:
    for cell in CELLS.values():
        declared, net = cell(), network(cell.kind, layers=1)
        for name in declared.arrays:
            blocks = np.concatenate(net.arrays[f"rnn.{name}_l0"])
            assert blocks.shape == declared.shape(name, 3, 7)


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=15, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    readout=st.sampled_from(READOUTS + LISTS),
    bidirectional=st.booleans(),
    layers=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_a_sequence_has_the_same_outputs_in_any_batch(
    cell: str, sizes: list[int], readout: str, bidirectional: bool, layers: int, seed: int
) -> None:
    model = architecture(
        cell, readout, hidden_size=5, num_layers=layers, bidirectional=bidirectional
    )
    rng = np.random.default_rng(seed)
    net = Network(model, 2, 3).initialize(rng)
    sequences = [rng.standard_normal((size, 2)) for size in sizes]
    x, lengths = padded(sequences, "x")
    together = outputs_of(net, x, lengths)
    order = rng.permutation(len(sizes))
    mixed = outputs_of(net, x[order], None if lengths is None else lengths[order])
    for index, sequence in enumerate(sequences):
        alone = outputs_of(net, sequence[np.newaxis])[0]
        place = int(np.flatnonzero(order == index)[0])
        for result in (together[index], mixed[place]):
            valid = result[len(result) - len(sequence) :] if readout == "every_step" else result
            np.testing.assert_allclose(valid, alone, rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_carried_states_equal_one_long_pass(cell: str) -> None:
    net = network(cell)
    x = np.random.default_rng(1).standard_normal((4, 12, 3))
    y = np.zeros((4, 2))
    expected = net.unroll(12, 4).forward(Batch(x, y)).copy()
    first, second = net.unroll(5, 4), net.unroll(7, 4)
    first.forward(Batch(x[:, :5], y))
    state = first.final_state()
    result = second.forward(Batch(x[:, 5:], y, initial_state=state))
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_of_an_earlier_pass_remains(cell: str) -> None:
    rng = np.random.default_rng(2)
    model = architecture(cell, num_layers=2, dropout=0.5, head_dropout=0.5, bidirectional=True)
    net = network_for(LOSS, model, 3, rng)
    fresh, used = (Objective(net, LOSSES[LOSS]) for _ in range(2))
    batch = random_batch(LOSS, model, 3, rng)
    state = net.unroll(6, 4)
    state.forward(batch)
    carried = state.final_state()
    masks = net.draw_dropout_masks(4, rng)
    cases = product(([6, 2, 3, 4], None), (masks, NO_DROPOUT), (carried, None))
    for lengths, dropout_masks, initial in cases:
        other = random_batch(LOSS, model, 3, rng, lengths=lengths)
        other = replace(other, initial_state=initial)
        used.backward(used.forward(other, dropout_masks))
        expected = fresh.forward(batch).losses.copy()
        np.testing.assert_array_equal(used.forward(batch).losses, expected)
        gradient = fresh.backward(fresh.forward(batch)).copy()
        np.testing.assert_array_equal(used.backward(used.forward(batch)), gradient)


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_the_inputs_is_calculated_on_request_only(cell: str) -> None:
    rng = np.random.default_rng(4)
    model = architecture(cell)
    net, batch = network_for(LOSS, model, 3, rng), random_batch(LOSS, model, 3, rng)
    unrolled = net.unroll(batch.x.shape[1], len(batch))
    grad_outputs = batch_loss(LOSSES[LOSS], unrolled.forward(batch), batch.targets).gradient
    gradient = unrolled.grad_inputs
    gradient[...] = 7
    unrolled.backward(grad_outputs)
    assert (gradient == 7).all()
    unrolled.backward(grad_outputs, to_inputs=True)
    assert (gradient != 7).all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("size", "sequence_length"), [(4, 200), (64, 50)])
def test_no_array_is_allocated_in_the_time_loop(cell: str, size: int, sequence_length: int) -> None:
    hidden = 64
    net = network(cell, hidden=hidden, inputs=1)
    unrolled = net.unroll(sequence_length, size)
    batch = Batch(np.zeros((size, sequence_length, 1)), np.zeros((size, 2)))
    gradient = np.ones((2, size))

    def run() -> None:
        unrolled.forward(batch)
        unrolled.backward(gradient, to_inputs=True)

    run()
    addresses = [cell.states.ctypes.data for cell in unrolled.cells]
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # NumPy's own buffers for one pass over all time steps, whose size is fixed, and next to nothing
    # more: the states of all time steps would be sequence length x hidden x batch numbers.
    assert peak < 4 * np.getbufsize() * 8 + hidden * size * 8
    assert addresses == [cell.states.ctypes.data for cell in unrolled.cells]


@pytest.mark.parametrize("cell", CELLS)
def test_the_memory_of_a_time_step_is_known(cell: str) -> None:
    net = network(cell, hidden=64)
    small, large = (bytes_of_arrays(net.unroll(steps, 4, net.parameters)) for steps in (10, 60))
    assert net.bytes_per_step == pytest.approx((large - small) / (50 * 4), rel=0.02)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("hidden", "batch_size", "sequence_length"),
    [(4, 1, 3000), (64, 8, 100), pytest.param(128, 128, 20, id="shards")],
)
def test_the_memory_of_the_passes_is_known(
    cell: str, hidden: int, batch_size: int, sequence_length: int
) -> None:
    net = network(cell, hidden=hidden)
    expected = net.parameters.nbytes + bytes_of_passes(net, sequence_length, batch_size)

    def used() -> int:
        pool = UnrolledPool(net)
        tracemalloc.start()
        pool.get(sequence_length, batch_size)
        num_bytes, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return num_bytes

    # Another thread of the test run may allocate something meanwhile.
    assert min(used() for _ in range(3)) == pytest.approx(expected, rel=0.25)


def test_views_of_one_array_count_once() -> None:
    array = np.zeros(100)
    assert bytes_of_arrays([array, array[1:], {"a": array.reshape(10, 10).T}]) == 800


def test_the_pool_reuses_networks_and_drops_the_least_recently_used() -> None:
    net = network(hidden=64)
    pool = UnrolledPool(net)
    first = pool.get(5, 4)
    assert pool.get(5, 4) is first
    steps = (1 << 28) // net.bytes_per_step // 100
    pool.get(steps, 60)
    assert pool.get(5, 4) is first
    assert pool.get(steps, 60) is pool.get(steps, 60)
    pool.get(steps, 101)
    assert pool.get(5, 4) is not first


def test_a_network_that_is_too_large_is_refused_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = UnrolledPool(network(hidden=64))
    kept = pool.get(5, 4)
    monkeypatch.setenv("RNN_MAX_MEMORY", "1M")
    for _ in range(2):
        with pytest.raises(InputError, match="the network unrolled over 10000 time steps"):
            pool.get(10_000, 4)
    assert pool.get(5, 4) is kept


@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_follows_double(cell: str) -> None:
    x = np.random.default_rng(2).standard_normal((9, 20, 3))
    double, single = network(cell), network(cell, dtype="float32")
    assert single.parameters.dtype == np.float32
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    result = outputs_of(single, x.astype(np.float32))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, outputs_of(double, x), atol=1e-5)


def test_orthogonal_initialization() -> None:
    net = network(hidden=16)
    for index in range(2):
        (recurrent,) = net.arrays[f"rnn.weight_hh_l{index}"]
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(16), atol=1e-12)
        assert not net.arrays[f"rnn.bias_ih_l{index}"][0].any()
    bound = (6 / (3 + 16)) ** 0.5
    assert 0.8 * bound < np.abs(net.arrays["rnn.weight_ih_l0"]).max() <= bound


def test_uniform_initialization_has_pytorchs_bounds() -> None:
    net = Network(Architecture(hidden_size=64, initialization="uniform"), 3, 2)
    net.initialize(np.random.default_rng(0))
    for name, bound in (("rnn.weight_hh_l0", 1 / 8), ("rnn.weight_ih_l0", 1 / 8)):
        assert 0.95 * bound < np.abs(net.arrays[name]).max() <= bound
    assert 0.9 / 8 < np.abs(net.arrays["head.weight"]).max() <= 1 / 8
    assert np.abs(net.arrays["head.bias"]).max() <= 1 / 8
    # PyTorch's two biases are added up.
    assert 1 / 8 < np.abs(net.arrays["rnn.bias_ih_l0"]).max() <= 2 / 8


def test_uniform_initialization_adds_up_only_biases_that_act_as_their_sum() -> None:
    """The candidate of a GRU has two biases, which the reset gate keeps apart."""
    net = Network(Architecture(cell=CELLS["gru"](), hidden_size=64, initialization="uniform"), 3, 2)
    net.initialize(np.random.default_rng(0))
    reset, update, candidate = net.arrays["rnn.bias_ih_l0"]
    assert min(np.abs(reset).max(), np.abs(update).max()) > 1 / 8
    assert np.abs(candidate).max() <= 1 / 8
    assert np.abs(net.arrays["rnn.bias_hh_l0"]).max() <= 1 / 8


def test_uniform_heads_have_the_bound_of_their_inputs_without_the_bias() -> None:
    net = Network(Architecture(hidden_size=1, initialization="uniform"), 1, 1000)
    net.initialize(np.random.default_rng(0))
    assert 0.95 < np.abs(net.arrays["head.weight"]).max() <= 1


def test_forget_gate_biases_start_at_one() -> None:
    biases = network("lstm").arrays["rnn.bias_ih_l0"]
    assert [float(block[0]) for block in biases] == [0, 1, 0, 0]


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_initial_weights_depend_on_the_generator_alone(name: str) -> None:
    model = Architecture(initialization=name)
    nets = [Network(model, 1, 1).initialize(np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


def test_dropout_masks_keep_the_mean() -> None:
    net = Network(Architecture(hidden_size=8, num_layers=3, dropout=0.25), 1, 1)
    masks = net.draw_dropout_masks(5000, np.random.default_rng(0))
    assert masks.head is None
    assert len(masks.layers) == 2
    for mask in masks.layers:
        assert mask.shape == (8, 5000)
        assert mask.dtype == np.float32
        assert set(np.unique(mask)) == {0, np.float32(4 / 3)}
        assert mask.mean() == pytest.approx(1, abs=0.01)


def test_dropout_before_the_head_leaves_the_masks_of_the_layers_as_they_are() -> None:
    for readout, width in (("last", 8), ("every_step", 8), (LISTS[1], 24)):
        keys = {"hidden_size": 4, "num_layers": 2, "bidirectional": True, "dropout": 0.5}
        without, with_head = (
            Network(architecture("gru", readout, **keys, head_dropout=rate), 2, 1)
            for rate in (0.0, 0.25)
        )
        (expected,) = without.draw_dropout_masks(300, np.random.default_rng(1)).layers
        masks = with_head.draw_dropout_masks(300, np.random.default_rng(1))
        np.testing.assert_array_equal(masks.layers, [expected])
        assert masks.head is not None
        assert masks.head.shape == (width, 300)
        assert set(np.unique(masks.head)) == {0, 4 / 3}


@pytest.mark.parametrize("readout", ["last", "mean", "every_step", *LISTS])
def test_dropout_before_the_head_is_the_same_at_all_time_steps(readout: str) -> None:
    rng = np.random.default_rng(0)
    model = architecture("tanh", readout, head_dropout=0.5)
    net = network_for(LOSS, model, 3, rng)
    batch = random_batch(LOSS, model, 3, rng, lengths=[6, 2, 3, 4])
    unrolled = net.unroll(6, 4)
    unrolled.forward(batch)
    features, states = unrolled.features[:-1].copy(), unrolled.cells[0].states.copy()
    masks = net.draw_dropout_masks(4, rng)
    assert masks.head is not None
    repeated = np.tile(masks.head, features.shape[1] // 4)  # time step by time step
    weights, bias = net.views.head[:, :-1], net.views.head[:, -1:]
    outputs = unrolled.forward(batch, masks)
    np.testing.assert_allclose(outputs, weights @ (features * repeated) + bias, atol=1e-14)
    np.testing.assert_array_equal(unrolled.cells[0].states, states)


def test_poolings_are_side_by_side_in_the_order_given() -> None:
    rng = np.random.default_rng(0)
    batch = random_batch(LOSS, architecture(), 3, rng, lengths=[6, 2, 3, 4])

    def features(readout: str) -> np.ndarray:
        model = architecture("gru", readout, bidirectional=True)
        net = Network(model, 3, 2).initialize(np.random.default_rng(1))  # the layers come first
        unrolled = net.unroll(6, 4)
        unrolled.forward(batch)
        return unrolled.features

    expected = [features(name)[:-1] for name in ("mean", "max", "last")]
    np.testing.assert_array_equal(features("mean, max, last")[:-1], np.concatenate(expected))
    assert (features("mean, max, last")[-1] == 1).all()


def test_the_operations_of_a_step_are_counted_by_hand() -> None:
    steps, batch, inputs, hidden, out = 5, 4, 3, 7, 2
    cells = {"tanh": 1, "lstm": 4, "gru": 3, "peephole": 4, "mingru": 2}
    for cell, blocks in cells.items():
        state = 0 if cell == "mingru" else hidden  # the columns that read the state
        head = 3 * out * (hidden + 1)
        weights = blocks * hidden * (inputs + state + 1) + (hidden if cell == "gru" else 0)
        recurrent = (steps - 1) * blocks * hidden * state
        expected = 2 * batch * (head + 2 * steps * weights + recurrent)
        assert network(cell, layers=1).flops(steps, batch) == expected
        second = blocks * hidden * (hidden + state + 1) + (hidden if cell == "gru" else 0)
        second_layer = 2 * steps * second + recurrent + steps * blocks * hidden * hidden
        assert network(cell).flops(steps, batch) == expected + 2 * batch * second_layer
