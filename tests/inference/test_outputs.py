"""Outputs for many sequences are the same on any number of cores."""

from pathlib import Path

import numpy as np
import pytest

from rnncli.datasets.mapped import Mapped
from rnncli.inference import outputs as module
from rnncli.inference.outputs import StoppedError, outputs
from rnncli.memory import max_memory
from rnncli.nn.architecture import Architecture
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Network
from rnncli.nn.objective import UnrolledPool, bytes_of_passes

COUNT, STEPS = 1300, 9


def network(every_step: bool) -> Network:
    output = "every_step" if every_step else "sequence"
    model = Architecture(CELLS["lstm"](), 48, bidirectional=True, output=output)
    return Network(model, 3, 2).initialize(np.random.default_rng(0))


def sequences() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((COUNT, STEPS, 3)).astype("float32")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """How many batches were calculated at the same time."""
    numbers, real = set[int](), module.run_together
    monkeypatch.setattr(
        module, "run_together", lambda tasks: (numbers.add(len(tasks)), real(tasks))
    )
    return numbers


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("has_lengths", [False, True])
def test_the_number_of_cores_changes_no_bit(
    every_step: bool,
    has_lengths: bool,
    at_once: set[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    net, x = network(every_step), sequences()
    lengths = np.random.default_rng(2).integers(1, STEPS + 1, COUNT) if has_lengths else None
    np.save(tmp_path / "x.npy", x)
    mapped = Mapped(np.load(tmp_path / "x.npy", mmap_mode="r"))
    found = set()
    for cores in ("1", "2", "5"):
        monkeypatch.setenv("RNN_NUM_THREADS", cores)
        found.add(outputs(UnrolledPool(net), x, lengths).tobytes())
        found.add(outputs(UnrolledPool(net), mapped, lengths).astype("float32").tobytes())
    assert len(found) == 1
    assert {1, 2, 5} <= at_once


def test_several_cores_keep_to_the_memory_budget(
    at_once: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, x = network(False), sequences()
    monkeypatch.setenv("RNN_NUM_THREADS", "5")
    pool = UnrolledPool(net)
    needed = bytes_of_passes(net, STEPS, 256) + pool.gradient.nbytes
    monkeypatch.setattr(module, "_SHARE_AT_ONCE", 3.5 * needed / max_memory())
    outputs(UnrolledPool(net), x)
    assert max(at_once) == 3


def test_a_caller_can_stop_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_NUM_THREADS", "2")
    answers = iter([False, True])
    with pytest.raises(StoppedError):
        outputs(UnrolledPool(network(False)), sequences(), should_stop=lambda: next(answers))
