"""Curves drawn with characters: a small one in a line of text, large ones with axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log10
from types import MappingProxyType

from rich.text import Text

_BLOCKS = "▁▂▃▄▅▆▇█"
_COLORS = ("cyan", "magenta", "green", "red", "blue", "yellow")
_MARKS = "ox+*#@"
_SINGLE_POINT = "●"
# The widest band comes first.
_SHADES = "░▒▓"
# Larger values leave a gap, so that sums and differences of values are finite.
_LARGEST = 1e300
# The bit of each dot of a braille character, by row and column.
_BRAILLE_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))

Curve = Sequence[tuple[float, float]]
Band = Sequence[tuple[float, float, float]]
_Canvas = list[list[tuple[str, str]]]


def sparkline(values: Sequence[float], width: int) -> str:
    """Return values as blocks of eight heights, from the lowest value to the highest.

    More than `width` values are averaged in groups; values that are not finite leave a gap.
    """
    groups = [
        list(values[i * len(values) // width : (i + 1) * len(values) // width])
        for i in range(width)
    ]
    groups = groups if len(values) > width else [[value] for value in values]
    means = [_mean(group) for group in groups]
    finite = [mean for mean in means if mean is not None]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    span, steps = high - low or 1.0, len(_BLOCKS) - 1
    return "".join(
        " " if mean is None else _BLOCKS[round((mean - low) / span * steps)] for mean in means
    )


@dataclass(frozen=True)
class _Axes:
    """The ranges of both axes, and the size of the drawing area in characters."""

    left: float
    right: float
    low: float
    high: float
    columns: int
    rows: int

    def dots(self, curve: Curve) -> list[tuple[int, int]]:
        """Return the dots of a curve, column and row, its points joined by straight lines.

        A character has two columns and four rows of dots.
        """
        width, height = 2 * self.columns - 1, 4 * self.rows - 1
        points = [
            (
                (x - self.left) / (self.right - self.left) * width,
                (self.high - y) / (self.high - self.low) * height,
            )
            for x, y in curve
        ]
        dots = [(round(x), round(y)) for x, y in points]
        for (x0, y0), (x1, y1) in pairwise(points):
            count = max(1, ceil(max(abs(x1 - x0), abs(y1 - y0))))
            dots += [
                (round(x0 + (x1 - x0) * i / count), round(y0 + (y1 - y0) * i / count))
                for i in range(1, count)
            ]
        return dots


def line_chart(
    curves: Mapping[str, Curve],
    width: int,
    height: int,
    log: bool = False,
    color: bool = True,
    bands: Mapping[str, Band] = MappingProxyType({}),
) -> list[Text]:
    """Return curves with axes, and a legend where there are several, as lines of text.

    Parameters
    ----------
    curves : mapping of str to sequence of (float, float)
        The points of each curve, by its name; points that are not finite leave a gap.
    width, height : int
        The size of the chart in characters, axes and legend included.
    log : bool
        Whether the vertical axis is logarithmic; values of 0 and less then leave a gap.
    color : bool
        Whether colors distinguish the curves; otherwise, different characters do.
    bands : mapping of str to sequence of (float, float, float)
        The points x, low and high of each band behind the curves, by its name, the widest first;
        the vertical axis is then linear.
    """
    points = {name: _drawable(curve, log) for name, curve in curves.items()}
    edges = {name: _edges(band) for name, band in bands.items()}
    drawn = [*points.values(), *(edge for pair in edges.values() for edge in pair)]
    all_points = [point for curve in drawn for point in curve]
    if not all_points:
        return [Text("nothing to draw", style="dim")]
    left, right = _axis_range([x for x, _ in all_points])
    low, high = _axis_range([y for _, y in all_points])
    legend = [_legend(points, bands, color)] if len(curves) + len(bands) > 1 else []
    labels = [_label(10**y if log else y) for y in (high, (low + high) / 2, low)]
    margin = max(map(len, labels)) + 1
    rows, columns = max(2, height - 1 - len(legend)), max(4, width - margin - 1)
    axes = _Axes(left, right, low, high, columns, rows)
    canvas: _Canvas = [[(" ", "")] * columns for _ in range(rows)]
    for shade, (lower, upper) in zip(_SHADES, edges.values(), strict=False):
        _shade(canvas, axes.dots(lower), axes.dots(upper), shade)
    _draw(canvas, points, axes, color)
    label_rows = {0: labels[0], (rows - 1) // 2: labels[1], rows - 1: labels[2]}
    lines = []
    for row, cells in enumerate(canvas):
        label = f"{label_rows[row]:>{margin - 1}} ┤" if row in label_rows else " " * margin + "│"
        lines.append(Text.assemble(label, *cells))
    first, last = _label(left), _label(right)
    gap = max(1, columns - len(first) - len(last))
    lines.append(Text(" " * (margin + 1) + first + " " * gap + last, style="dim"))
    return lines + legend


def _edges(band: Band) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the lower and the upper edge of a band, without points that cannot be drawn."""
    finite = [(x, low, high) for x, low, high in band if max(abs(low), abs(high)) <= _LARGEST]
    return [(x, low) for x, low, _ in finite], [(x, high) for x, _, high in finite]


