"""The times of a benchmark are those of what it names, and its figures agree with one another."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from helpers.setups import setup_of

from rnncli.bench.benchmark import Timing, benchmark
from rnncli.bench.rounds import Effort
from rnncli.datasets.examples import Examples
from rnncli.inference.metric_sums import MetricSums
from rnncli.nn.cells import Tanh
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.weight_gradient import _NarrowSum
from rnncli.runs.training_setup import TrainingSetup
from rnncli.training.optimizers import Moments

EFFORT = Effort(2, 1e-4)


@pytest.fixture(scope="module", autouse=True)
def _small_machine() -> Iterator[None]:
    """Measure the machine with small arrays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnncli.bench.machine._PRODUCT_SIZE", 64)
        patch.setattr("rnncli.bench.machine._MEMORY_BYTES", 1 << 20)
        yield


def timing_of(setup: TrainingSetup) -> Timing:
    model = setup.model
    return benchmark(model.network, model.task, setup.train, setup.training, 0, EFFORT)


@pytest.fixture(scope="module")
def timing() -> Timing:
    return timing_of(setup_of(cell="gru", num_layers=2))


def test_a_timing_describes_its_network(timing: Timing) -> None:
    assert (timing.cell, timing.batch_size, timing.sequence_length) == ("gru", 20, 7)
    assert (timing.input_size, timing.hidden_size, timing.num_layers) == (1, 6, 2)
    assert timing.dtype == "float32"


def test_figures_derived_from_the_times_agree(timing: Timing) -> None:
    whole, parts = timing.microseconds_per_step, timing.parts
    assert timing.sequences_per_second == pytest.approx(20 / whole * 1e6)
    assert timing.utilization == pytest.approx(timing.gflops / timing.sgemm_gflops)
    # On a busy machine, nothing may remain of the passes besides their products.
    assert min(time for part, time in parts.items() if part != "element_wise") > 0
    assert parts["element_wise"] >= 0
    assert parts["optimizer"] == timing.optimizer_microseconds
    passes = ("products", "element_wise", "gradient_sum", "input_gradient")
    both = timing.forward_microseconds + timing.backward_microseconds
    assert sum(parts[part] for part in passes) == pytest.approx(both)
    assert sum(parts.values()) == pytest.approx(whole)
    speeds = (
        timing.product_gflops,
        timing.gradient_sum_gflops,
        timing.working_set_gigabytes_per_second,
        timing.memory_gigabytes_per_second,
        timing.overhead_microseconds,
    )
    assert min(speeds) > 0
    assert asdict(timing)["limit"]["kind"] == timing.limit.kind


@pytest.mark.parametrize(
    ("owner", "method", "part"),
    [
        (Examples, "batch", "data"),
        (MetricSums, "add", "metrics"),
        (Moments, "update", "optimizer"),
        (_NarrowSum, "__call__", "gradient_sum"),
        (UnrolledCell, "backward_to_inputs", "input_gradient"),
        (Tanh, "forward", "element_wise"),
    ],
)
def test_time_counts_for_the_part_in_which_it_is_spent(
    monkeypatch: pytest.MonkeyPatch, owner: Any, method: str, part: str
) -> None:
    """On a clock that hardly anything but one function moves."""
    now, original = [0.0], getattr(owner, method)

    def read() -> float:
        now[0] += 1e-6
        return now[0]

    def slow(*arguments: Any) -> Any:
        now[0] += 1
        return original(*arguments)

    for module in ("clock", "rounds"):
        monkeypatch.setattr(f"rnncli.bench.{module}.perf_counter", read)
    monkeypatch.setattr(owner, method, slow)
    timing = timing_of(setup_of(num_layers=2))
    assert max(timing.parts, key=timing.parts.__getitem__) == part
    assert timing.parts[part] == pytest.approx(timing.microseconds_per_step, rel=0.01)


@pytest.mark.parametrize(
    "model",
    [
        {"bidirectional": True, "pooling": ["mean", "max"], "dropout": 0.1, "num_layers": 2},
        {"head_dropout": 0.2, "head_inputs": 3, "dtype": "float64"},
        {"cell": "peephole", "training": {"augmentation": [{"kind": "jitter"}]}},
        {"cell": "mingru", "training": {"optimizer": "sgd", "clip_norm": None}},
        {"data": {"kind": "parity"}},
        {"cell": "lstm", "hidden_size": 96, "training": {"batch_size": 64}},
    ],
)
def test_all_kinds_of_networks_are_timed(model: dict[str, object]) -> None:
    timing = timing_of(setup_of(**model))
    assert timing.parts["products"] > 0
    assert timing.numpy_calls > 0
