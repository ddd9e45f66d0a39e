"""The times of a benchmark are those of what it names, and its figures agree with one another."""

from itertools import accumulate, chain, count

import numpy as np
import pytest

from rnncli.config.reading import config_from
from rnncli.runs.training_setup import set_up
from rnncli.training.benchmark import Timing, benchmark, microseconds, product_gflops


@pytest.fixture(scope="module")
def timing() -> Timing:
    training = set_up(
        config_from(
            {
                "data": {"kind": "sum_sign", "num_samples": 120, "sequence_length": 7},
                "model": {"cell": "gru", "hidden_size": 6, "num_layers": 2},
                "training": {"batch_size": 20},
            }
        )
    )
    network, task = training.model.network, training.model.task
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnncli.training.benchmark._BLOCK_SECONDS", 0.01)
        return benchmark(network, task, training.train, training.training)


def test_a_timing_describes_its_network(timing: Timing) -> None:
    assert (timing.cell, timing.batch_size, timing.sequence_length) == ("gru", 20, 7)
    assert (timing.input_size, timing.hidden_size, timing.num_layers) == (1, 6, 2)
    assert timing.dtype == "float32"


def test_figures_derived_from_the_times_agree(timing: Timing) -> None:
    whole = timing.microseconds_per_step
    assert timing.sequences_per_second == pytest.approx(20 / whole * 1e6)
    assert timing.utilization == pytest.approx(timing.gflops / timing.sgemm_gflops)
    parts = (
        timing.forward_microseconds,
        timing.backward_microseconds,
        timing.optimizer_microseconds,
    )
    assert min(parts) > 0


def test_a_time_is_the_median_over_blocks_of_calls_after_a_warm_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a clock that only the function moves: the first block is slower than the others."""
    time, calls, resets = [0.0], [], []

    def function() -> None:
        calls.append(time[0])
        time[0] += 0.02 if 1 <= len(calls) <= 6 else 0.009

    monkeypatch.setattr("rnncli.training.benchmark.perf_counter", lambda: time[0])
    time[0] = 1000.0
    measured = microseconds(function, lambda: resets.append(len(calls)))
    # The warm-up call takes 20 ms, so that 2 calls fill a block of 50 ms; there are 15 blocks, of
    # which the first three contain slow calls.
    assert resets == [0, *range(1, 31, 2)]
    assert measured == pytest.approx(9000)


def test_the_speed_of_a_product_is_that_of_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product of two matrices (n, n) takes 2 n^3 operations; each takes a second longer."""
    monkeypatch.setattr("rnncli.training.benchmark._PRODUCT_SIZE", 10)
    readings = accumulate(chain.from_iterable((0, seconds) for seconds in count(1)))
    monkeypatch.setattr("rnncli.training.benchmark.perf_counter", lambda: float(next(readings)))
    assert product_gflops(np.dtype(np.float32)) == pytest.approx(2 * 10**3 / 1e9)