def _shade(
    canvas: _Canvas, lower: list[tuple[int, int]], upper: list[tuple[int, int]], shade: str
) -> None:
    """Fill the cells of a canvas between the dots of two edges; rows count from the top."""
    tops: dict[int, int] = {}
    bottoms: dict[int, int] = {}
    for x, y in upper:
        tops[x // 2] = min(tops.get(x // 2, y // 4), y // 4)
    for x, y in lower:
        bottoms[x // 2] = max(bottoms.get(x // 2, y // 4), y // 4)
    for column, top in tops.items():
        for row in range(top, bottoms.get(column, top) + 1):
            canvas[row][column] = (shade, "dim")


def _draw(canvas: _Canvas, points: Mapping[str, Curve], axes: _Axes, color: bool) -> None:
    """Draw curves into rows of cells, each a character and its style."""
    bits = [[0] * axes.columns for _ in range(axes.rows)]
    for number, curve in enumerate(points.values()):
        style = _COLORS[number % len(_COLORS)]
        for x, y in axes.dots(curve):
            row, column = y // 4, x // 2
            if len(curve) == 1:
                canvas[row][column] = (_SINGLE_POINT, style if color else "")
            elif color or len(points) == 1:
                bits[row][column] |= _BRAILLE_BITS[y % 4][x % 2]
                canvas[row][column] = (chr(0x2800 + bits[row][column]), style)
            else:
                canvas[row][column] = (_MARKS[number % len(_MARKS)], "")


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if abs(value) <= _LARGEST]
    return sum(finite) / len(finite) if finite else None


def _drawable(curve: Curve, log: bool) -> list[tuple[float, float]]:
    """Return the finite points of a curve, on a logarithmic axis with their logarithms."""
    finite = [(x, y) for x, y in curve if abs(y) <= _LARGEST and (y > 0 or not log)]
    return [(x, log10(y)) for x, y in finite] if log else finite


def _axis_range(values: list[float]) -> tuple[float, float]:
    """Return the ends of an axis, which differ even if all values are equal."""
    low, high = min(values), max(values)
    margin = 0.0 if high > low else max(0.5, abs(low) / 1000)
    return low - margin, high + margin


def _label(value: float) -> str:
    whole = float(value).is_integer() and abs(value) < 1e6
    return f"{value:.0f}" if whole else f"{value:.4g}"


def _legend(points: Mapping[str, Curve], bands: Mapping[str, Band], color: bool) -> Text:
    legend = Text()
    for number, (name, curve) in enumerate(points.items()):
        mark = "━━" if color else _MARKS[number % len(_MARKS)]
        mark = _SINGLE_POINT if len(curve) == 1 else mark
        legend.append(f"{mark} ", style=_COLORS[number % len(_COLORS)] if color else "")
        legend.append(f"{name}   ")
    for shade, name in zip(_SHADES, bands, strict=False):
        legend.append(2 * shade, style="dim")
        legend.append(f" {name}   ")
    return legend
