"""Observers of the parts of a training step, and the one that times them."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol, TypeVar

R = TypeVar("R")


class Observer(Protocol):
    """Calls the functions of the parts of a step."""

    def call(self, part: str, function: Callable[..., R], *arguments: Any) -> R:
        """Call a function that is part of a step, and return its result."""
        ...


class Clock:
    """Times the parts of steps, block by block of them.

    Attributes
    ----------
    runs : bool
        Whether times are taken; without, functions are only called.
    blocks : list of dict of str to float
        The seconds of each part, for each block of steps. The time of a part within another one
        counts for the inner one only, so that the parts of a block add up to its whole time.
    """

    def __init__(self) -> None:
        self.runs = False
        self.blocks: list[dict[str, float]] = []
        self._inner = 0.0

    def begin_block(self) -> None:
        """Begin a block of steps."""
        self.runs = True
        self.blocks.append({})

    def stop(self) -> None:
        """Take no more times until the next block begins."""
        self.runs = False

    def call(self, part: str, function: Callable[..., R], *arguments: Any) -> R:
        """See `Observer.call`."""
        if not self.runs:
            return function(*arguments)
        before, self._inner = self._inner, 0.0
        start = perf_counter()
        result = function(*arguments)
        spent = perf_counter() - start
        block = self.blocks[-1]
        block[part] = block.get(part, 0.0) + spent - self._inner
        self._inner = before + spent
        return result
