"""How the next symbol of a text is chosen from the probabilities of a model."""

from dataclasses import dataclass
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np

from rnncli.errors import InputError
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Choice:
    """How the next symbol is chosen from the probabilities of the model.

    Attributes
    ----------
    temperature : float
        The logits are divided by it. Below 1, likely symbols become more likely; 0 always takes the
        most likely symbol.
    top_k : int or None
        Only so many of the most likely symbols are drawn.
    top_p : float or None
        Only the most likely symbols that have this probability together are drawn: the fewest
        that reach it.

    Raises
    ------
    InputError
        A value is out of range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, 0, inf)
        if self.top_k is not None:
            check_whole("top-k", self.top_k, 1)
        if self.top_p is not None:
            check_number("top-p", self.top_p, 0, 1)
            if not self.top_p:
                raise InputError("top-p: 0 is out of range; above 0 and at most 1 was expected")

    def draw(self, logits: Array, uniform: Array) -> Array:
        """Return a symbol (M,) for each column of logits (V, M), given uniform numbers (M,)."""
        if self.temperature == 0 or self.top_k == 1:
            most_likely: Array = logits.argmax(axis=0)
            return most_likely
        weights = logits - np.maximum.reduce(logits, axis=0)
        if self.temperature != 1:
            # In double precision, no temperature above 0 is rounded to 0.
            weights = weights / np.float64(self.temperature)
        np.exp(weights, out=weights)
        if self.top_k is not None and self.top_k < len(weights):
            weights[weights < np.partition(weights, -self.top_k, axis=0)[-self.top_k]] = 0
        if self.top_p is not None and self.top_p < 1:
            _keep_most_likely(weights, self.top_p)
        cumulative = np.add.accumulate(weights, axis=0, dtype=float)
        drawn: Array = np.add.reduce(cumulative <= uniform * cumulative[-1], axis=0)
        return drawn


def check_number(name: str, value: Any, lowest: float, limit: float) -> None:
    """Raise `InputError` unless a value is a finite number from `lowest` to `limit`."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{name}: {value!r} is not a number")
    if not (lowest <= float(value) <= limit and isfinite(value)):
        bound = f" and at most {limit:g}" if isfinite(limit) else ""
        raise InputError(
            f"{name}: {value} is out of range; a finite number of at least {lowest:g}{bound} was "
            "expected"
        )


def check_whole(name: str, value: Any, lowest: int) -> None:
    """Raise `InputError` unless a value is a whole number of at least `lowest`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputError(f"{name}: {value!r} is not a whole number")
    if value < lowest:
        raise InputError(f"{name}: {value} is out of range; at least {lowest} was expected")


def _keep_most_likely(weights: Array, share: float) -> None:
    """Set all weights (V, M) but the largest ones that have a share of the sum to zero."""
    order = weights.argsort(axis=0)[::-1]
    in_order = np.take_along_axis(weights, order, axis=0)
    sums_before = in_order.cumsum(axis=0) - in_order
    in_order[sums_before >= share * in_order.sum(axis=0)] = 0
    np.put_along_axis(weights, order, in_order, axis=0)
