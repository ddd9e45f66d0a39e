"""The layers are calculated chunk by chunk on several cores: the same results on any number."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.networks import architecture
from helpers.passes import CASES, SIZE, STEPS, case, weights_on_any_number_of_cores

from rnncli.cores import VARIABLE
from rnncli.nn import chunks as chunks_module
from rnncli.nn.network import Network
from rnncli.nn.objective import UnrolledPool
from rnncli.nn.stack import UnrolledStack
from rnncli.nn.unrolled import UnrolledNetwork


@pytest.fixture(params=[1, 10], ids=["one chunk per sum", "two chunks per sum"])
def three_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "_FEWEST_STEPS", 1)
    monkeypatch.setattr(chunks_module, "_MOST_CHUNKS", 3)
    monkeypatch.setattr(chunks_module, "_FEWEST_COLUMNS", request.param)


@pytest.mark.usefixtures("three_chunks")
@pytest.mark.parametrize(("cell", "readout", "both", "lengths"), CASES)
def test_chunks_give_what_all_time_steps_at_once_give(
    cell: str, readout: str, both: bool, lengths: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, batch, masks, grad_outputs = case(cell, readout, both, lengths)
    whole = net.unroll(STEPS, SIZE)
    expected = whole.forward(batch, masks)
    whole.backward(grad_outputs, to_inputs=True)
    found = set()
    for cores in ("1", "2", "3", "5"):
        monkeypatch.setenv(VARIABLE, cores)
        divided = net.unroll(STEPS, SIZE, on_several_cores=True)
        assert len(divided.stack.chunks) == (1 if both else 3)
        for _ in range(2):  # Nothing remains of the first time.
            z = divided.forward(batch, masks)
            divided.backward(grad_outputs, to_inputs=True)
        gradient = divided.gradient.vector
        assert z.tobytes() == expected.tobytes()
        assert divided.grad_inputs.tobytes() == whole.grad_inputs.tobytes()
        np.testing.assert_allclose(gradient, whole.gradient.vector, rtol=0, atol=1e-13)
        found.add(gradient.tobytes())
    assert len(found) == 1, "the bits depend on the number of cores"


@pytest.mark.usefixtures("three_chunks")
@pytest.mark.parametrize("both", [False, True])
def test_what_needs_another_task_waits_for_it(both: bool) -> None:
    """Any order in which each task comes after those that it needs gives the same results."""
    net, batch, masks, grad_outputs = case("lstm", "every_step", both, True)
    results = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        unrolled = net.unroll(STEPS, SIZE)
        stack = unrolled.stack = _InRandomOrder(unrolled.layers, rng)
        z = unrolled.forward(batch, masks)
        unrolled.backward(grad_outputs)
        results.add(z.tobytes() + unrolled.gradient.vector.tobytes())
        assert len(stack.orders) == 2
    assert len(results) == 1


class _InRandomOrder(UnrolledStack):
    """Layers whose tasks run one after the other, in any order that they allow."""

    def __init__(self, layers, rng: np.random.Generator) -> None:
        super().__init__(layers, on_several_cores=True)
        self.rng, self.orders = rng, []

    def _run(self, tasks) -> None:
        waiting, ended = list(tasks), []
        while waiting:
            may_begin = [key for key in waiting if set(tasks[key].after) <= set(ended)]
            key = may_begin[self.rng.integers(len(may_begin))]
            tasks[key].run()
            waiting.remove(key)
            ended.append(key)
        self.orders.append(ended)


def test_an_unrolled_network_that_is_dropped_is_freed_at_once() -> None:
    """Its arrays are large; a reference cycle would keep them until the next garbage collection."""
    net, batch, masks, grad_outputs = case("gru", "mean", False, False)
    unrolled = net.unroll(STEPS, SIZE, on_several_cores=True)
    unrolled.forward(batch, masks)
    unrolled.backward(grad_outputs)
    states = weakref.ref(unrolled.cells[-1])
    gc.disable()
    try:
        del unrolled
        assert states() is None
    finally:
        gc.enable()


def test_only_large_time_steps_use_several_cores() -> None:
    small, large = (Network(architecture("lstm", hidden_size=h), 8, 4) for h in (32, 128))
    for net, size, expected in (
        (small, (50, 32), 1),
        (large, (50, 8), 1),
        (large, (11, 32), 1),  # one cell and one chunk
        (large, (50, 32), 2),
    ):
        unrolled = UnrolledPool(net).get(*size)
        assert isinstance(unrolled, UnrolledNetwork)
        assert unrolled.max_cores == expected


CONFIG = """\
data: {num_samples: 64, sequence_length: 25}
model: {cell: CELL, hidden_size: 128, num_layers: 2, dropout: 0.2, bidirectional: BOTH}
training: {num_epochs: 2, batch_size: 32}
"""


@pytest.mark.parametrize(("cell", "both"), [("lstm", "false"), ("gru", "true")])
def test_training_gives_the_same_bytes_on_any_number_of_cores(
    cell: str, both: str, rnn: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CONFIG.replace("CELL", cell).replace("BOTH", both)
    assert len(weights_on_any_number_of_cores(config, rnn, tmp_path, monkeypatch)) == 1
