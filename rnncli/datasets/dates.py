"""Dates in the cells of a table: reading, writing, and continuing them at a regular step."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from rnncli.datasets.numbers import is_number

Precision = Literal["year", "month", "day", "time"]
PRECISIONS: tuple[Precision, ...] = ("year", "month", "day", "time")

_DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2})(?:[T ]+(\d{1,2}:.+))?)?)?", re.ASCII)
# The step between dates is inferred from at most this many of the last ones: a year of months.
_LAST_DATES = 13
# Two equal steps are the least that can be called regular.
_MIN_DATES = 3
_LONGEST_MONTH = 31


def parse_date(text: str) -> tuple[datetime, Precision]:
    """Return the date in a text, year first, and its precision.

    ``2024``, ``2024-03``, ``2024-03-01``, ``2024/3/1``, ``2024-03-01 08:00`` and
    ``2024-03-01T08:00:00Z`` are dates; other orders of day, month and year are ambiguous.

    Raises
    ------
    ValueError
        The text is not such a date, or there is no such day.
    """
    text = text.strip()
    match = _DATE.fullmatch(text)
    problem = f"{text!r} is not a date; one like 2024-03-01 or 2024-03 was expected"
    if match is None or ("." in text and is_number(text)):
        raise ValueError(problem)
    year, _, month, day, clock = match.groups()
    try:
        date = datetime(int(year), int(month or 1), int(day or 1))
        if clock is not None:
            parsed = time.fromisoformat(clock if clock[2] == ":" else f"0{clock}")
            date = datetime.combine(date, parsed)
    except ValueError:
        raise ValueError(problem) from None
    return date, PRECISIONS[sum(part is not None for part in (month, day, clock))]


def is_date(cell: str) -> bool:
    """Return whether a cell holds a date as `parse_date` reads it; a year alone is a number."""
    try:
        return parse_date(cell)[1] != "year"
    except ValueError:
        return False


def write_date(date: datetime, precision: Precision) -> str:
    """Return a date in ISO form."""
    lengths = {"year": 4, "month": 7, "day": 10, "time": None}
    return date.isoformat()[: lengths[precision]]


def continue_dates(dates: Sequence[datetime], count: int) -> list[datetime] | None:
    """Return the dates that follow at the step of the last ones; None if it is not regular.

    A step is a number of months on the same day of the month, or at its end where that day does
    not exist; or else a fixed duration. The last day of every month is continued as such.
    """
    last_dates = [date.replace(tzinfo=None) for date in dates[-_LAST_DATES:]]
    if len(last_dates) < _MIN_DATES:
        return None
    last, time_zone = last_dates[-1], dates[-1].tzinfo
    try:
        following = _continue_months(last_dates, count)
        if following is None:
            steps = {b - a for a, b in pairwise(last_dates)}
            if len(steps) > 1 or min(steps) <= timedelta():
                return None
            following = [last + (i + 1) * min(steps) for i in range(count)]
    except (ValueError, OverflowError):  # after the year 9999
        return None
    return [date.replace(tzinfo=time_zone) for date in following]


def _continue_months(dates: list[datetime], count: int) -> list[datetime] | None:
    """Return the dates that follow at a step of whole months; None if there is none."""
    day = max(date.day for date in dates)
    if all(date.day == _days_in_month(date.year, date.month) for date in dates):
        day = _LONGEST_MONTH
    months = [12 * date.year + date.month - 1 for date in dates]
    steps = {b - a for a, b in pairwise(months)}
    same_day = all(
        date == _on_day(date, month, day) for date, month in zip(dates, months, strict=True)
    )
    same_time = len({date.time() for date in dates}) == 1
    if len(steps) > 1 or min(steps) < 1 or not same_day or not same_time:
        return None
    step = min(steps)
    return [_on_day(dates[-1], months[-1] + (i + 1) * step, day) for i in range(count)]


def _on_day(date: datetime, months: int, day: int) -> datetime:
    """Return a date moved to a month, counted from the year 0, and to a day or the month's end."""
    year, month = months // 12, months % 12 + 1
    return date.replace(year=year, month=month, day=min(day, _days_in_month(year, month)))


def _days_in_month(year: int, month: int) -> int:
    return monthrange(year, month)[1]
