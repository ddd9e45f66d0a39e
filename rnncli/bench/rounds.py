"""Times of several functions, measured in turn.

Each round times a block of calls of every function, so that a machine whose speed drifts is fair
to all of them.
"""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import NamedTuple

# The rounds end early when all together took so many seconds, but there are at least so many.
_MAX_SECONDS, _MIN_ROUNDS = 20.0, 3


class Effort(NamedTuple):
    """How long to measure.

    Attributes
    ----------
    rounds : int
        The number of rounds.
    seconds : float
        The time of one block of calls, in seconds.
    """

    rounds: int
    seconds: float


def _nothing() -> None:
    pass


class Contestant(NamedTuple):
    """A function to be timed.

    Attributes
    ----------
    function : callable
        Is called without arguments.
    reset : callable
        Is called before each block of calls; its time does not count.
    steps : int
        How many steps one call takes.
    """

    function: Callable[[], object]
    reset: Callable[[], None] = _nothing
    steps: int = 1


def in_turn(contestants: Mapping[str, Contestant], effort: Effort) -> dict[str, list[float]]:
    """Return the microseconds per step of each contestant, one number for each round.

    Each contestant is called twice before the rounds begin, to see how many calls fill a block. The
    result of a round is the mean over its block of calls.
    """
    calls = {name: _calls_in_block(one, effort.seconds) for name, one in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    begun = perf_counter()
    for number in range(effort.rounds):
        if number >= _MIN_ROUNDS and perf_counter() - begun > _MAX_SECONDS:
            break
        for name, (function, reset, steps) in contestants.items():
            reset()
            start = perf_counter()
            for _ in range(calls[name]):
                function()
            times[name].append((perf_counter() - start) / calls[name] / steps * 1e6)
    return times


def _calls_in_block(contestant: Contestant, seconds: float) -> int:
    """Return how many calls fill a block; the call that is timed is the second one."""
    contestant.reset()
    contestant.function()
    start = perf_counter()
    contestant.function()
    return max(1, int(seconds / max(perf_counter() - start, 1e-7)))
