"""Curves drawn with characters."""

import re

import pytest

from rnncli.display.charts import line_chart, sparkline


@pytest.mark.parametrize("width", [20, 60, 200])
@pytest.mark.parametrize("color", [True, False])
def test_a_chart_fits_its_size(width: int, color: bool) -> None:
    curves = {
        "a": [(i, i * i) for i in range(50)],
        "b": [(i, 50.0 - i) for i in range(50)],
        "point": [(3.0, 7.0)],
        "gaps": [(0.0, float("nan")), (1.0, 2.0), (2.0, float("inf"))],
    }
    for log in (True, False):
        lines = line_chart(curves, width, 10, log, color)
        assert len(lines) == 10
        assert all(len(line) <= width for line in lines[:-1])
        assert "●" in "".join(map(str, lines))
    assert str(line_chart({"none": []}, width, 10)[0]) == "nothing to draw"
    flat = line_chart({"flat": [(0, 1.0), (5, 1.0)]}, width, 6)
    assert str(flat[0]).strip().startswith("1.5")


@pytest.mark.parametrize("value", [5e17, -5e17, 1e-300, 1.7e308, -1.7e308, 5e-324])
def test_extreme_values_are_drawn(value: float) -> None:
    for values in ([value], [value, value], [value, -value], [value, 0.0]):
        for log in (True, False):
            assert line_chart({"a": list(enumerate(values))}, 40, 6, log)
        assert len(sparkline(values, 8)) == len(values)


def test_a_curve_is_drawn_at_its_values() -> None:
    rows = [str(line) for line in line_chart({"a": [(0, 0.0), (1, 1.0)]}, 20, 6)[:5]]
    drawn = [[c for c, cell in enumerate(row) if "\u2800" < cell <= "\u28ff"] for row in rows]
    assert min(drawn[-1]) < max(drawn[-1]) < min(drawn[0])  # low at the left, high at the right
    assert all(drawn)


def test_a_band_fills_what_is_between_its_edges() -> None:
    bands = {
        "wide": [(0, -4.0, 4.0), (10, -4.0, 4.0)],
        "narrow": [(5, -1.0, 1.0), (10, -1.0, 1.0)],
        "not finite": [(0, float("nan"), float("inf"))],
    }
    lines = [str(line) for line in line_chart({"a": [(0, 4.0), (10, 4.0)]}, 32, 9, bands=bands)]
    area = [re.split("[│┤]", line)[1] for line in lines[:7]]
    assert not {"░", "▒"} & set(area[0])  # the curve is in front of the bands
    assert area[1] == len(area[1]) * "░"
    middle = area[3]
    assert set(middle[: len(middle) // 2 - 1]) == {"░"}
    assert set(middle[len(middle) // 2 + 1 :]) == {"▒"}
    assert "░░ wide   ▒▒ narrow" in lines[-1]


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 1, 1], 8) == "▁▁▁"
    assert sparkline([0, float("nan"), 7], 8) == "▁ █"
    assert sparkline([], 8) == ""
    assert sparkline([0, 5e-324], 8) == "▁█"
    assert sparkline([0, 1e308, 1, 1.7e308], 8) == "▁ █ "
    assert len(sparkline(list(range(1000)), 40)) == 40
