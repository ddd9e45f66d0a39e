"""Large batches are divided in shards: the same results on any number of cores."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.networks import architecture, network_for, random_batch
from helpers.passes import CASES, LOSS, SIZE, STEPS, case, weights_on_any_number_of_cores

from rnncli.cores import VARIABLE
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective, UnrolledPool, bytes_of_passes
from rnncli.nn.shards import ShardedNetwork, num_shards, shard_sizes
from rnncli.nn.unrolled import UnrolledNetwork


def in_shards(net: Network, sizes: list[int]) -> ShardedNetwork:
    gradients = [np.zeros_like(net.parameters) for _ in sizes]
    pairs = zip(sizes, gradients, strict=True)
    shards = [net.unroll(STEPS, size, gradient) for size, gradient in pairs]
    return ShardedNetwork(shards, gradients)


@pytest.mark.parametrize(("cell", "readout", "both", "lengths"), CASES)
def test_shards_give_what_the_whole_batch_gives(
    cell: str, readout: str, both: bool, lengths: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, batch, masks, grad_outputs = case(cell, readout, both, lengths)
    whole = net.unroll(STEPS, SIZE)
    expected = whole.forward(batch, masks)
    whole.backward(grad_outputs)
    found = set()
    for cores in ("1", "2", "3", "5"):
        monkeypatch.setenv(VARIABLE, cores)
        sharded = in_shards(net, [3, 2, 2])
        z = sharded.forward(batch, masks)
        sharded.backward(grad_outputs)
        gradient, state = sharded.gradients[0], sharded.final_state()
        np.testing.assert_allclose(z, expected, rtol=0, atol=1e-13)
        np.testing.assert_allclose(gradient, whole.gradient.vector, rtol=0, atol=1e-13)
        for of_cell, expected_state in zip(state, whole.final_state(), strict=True):
            for name, values in expected_state.items():
                np.testing.assert_allclose(of_cell[name], values, rtol=0, atol=1e-13)
        found.add(z.tobytes() + gradient.tobytes())
    assert len(found) == 1, "the bits depend on the number of cores"


def test_nothing_of_an_earlier_batch_remains() -> None:
    net, batch, masks, grad_outputs = case("lstm", "last", False, True)
    used, fresh = in_shards(net, [4, 3]), in_shards(net, [4, 3])
    for _ in range(2):
        used.forward(replace(batch, x=batch.x + 1, lengths=None), masks)
        used.backward(2 * grad_outputs)
    results = []
    for sharded in (used, fresh):
        z = sharded.forward(batch, masks).copy()
        sharded.backward(grad_outputs)
        results.append(z.tobytes() + sharded.gradients[0].tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("hidden", "batch", "count"),
    [
        *[(128, 47, 1), (128, 48, 2), (128, 191, 2), (128, 192, 3), (128, 4096, 16)],
        *[(511, 47, 1), (512, 31, 1), (512, 32, 2)],
    ],
)
def test_only_large_batches_are_divided(hidden: int, batch: int, count: int) -> None:
    assert num_shards(hidden, 1, batch, 10**12) == count


def test_a_batch_of_several_cells_is_divided_later() -> None:
    for hidden in (128, 512):
        assert num_shards(hidden, 2, 95, 10**12) == 1
        assert num_shards(hidden, 2, 96, 10**12) == 2
        assert num_shards(hidden, 2, 191, 10**12) == 2
        assert num_shards(hidden, 2, 192, 10**12) == 3


def test_a_batch_with_few_operations_is_left_whole() -> None:
    assert num_shards(128, 1, 256, 17_999_999) == 1
    assert num_shards(128, 1, 256, 18_000_000) == 2
    assert num_shards(128, 1, 256, 36_000_000) == 4


def test_shards_differ_by_at_most_one_sequence() -> None:
    for size, count in itertools.product(range(16, 80), range(1, 17)):
        sizes = shard_sizes(size, count)
        assert sum(sizes) == size
        assert len(sizes) == count
        assert max(sizes) - min(sizes) <= 1


def test_the_pool_divides_large_batches_and_counts_their_memory() -> None:
    net = Network(architecture("lstm", hidden_size=128), 8, 4)
    pool = UnrolledPool(net)
    assert isinstance(pool.get(10, 47), UnrolledNetwork)
    assert isinstance(pool.get(10, 128), ShardedNetwork)
    assert pool.get(10, 128) is pool.get(10, 128)
    shards = pool.get(10, 128).shards
    assert shards[0].gradient.vector is pool.gradient
    per_sequence = 10 * net.bytes_per_step
    assert bytes_of_passes(net, 10, 128) >= 128 * per_sequence + pool.gradient.nbytes


def test_the_gradient_of_the_loss_is_that_of_the_whole_batch() -> None:
    rng = np.random.default_rng(3)
    net = network_for(LOSS, architecture("gru", hidden_size=128), 3, rng)
    batch = random_batch(LOSS, net.architecture, 3, rng, (100, 8))
    objective = Objective(net, LOSSES[LOSS])
    gradient = objective.backward(objective.forward(batch))
    assert isinstance(objective.unrolled, ShardedNetwork)
    whole = net.unroll(8, 100)
    loss = whole.forward(batch)
    whole.backward(objective.forward(batch).gradient)
    np.testing.assert_allclose(gradient, whole.gradient.vector, rtol=0, atol=1e-13)
    np.testing.assert_allclose(objective.unrolled.outputs, loss, rtol=0, atol=1e-13)


CONFIG = """\
data: {num_samples: 256, sequence_length: 12}
model: {cell: lstm, hidden_size: 128, num_layers: 2, dropout: 0.2}
training: {num_epochs: 2, batch_size: 100}
"""


def test_training_gives_the_same_bytes_on_any_number_of_cores(
    rnn: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(weights_on_any_number_of_cores(CONFIG, rnn, tmp_path, monkeypatch)) == 1
