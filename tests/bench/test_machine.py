"""The limits of the machine are those of the fastest of several repetitions."""

from itertools import accumulate, chain, count

import numpy as np
import pytest

from rnncli.bench import machine


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each repetition take a second longer than the one before it."""
    readings = accumulate(chain.from_iterable((0, seconds) for seconds in count(1)))
    monkeypatch.setattr(machine, "perf_counter", lambda: float(next(readings)))


@pytest.mark.usefixtures("clock")
def test_the_speed_of_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product of two matrices (n, n) takes 2 n^3 operations."""
    monkeypatch.setattr(machine, "_PRODUCT_SIZE", 10)
    speed = machine.product_gflops(np.dtype(np.float32), 3)
    assert speed == pytest.approx(2 * 10**3 / 1e9)


@pytest.mark.usefixtures("clock")
def test_the_bandwidth_of_a_sum_counts_its_three_arrays() -> None:
    """The fastest one, the first, takes a second."""
    speed = machine.sum_bandwidth(np.dtype(np.float64), 3 << 20, 2)
    assert speed == pytest.approx((3 << 20) / 1e9)


@pytest.mark.usefixtures("clock")
def test_arrays_are_so_large_that_the_call_does_not_count() -> None:
    assert machine.sum_bandwidth(np.dtype(np.float32), 100, 2) > 1e5 / 1e9


def test_the_memory_is_measured_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_MAX_MEMORY", "4M")
    sizes: list[int] = []
    monkeypatch.setattr(machine, "sum_bandwidth", lambda dtype, size, rounds: sizes.append(size))
    machine.memory_bandwidth(np.dtype(np.float32), 1)
    assert sizes == [1 << 20]
