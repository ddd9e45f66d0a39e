"""Learning-rate schedules: the factor on the optimizer's rate at each step."""

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated, Literal, get_args

from pydantic import Field

WarmUp = Annotated[int, Field(ge=0, le=10**12, description="optimizer steps of linear warm-up")]


@dataclass(frozen=True)
class Constant:
    """The full rate throughout, after a linear warm-up."""

    kind: Literal["constant"] = "constant"
    warmup_steps: WarmUp = 0

    def factor(self, step: int, total: int) -> float:
        """Return the factor at a step, counted from 0, of `total` steps."""
        return min(1.0, (step + 1) / (self.warmup_steps + 1))


@dataclass(frozen=True)
class Cosine:
    """A linear warm-up, then half a cosine down to a final fraction of the rate.

    Source: I. Loshchilov & F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017, without the restarts.
    """

    kind: Literal["cosine"] = "cosine"
    warmup_steps: WarmUp = 0
    final_fraction: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="fraction of the learning rate that the schedule approaches at the end",
        ),
    ] = 0.0

    def factor(self, step: int, total: int) -> float:
        """Return the factor at a step, counted from 0, of `total` steps."""
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        progress = (step - self.warmup_steps) / max(1, total - self.warmup_steps)
        return self.final_fraction + (1 - self.final_fraction) * (1 + cos(pi * progress)) / 2


Schedule = Constant | Cosine
SCHEDULES: dict[str, type] = {option.kind: option for option in get_args(Schedule)}
