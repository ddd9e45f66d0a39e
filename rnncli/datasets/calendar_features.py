"""Features that say where in the year, the week or the day a time step is."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import numpy as np

from rnncli.datasets.dates import PRECISIONS, Precision
from rnncli.nn.arrays import Array

CalendarUnit = Literal["month", "weekday", "day_of_year", "hour", "quarter"]

# The share of the cycle that has passed at a date, and the precision that a date must have for it.
_PHASES: dict[CalendarUnit, tuple[Callable[[datetime], float], Precision]] = {
    "month": (lambda date: (date.month - 1) / 12, "month"),
    "weekday": (lambda date: date.weekday() / 7, "day"),
    "day_of_year": (lambda date: (date.timetuple().tm_yday - 1) / 365.25, "day"),
    "hour": (lambda date: (date.hour + date.minute / 60) / 24, "time"),
    "quarter": (lambda date: (date.month - 1) // 3 / 4, "month"),
}


def calendar_names(units: Sequence[CalendarUnit]) -> tuple[str, ...]:
    """Return the names of the features of `calendar_features`: ``month_sin``, ``month_cos``."""
    return tuple(f"{unit}_{function}" for unit in units for function in ("sin", "cos"))


def calendar_features(dates: Sequence[datetime], units: Sequence[CalendarUnit]) -> Array:
    """Return sine and cosine of the phase of each unit at each date, (R, 2 * units)."""
    phases = [[_PHASES[unit][0](date) for unit in units] for date in dates]
    angles = 2 * np.pi * np.array(phases).reshape(len(dates), len(units))
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(dates), -1)


def check_precision(text: str, precision: Precision, units: Sequence[CalendarUnit]) -> None:
    """Raise `ValueError` if a date in a cell is not precise enough for one of the units."""
    for unit in units:
        needed = _PHASES[unit][1]
        if PRECISIONS.index(precision) < PRECISIONS.index(needed):
            raise ValueError(f"{text!r} has no {needed}, which data.calendar needs for {unit}")
