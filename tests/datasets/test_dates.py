"""Dates of tables are read year first, and continued at the step of the last ones."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.datasets.dates import continue_dates, is_date, parse_date, write_date


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2024", "2024"),
        ("2024-03", "2024-03"),
        ("2024/3", "2024-03"),
        (" 2024/03/01 ", "2024-03-01"),
        ("2024.3.1", "2024-03-01"),
        ("2024-03-01 8:05", "2024-03-01T08:05:00"),
        ("2024-03-01T08:05:00.5", "2024-03-01T08:05:00.500000"),
        ("2024-03-01T08:05:00Z", "2024-03-01T08:05:00+00:00"),
    ],
)
def test_dates_with_the_year_first_are_read(text: str, written: str) -> None:
    assert write_date(*parse_date(text)) == written
    assert is_date(text) == (text != "2024")  # A year alone may as well be a number.


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "5", "08:00", "2024.3", "01.03.2024", "3/1/24", "2024-13", "2024-02-30", "0000"),
        *("2024-03/01", "2024-03-01 25:00", "2024-03-01 08:00 x", "٢٠٢٤-03-01"),
    ],
)
def test_other_texts_are_no_dates(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date; one like 2024-03-01"):
        parse_date(text)
    assert not is_date(text)


@pytest.mark.parametrize(
    ("last", "following"),
    [
        ("2023-12-30 2023-12-31 2024-01-01", "2024-01-02 2024-01-03"),
        ("2024-02-12 2024-02-19 2024-02-26", "2024-03-04 2024-03-11"),
        ("2023-11-30 2023-12-31 2024-01-31", "2024-02-29 2024-03-31"),
        ("2023-02-28 2023-03-31 2023-04-30", "2023-05-31 2023-06-30"),
        ("2023-12-30 2024-01-30 2024-02-29", "2024-03-30 2024-04-30"),
        ("2023-10-15 2023-11-15 2023-12-15", "2024-01-15 2024-02-15"),
        ("2023-06-30 2023-09-30 2023-12-31", "2024-03-31 2024-06-30"),
        ("2021-07-04 2022-07-04 2023-07-04", "2024-07-04 2025-07-04"),
        ("2021 2022 2023", "2024 2025"),
        ("2023-08 2023-10 2023-12", "2024-02 2024-04"),
        # The step of long ago does not matter.
        ("1999-01-01 " + " ".join(f"2024-01-{i:02d}" for i in range(1, 15)), "2024-01-15"),
    ],
)
def test_dates_are_continued_at_their_step(last: str, following: str) -> None:
    dates = [parse_date(text)[0] for text in last.split()]
    precision = parse_date(last.split()[-1])[1]
    expected = following.split()
    continued = continue_dates(dates, len(expected))
    assert continued is not None
    assert [write_date(day, precision) for day in continued] == expected


@settings(deadline=None)
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=27)),
    st.integers(3, 20),
)
def test_fixed_durations_are_continued_in_their_time_zone(
    first: datetime, step: timedelta, count: int
) -> None:
    first = first.replace(tzinfo=parse_date("2024-01-01 00:00+02:00")[0].tzinfo)
    dates = [first + i * step for i in range(count + 4)]
    assert continue_dates(dates[:count], 4) == dates[count:]


@pytest.mark.parametrize(
    "dates",
    [
        ["2024-01-01", "2024-01-02"],
        ["2024-01-01", "2024-01-02", "2024-01-04"],
        ["2024-01-03", "2024-01-02", "2024-01-01"],
        ["2024-01-01", "2024-01-01", "2024-01-01"],
        ["2024-01-15", "2024-02-15", "2024-03-16"],
        ["9997", "9998", "9999"],
    ],
)
def test_dates_without_a_regular_step_are_not_continued(dates: list[str]) -> None:
    assert continue_dates([parse_date(text)[0] for text in dates], 2) is None


def test_a_year_of_days_ends_in_the_next() -> None:
    days = [datetime(2023, 12, 1) + timedelta(days=i) for i in range(13)]
    continued = continue_dates(days, 30)
    assert continued is not None
    assert continued[-1].date() == date(2024, 1, 12)
