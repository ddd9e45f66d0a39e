"""The time of a training step on one core, two cores, and so on."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from rnncli.bench.rounds import Contestant, Effort, in_turn
from rnncli.cores import limited_to, num_cores


@dataclass(frozen=True)
class CoresTiming:
    """The time of a step on a number of cores.

    Attributes
    ----------
    cores : int
        How many cores the step may use.
    microseconds_per_step : float
        Its time.
    speedup : float
        The time on one core over this one.
    """

    cores: int
    microseconds_per_step: float
    speedup: float


def scaling(
    step: Callable[[], None], reset: Callable[[], None], effort: Effort, max_cores: int
) -> list[CoresTiming]:
    """Return the time of a step on 1, 2, 4, ... cores, up to the number that it can use."""

    def on(cores: int) -> Callable[[], None]:
        def limited_step() -> None:
            with limited_to(cores):
                step()

        return limited_step

    counts = counts_of_cores(min(num_cores(), max_cores))
    contestants = {str(n): Contestant(on(n), reset) for n in counts}
    times = {int(n): median(values) for n, values in in_turn(contestants, effort).items()}
    return [CoresTiming(n, time, times[1] / time) for n, time in times.items()]


def counts_of_cores(largest: int) -> list[int]:
    """Return 1, 2, 4, ... and the largest number of cores."""
    powers = [1 << i for i in range(largest.bit_length())]
    return sorted({*powers, largest})
