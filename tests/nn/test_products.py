"""Products divided by rows: where, and with the same result."""

import numpy as np
import pytest

from rnncli.nn import products as module
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Network
from rnncli.nn.products import num_parts, products

# The shapes that were measured, and how many parts were the fastest.
MEASURED = {(512, 130, 32): 4, (384, 130, 32): 2, (128, 512, 32): 4, (128, 34, 256): 2}
WHOLE = [(512, 156, 128), (128, 156, 128), (128, 130, 32), (1, 1_200_000, 1)]


@pytest.mark.parametrize("kernels", ["SkylakeX", "Cooperlake", "SapphireRapids"])
def test_products_are_divided_where_that_was_measured_to_be_faster(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "kernels", lambda: kernels)
    assert {shape: num_parts(*shape) for shape in MEASURED} == MEASURED
    assert [num_parts(*shape) for shape in WHOLE] == [1] * len(WHOLE)


@pytest.mark.parametrize("kernels", ["Haswell", "Zen", "NEOVERSEN1", ""])
def test_other_kernels_get_whole_products(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kernels", lambda: kernels)
    assert [num_parts(*shape) for shape in MEASURED] == [1] * len(MEASURED)


def test_only_single_precision_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kernels", lambda: "SkylakeX")
    for dtype, count in (("float32", 4), ("float64", 1), ("complex128", 1)):
        (parts,) = products(np.empty((512, 130), dtype), np.empty((1, 512, 32), dtype))
        assert len(parts) == count


@pytest.mark.parametrize("cell", ["gru", "lstm", "peephole"])
def test_parts_give_what_the_whole_gives(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    net = Network(Architecture(CELLS[cell](), 128), 1, 2).initialize(rng)
    batch = Batch(rng.standard_normal((32, 6, 1)).astype("float32"))
    grad_outputs = rng.standard_normal((2, 32)).astype("float32")
    results = []
    for kernels, has_parts in (("Haswell", False), ("SkylakeX", True)):
        monkeypatch.setattr(module, "kernels", lambda kernels=kernels: kernels)
        unrolled = net.unroll(6, 32)
        (of_cell,) = unrolled.cells
        assert (len(of_cell.buffers.forward_steps[0][1]) > 1) is has_parts
        assert (len(of_cell.buffers.recurrent_products) > 1) is has_parts
        z = unrolled.forward(batch)
        unrolled.backward(grad_outputs)
        results.append((z, unrolled.gradient.vector))
    for whole, divided in zip(*results, strict=True):
        np.testing.assert_allclose(divided, whole, rtol=0, atol=1e-6 * np.abs(whole).max())
