"""Calendar features: where in its cycle a date is, and the columns of dates in tables."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from helpers.data import text_file

from rnncli.datasets import Series
from rnncli.datasets.arrangements.named_rows import find_date_column
from rnncli.datasets.calendar_features import CalendarUnit, calendar_features
from rnncli.errors import InputError


@pytest.mark.parametrize(
    ("unit", "date", "phase"),
    [
        ("month", datetime(2024, 4, 30), 3 / 12),
        ("weekday", datetime(2024, 3, 3), 6 / 7),  # a Sunday
        ("day_of_year", datetime(2024, 12, 31), 365 / 365.25),
        ("hour", datetime(2024, 1, 1, 18, 30), 18.5 / 24),
        ("quarter", datetime(2024, 9, 1), 2 / 4),
    ],
)
def test_phases_of_a_date(unit: CalendarUnit, date: datetime, phase: float) -> None:
    angle = 2 * np.pi * phase
    expected = [[np.sin(angle), np.cos(angle)]]
    np.testing.assert_allclose(calendar_features([date], [unit]), expected, atol=1e-15)


def test_they_are_the_last_features_of_each_row_and_not_scaled(tmp_path: Path) -> None:
    rows = [f"{2000 + i // 12}-{i % 12 + 1:02d},{i},{i * i}" for i in range(60)]
    path = text_file(tmp_path / "a.csv", "day,x,y", *rows)
    data = Series(path=path, sequence_length=5, calendar=("month", "quarter")).read(0)
    calendar = ("month_sin", "month_cos", "quarter_sin", "quarter_cos")
    assert data.input_spec.columns == ("x", "y", *calendar)
    assert data.input_spec.windows is not None
    assert data.input_spec.windows.time_column == "day"
    assert data.task.output_size == 2
    train = data.splits.train
    months = np.arange(60) % 12
    np.testing.assert_allclose(train.x[7, :, 2], np.sin(2 * np.pi * months / 12)[7:12], atol=1e-15)
    np.testing.assert_array_equal(train.x[7, :, 0], np.arange(7, 12))
    assert train.labels is not None
    assert train.labels[7].tolist() == [12, 144]


TABLE = ["2024-01,1,08:00", "2024-02,2,09:00", "2024-03,3,10:00"] * 10


@pytest.mark.parametrize(
    ("rows", "keys", "problem"),
    [
        (TABLE, {"calendar": ("weekday",)}, r"a\.csv:2: row 2, day: '2024-01' has no day, which"),
        (TABLE, {"calendar": ("hour",)}, "'2024-01' has no time, which data.calendar needs for"),
        (
            [*TABLE[:8], "soon,4,8:00", *TABLE[:9]],
            {"calendar": ("month",)},
            r"a\.csv:10: row 10, day: 'soon' is not a date; one like",
        ),
        (
            [row.replace("2024-", "") for row in TABLE],
            {"calendar": ("month",)},
            r"data.calendar: .*a\.csv: no column holds dates such as 2024-03-01",
        ),
        (TABLE, {"time_column": "dya"}, r"data.time_column: .*'dya'; did you mean 'day'\?"),
        (
            TABLE,
            {"time_column": "clock", "calendar": ("month",)},
            r"row 2, clock: '08:00' is not a date",
        ),
    ],
)
def test_dates_that_do_not_serve(
    tmp_path: Path, rows: list[str], keys: dict[str, object], problem: str
) -> None:
    path = text_file(tmp_path / "a.csv", "day,x,clock", *rows)
    with pytest.raises(InputError, match=problem):
        Series(path=path, sequence_length=3, **keys).read(0)  # type: ignore[arg-type]


def test_the_first_column_in_which_most_cells_are_dates() -> None:
    columns = [
        ["1", "2", "3"],
        ["2024", "2025", "2026"],
        ["8:00"] * 3,
        ["2024-01-01", "", "2024/1"],
    ]
    assert find_date_column(["i", "year", "clock", "day"], columns) == "day"
    assert find_date_column(["i", "year", "clock"], columns[:3]) is None


def test_a_time_column_of_numbers_is_no_feature_unless_listed(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "year,x", *(f"{1900 + i},{i}" for i in range(40)))
    assert Series(path=path).read_table().columns == ("year", "x")
    assert Series(path=path, time_column="year").read_table().columns == ("x",)
    listed = Series(path=path, time_column="year", columns=("year", "x"))
    assert listed.read_table().columns == ("year", "x")
