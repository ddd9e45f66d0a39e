"""Cells of tables: dates and times, missing values and labels."""

import pytest

from rnncli.datasets.table import find_column, is_date_or_time, label_in, value_in
from rnncli.errors import InputError


@pytest.mark.parametrize(
    "cell",
    [
        *("2024-03-01", "2024/3/1", "2024-03", "01.03.2024", "3/1/24", "08:00", "08:00:30.5"),
        *("2024-03-01 08:00", "2024-03-01T08:00:00Z", "2024-03-01 08:00:00.123456+01:00"),
        *(" 1.3.2024 8:05 ", "3/1/2024 8:05 PM"),
    ],
)
def test_dates_and_times_are_recognized(cell: str) -> None:
    assert is_date_or_time(cell)
    with pytest.raises(ValueError, match="is a date or a time, not a number; list its column in"):
        value_in(cell, missing_allowed=True)


@pytest.mark.parametrize("cell", ["2024.3", "2024", "1.5", "-3", "1-2", "a:b", "", "NA", "12:3"])
def test_numbers_and_texts_are_not_dates(cell: str) -> None:
    assert not is_date_or_time(cell)


@pytest.mark.parametrize("cell", ["nan", "NaN", "NA", "?", "", " "])
def test_a_missing_label_is_not_a_class(cell: str) -> None:
    with pytest.raises(ValueError, match="the label is (missing|empty)"):
        label_in(cell)


def test_a_message_lists_some_of_very_many_names() -> None:
    names = [f"t{i}" for i in range(30)]
    with pytest.raises(
        InputError, match=r"a\.csv: no column is named 'label'; one of t0, .*, \.\.\.$"
    ):
        find_column(names, "label", "a.csv")
    with pytest.raises(InputError, match=r"one of t0, .*, t19$"):
        find_column(names[:20], "label", "a.csv")
