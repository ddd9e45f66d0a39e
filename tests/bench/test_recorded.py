"""The record of a step has all matrix products, and the sizes of what the other calls read."""

import numpy as np
import pytest
from helpers.setups import setup_of

from rnncli.bench.clock import Clock
from rnncli.bench.parts import _recorded
from rnncli.bench.recorded import Recorder
from rnncli.bench.steps import Steps
from rnncli.nn.cells import CELLS


def recorder_of(**model: object) -> tuple[Recorder, int]:
    """Return the record of a step, and the operations in products that the network declares."""
    setup = setup_of(**model)
    network, task = setup.model.network, setup.model.task
    steps = Steps(network, task, setup.train, setup.training, 0, Clock())
    return _recorded(steps), network.flops(7, 20)


@pytest.mark.parametrize("keys", [{}, {"num_layers": 2}, {"bidirectional": True, "num_layers": 3}])
@pytest.mark.parametrize("cell", ["tanh", "relu"])
def test_the_products_are_those_that_the_network_declares(
    cell: str, keys: dict[str, object]
) -> None:
    recorder, declared = recorder_of(cell=cell, hidden_size=16, **keys)
    parts = ("forward", "backward", "gradient_sum", "input_gradient")
    products = [product for part in parts for product in recorder.products.get(part, [])]
    # The bias of the head counts in one product more than it is in.
    assert sum(product.flops for product in products) == pytest.approx(declared, rel=2e-3)


@pytest.mark.parametrize("cell", CELLS)
def test_the_products_of_every_cell_are_found_and_can_be_repeated(cell: str) -> None:
    recorder, declared = recorder_of(cell=cell)
    for part in ("forward", "backward", "gradient_sum"):
        assert recorder.products[part], part
        for function, a, b, out in recorder.products[part]:
            assert type(a) is type(b) is type(out) is np.ndarray
            np.testing.assert_array_equal(function(a, b, out), a @ b)
    assert "input_gradient" not in recorder.products
    flops = sum(p.flops for products in recorder.products.values() for p in products)
    assert flops >= declared * 0.99


def test_passes_count_operands_and_results_and_copies_both_sides() -> None:
    recorder = Recorder()
    with recorder.new_arrays():
        x = np.zeros((4, 5), np.float32)
    y = np.ones((4, 5), np.float32)
    recorder.call("a", lambda: np.add(x, y, out=x))
    recorder.call("b", lambda: np.multiply(x[0], 2.0))
    recorder.call("c", lambda: x[1:].__setitem__(slice(None), 0))
    recorder.call("d", lambda: x.__setitem__(..., y))
    assert recorder.bytes_of_passes == {"a": 240, "b": 40, "c": 60, "d": 160}
    np.add(y, y)
    assert recorder.num_calls == 4
    np.testing.assert_array_equal(x.view(np.ndarray), y)
