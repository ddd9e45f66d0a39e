"""Prediction intervals from residuals: split conformal prediction."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from rnncli.nn.arrays import Array

LEVELS = (80, 95)
"""The levels of the intervals in percent."""


@dataclass(frozen=True)
class Intervals:
    """Intervals around predicted values; they are stored with the weights.

    An interval of level p is a predicted value plus and minus a half width: the
    ``ceil((n + 1) p)``-th smallest of the n absolute residuals on data that the network was not
    trained on. It covers a true value with a probability of at least p if that value and the
    residuals are exchangeable (Lei et al., 2018, "Distribution-free predictive inference for
    regression"). Each output has its own half width.

    Attributes
    ----------
    num_samples : int
        The number of residuals of each output, n.
    levels : tuple of int
        The levels in percent for which there are enough residuals.
    half_widths : tuple of tuple of float
        For each level the half width of each output, in the units of the data.
    """

    num_samples: int
    levels: tuple[int, ...] = ()
    half_widths: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.num_samples < 1 or not set(self.levels) <= set(LEVELS):
            raise ValueError(f"intervals of the levels {self.levels} are not known")
        if len({*self.levels}) != len(self.levels) or len(self.levels) != len(self.half_widths):
            raise ValueError(f"{len(self.half_widths)} half widths for {len(self.levels)} levels")
        if not all(isfinite(width) and width >= 0 for row in self.half_widths for width in row):
            raise ValueError("the half widths of intervals must be finite and not negative")

    @classmethod
    def fit(cls, labels: Array, values: Array) -> "Intervals":
        """Return the intervals from true and predicted values (n, K)."""
        residuals = np.sort(np.abs(labels - values), axis=0)
        count = len(residuals)
        ranks = {level: conformal_rank(count, level) for level in LEVELS}
        levels = tuple(level for level, rank in ranks.items() if rank <= count)
        return cls(count, levels, tuple(tuple(residuals[ranks[p] - 1].tolist()) for p in levels))

    def bounds(self, values: Array) -> dict[str, Array]:
        """Return the bounds of predicted values (..., K), such as ``lower_80`` and ``upper_80``."""
        bounds: dict[str, Array] = {}
        for level, widths in zip(self.levels, self.half_widths, strict=True):
            bounds[f"lower_{level}"] = values - np.array(widths)
            bounds[f"upper_{level}"] = values + np.array(widths)
        return bounds

    def scores(self, labels: Array, values: Array) -> list[dict[str, float]]:
        """Return the coverage and the mean width of each level for values (M, K), over all of them.

        The keys are ``level``, a fraction, ``coverage`` and ``mean_width``.
        """
        residuals = np.abs(labels - values)
        return [
            {
                "level": level / 100,
                "coverage": float((residuals <= widths).mean()),
                "mean_width": 2 * float(np.mean(widths)),
            }
            for level, widths in zip(self.levels, self.half_widths, strict=True)
        ]


def conformal_rank(count: int, level: int) -> int:
    """Return the rank, from 1, of the residual that is the half width; above `count` if none is.

    Parameters
    ----------
    count : int
        The number of residuals.
    level : int
        The level in percent.
    """
    return -(-(count + 1) * level // 100)


def smallest_count(level: int) -> int:
    """Return how many residuals an interval of a level, in percent, needs."""
    return -(-level // (100 - level))
