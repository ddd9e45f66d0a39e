"""Curves drawn with characters: small ones in a line, large ones with axes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, isfinite, log10

from rich.text import Text

_BLOCKS = "▁▂▃▄▅▆▇█"
_COLOURS = ("cyan", "magenta", "green", "red", "blue", "yellow")
_MARKS = "ox+*#@"
_POINT = "●"
# The bit of each of a braille character's dots, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))

Curve = Sequence[tuple[float, float]]


def sparkline(values: Sequence[float], width: int) -> str:
    """Return values as blocks of eight heights, from the lowest to the highest.

    More values than `width` are averaged; what is not finite is a gap.
    """
    groups = [
        list(values[i * len(values) // width : (i + 1) * len(values) // width])
        for i in range(width)
    ]
    groups = groups if len(values) > width else [[value] for value in values]
    means = [_mean(group) for group in groups]
    known = [mean for mean in means if mean is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if mean is None else _BLOCKS[round((mean - low) * scale)] for mean in means)


def line_chart(
    curves: Mapping[str, Curve], width: int, height: int, log: bool = False, colour: bool = True
) -> list[Text]:
    """Return curves with axes and, where there are several, a legend, as lines of text.

    Parameters
    ----------
    curves : mapping of str to sequence of (float, float)
        The points of each, by its name; what is not finite is a gap.
    width, height : int
        Characters in all.
    log : bool
        Whether heights are logarithms; what is not above 0 is then a gap.
    colour : bool
        Whether colours can tell curves apart; else different characters do.
    """
    points = {name: _finite(curve, log) for name, curve in curves.items()}
    everything = [point for curve in points.values() for point in curve]
    if not everything:
        return [Text("nothing to draw", style="dim")]
    left, right = _range([x for x, _ in everything])
    low, high = _range([y for _, y in everything])
    legend = [_legend(points, colour)] if len(curves) > 1 else []
    rows = max(2, height - 1 - len(legend))
    labels = [_label(10**y if log else y) for y in (high, (low + high) / 2, low)]
    margin = max(map(len, labels)) + 1
    columns = max(4, width - margin - 1)
    canvas = [[(" ", "")] * columns for _ in range(rows)]
    dots = [[0] * columns for _ in range(rows)]
    for number, curve in enumerate(points.values()):
        style = _COLOURS[number % len(_COLOURS)]
        for x, y in _steps(curve, left, right, low, high, 2 * columns, 4 * rows):
            row, column = y // 4, x // 2
            if len(curve) == 1:
                canvas[row][column] = (_POINT, style if colour else "")
            elif colour or len(points) == 1:
                dots[row][column] |= _DOTS[y % 4][x % 2]
                canvas[row][column] = (chr(0x2800 + dots[row][column]), style)
            else:
                canvas[row][column] = (_MARKS[number % len(_MARKS)], "")
    places = {0: labels[0], (rows - 1) // 2: labels[1], rows - 1: labels[2]}
    lines = []
    for row, cells in enumerate(canvas):
        line = Text(
            f"{places.get(row, ''):>{margin - 1}} ┤" if row in places else " " * margin + "│"
        )
        for character, style in cells:
            line.append(character, style=style)
        lines.append(line)
    first, last = _label(left), _label(right)
    gap = max(1, columns - len(first) - len(last))
    lines.append(Text(" " * (margin + 1) + first + " " * gap + last, style="dim"))
    return lines + legend


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if isfinite(value)]
    return sum(finite) / len(finite) if finite else None


def _finite(curve: Curve, log: bool) -> list[tuple[float, float]]:
    known = [(x, y) for x, y in curve if isfinite(x) and isfinite(y) and (y > 0 or not log)]
    return [(x, log10(y)) for x, y in known] if log else known


def _range(values: list[float]) -> tuple[float, float]:
    """Return the ends of an axis, apart even where all values are one."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _steps(
    curve: list[tuple[float, float]],
    left: float,
    right: float,
    low: float,
    high: float,
    columns: int,
    rows: int,
) -> list[tuple[int, int]]:
    """Return the dots of a curve, its points joined by straight lines."""
    placed = [
        (
            (x - left) / (right - left) * (columns - 1),
            (high - y) / (high - low) * (rows - 1),
        )
        for x, y in curve
    ]
    dots = [(round(x), round(y)) for x, y in placed]
    for (x0, y0), (x1, y1) in pairwise(placed):
        count = max(1, ceil(max(abs(x1 - x0), abs(y1 - y0))))
        dots += [
            (round(x0 + (x1 - x0) * i / count), round(y0 + (y1 - y0) * i / count))
            for i in range(1, count)
        ]
    return dots


def _label(value: float) -> str:
    return f"{value:.4g}"


def _legend(points: Mapping[str, Sequence[object]], colour: bool) -> Text:
    legend = Text()
    for number, (name, curve) in enumerate(points.items()):
        mark = "━━" if colour else _MARKS[number % len(_MARKS)]
        mark = _POINT if len(curve) == 1 else mark
        legend.append(f"{mark} ", style=_COLOURS[number % len(_COLOURS)] if colour else "")
        legend.append(f"{name}   ")
    return legend
