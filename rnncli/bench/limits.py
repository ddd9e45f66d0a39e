"""What limits a training step, in words: a roofline model.

The matrix products cannot be faster than the processor multiplies, and the element-wise passes
cannot be faster than memory or the caches deliver their operands. Below both, a call of a function
has a cost of its own, whatever the size of its arrays.

Source: S. Williams, A. Waterman & D. Patterson, "Roofline: an insightful visual performance model
for multicore architectures", Communications of the ACM 52 (2009).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

LimitKind = Literal["overhead", "products", "passes", "memory", "optimizer", "data"]

# From this share of the step on, the cost of the calls themselves is what limits it.
_OVERHEAD = 0.5
# From this share of the speed of a large product on, products run at the speed of the machine.
_FULL_SPEED = 0.6
# The working set is in memory, not in a cache, if sums of such arrays are at most so many times as
# fast as sums of the largest ones; and passes at this share of their speed wait for memory.
_LIKE_MEMORY, _WAITING = 1.5, 0.5


class Figures(NamedTuple):
    """What was measured of a step.

    Attributes
    ----------
    parts : dict of str to float
        The microseconds of each part.
    overhead : float
        The microseconds of the same step with one unit and one sequence.
    products_of_peak : float
        The speed of all matrix products as a share of that of a large one.
    passes, working_set, memory : float
        In 1e9 bytes per second: the element-wise passes; sums of arrays as large as all of the
        step's; and sums of arrays far larger than the caches.
    """

    parts: dict[str, float]
    overhead: float
    products_of_peak: float
    passes: float
    working_set: float
    memory: float


@dataclass(frozen=True)
class Limit:
    """What limits a step.

    Attributes
    ----------
    kind : str
        One word for it.
    reason, advice : str
        One sentence each.
    """

    kind: LimitKind
    reason: str
    advice: str


def limit_of(figures: Figures) -> Limit:
    """Return what limits a step: the overhead of calls, or else what takes the largest share."""
    parts = figures.parts
    total = sum(parts.values())
    if figures.overhead >= _OVERHEAD * total:
        return Limit(
            "overhead",
            f"The overhead of many small calls is {min(figures.overhead / total, 1):.0%} of the "
            "step: that is its time for one unit and one sequence.",
            "A larger training.batch_size or model.hidden_size makes a step only a little slower.",
        )
    groups = {
        "products": parts["products"] + parts["gradient_sum"] + parts["input_gradient"],
        "passes": parts["element_wise"],
        "optimizer": parts["optimizer"],
        "data": parts["data"] + parts["metrics"],
    }
    largest = max(groups, key=groups.__getitem__)
    share = f"{groups[largest] / total:.0%}"
    return {"products": _products, "passes": _passes, "optimizer": _optimizer, "data": _data}[
        largest
    ](figures, share)


def _products(figures: Figures, share: str) -> Limit:
    speed = f"at {figures.products_of_peak:.0%} of the speed of a large product"
    if figures.products_of_peak >= _FULL_SPEED:
        reason = f"Matrix products take {share} of the step, {speed}: the machine is the limit."
        advice = "Fewer units, shorter sequences or, for large batches, more cores make it faster."
        return Limit("products", reason, advice)
    return Limit(
        "products",
        f"Matrix products take {share} of the step, {speed}: the matrices are small.",
        "A larger training.batch_size makes better use of the machine.",
    )


def _passes(figures: Figures, share: str) -> Limit:
    is_in_memory = figures.working_set <= _LIKE_MEMORY * figures.memory
    if is_in_memory and figures.passes >= _WAITING * figures.working_set:
        return Limit(
            "memory",
            f"Element-wise passes take {share} of the step and wait for memory: "
            f"{figures.passes:.0f} GB/s, where sums of large arrays reach {figures.memory:.0f}.",
            "A smaller training.batch_size or shorter sequences let the arrays fit in the caches.",
        )
    return Limit(
        "passes",
        f"Element-wise passes, such as tanh, take {share} of the step: {figures.passes:.0f} GB/s, "
        f"where sums of arrays of this size reach {figures.working_set:.0f}.",
        "Fewer units, a model.cell with fewer gates or, for large batches, more cores make a step "
        "faster.",
    )


def _optimizer(figures: Figures, share: str) -> Limit:
    return Limit(
        "optimizer",
        f"The optimizer takes {share} of the step: there are many weights for so few sequences.",
        "A larger training.batch_size needs fewer updates for the same sequences.",
    )


def _data(figures: Figures, share: str) -> Limit:
    return Limit(
        "data",
        f"Taking batches and adding up metrics take {share} of the step.",
        "Fewer entries of training.augmentation, or a larger network, leave this share smaller.",
    )
