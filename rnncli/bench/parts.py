"""The times of the parts of a training step.

The parts are timed within steps, by a clock that is read between them; their shares are applied to
the time of a step without it. Matrix products are too short and too many for that: the products of
a step are repeated alone, on the same arrays, and what remains of both passes are the element-wise
passes.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from rnncli.bench.clock import Clock
from rnncli.bench.overhead import overhead_step
from rnncli.bench.recorded import Product, Recorder
from rnncli.bench.rounds import Contestant, Effort, in_turn
from rnncli.bench.steps import Steps
from rnncli.nn.batch import Batch

# The parts of a step whose products are those of the part "products", and the others with products.
_PASSES, _SUMS = ("forward", "backward"), ("gradient_sum", "input_gradient")


class StepParts(NamedTuple):
    """The parts of a training step; times are in microseconds.

    Attributes
    ----------
    batch : Batch
        The batch of the step.
    whole, forward, backward, overhead : float
        The time of a whole step, of its passes, and of one with one unit and one sequence.
    times : dict of str to float
        The time of each part; see `rnncli.bench.benchmark.Timing`.
    flops : dict of str to int
        The operations of the matrix products of ``products`` and the parts for sums of products.
    bytes_of_passes : int
        The size of all operands and results of the element-wise passes.
    num_calls : int
        How many functions of NumPy were called.
    """

    batch: Batch
    whole: float
    forward: float
    backward: float
    overhead: float
    times: dict[str, float]
    flops: dict[str, int]
    bytes_of_passes: int
    num_calls: int

    def gflops(self, *parts: str) -> float:
        """Return the speed of some parts together, in 1e9 operations per second."""
        time = sum(self.times[part] for part in parts)
        return sum(self.flops[part] for part in parts) / time / 1e3 if time else 0.0


def measure_parts(steps: Steps, effort: Effort) -> StepParts:
    """Measure the parts of steps, whose observer is a clock."""
    settings, clock = steps.settings, steps.observer
    assert isinstance(clock, Clock)
    steps.reset()
    batch, _ = steps.inputs()
    record = _recorded(steps)
    products = [product for part in _PASSES for product in record.products.get(part, [])]

    def begin_whole() -> None:
        clock.stop()
        steps.reset()

    def begin_parts() -> None:
        clock.begin_block()
        steps.reset()

    contestants = {
        "whole": Contestant(steps.take, begin_whole),
        "parts": Contestant(steps.take, begin_parts),
        "products": Contestant(lambda: _repeat(products)),
        "overhead": Contestant(overhead_step(steps.network, steps.task, batch, settings)),
        "shuffle": Contestant(steps.shuffle),
    }
    rounds = in_turn(contestants, effort)
    clock.stop()
    shuffle = median(rounds["shuffle"]) / len(steps.batches)
    whole = median(rounds["whole"])
    # The first block of the clock was the one that determines how many steps a block has.
    observed = {part: share * whole for part, share in _shares(clock.blocks[1:]).items()}
    passes = observed["forward"] + observed["backward"]
    # Paired round by round, so that the share is right where the speed of the machine drifts.
    pairs = zip(rounds["products"], rounds["parts"], strict=True)
    product_time = min(median(own / step for own, step in pairs) * whole, passes)
    return StepParts(
        batch=batch,
        whole=whole + shuffle,
        forward=observed["forward"],
        backward=sum(observed.get(part, 0) for part in ("backward", *_SUMS)),
        overhead=median(rounds["overhead"]),
        times={
            "products": product_time,
            "element_wise": passes - product_time,
            **{part: observed.get(part, 0.0) for part in (*_SUMS, "optimizer", "metrics")},
            "data": observed["data"] + shuffle,
        },
        flops={"products": _flops(products)}
        | {part: _flops(record.products.get(part, [])) for part in _SUMS},
        bytes_of_passes=sum(record.bytes_of_passes.get(part, 0) for part in _PASSES),
        num_calls=record.num_calls,
    )


def _recorded(steps: Steps) -> Recorder:
    """Return the record of the second of such steps."""
    recorder = Recorder()
    with recorder.new_arrays():
        recorded = steps.observed_by(recorder)
        recorded.take()
    recorder.clear()
    recorded.take()
    return recorder


def _repeat(products: Sequence[Product]) -> None:
    for function, a, b, out in products:
        function(a, b, out)


def _flops(products: Sequence[Product]) -> int:
    return sum(product.flops for product in products)


def _shares(blocks: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the share of each part in a step: medians over the blocks, which add up to 1."""
    shares = {
        part: median(block[part] / sum(block.values()) for block in blocks) for part in blocks[0]
    }
    return {part: share / sum(shares.values()) for part, share in shares.items()}
