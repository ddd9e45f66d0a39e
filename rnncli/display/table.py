"""Tables of text: the one style of all commands."""

from collections.abc import Collection, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from rnncli.display.console import output_console
from rnncli.errors import one_line

# Two spaces separate columns even where cells are full.
GAP = 2
# A column is not wrapped to less than this to make a table fit.
_NARROWEST_COLUMN = 8


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    left: Collection[int] = (0,),
    styles: Sequence[str] = (),
    wrap: bool = True,
    unwrapped: Collection[int] = (),
) -> None:
    """Print a table without lines on standard output.

    In a terminal, long cells are wrapped so that the table fits; elsewhere each row is one line.

    Parameters
    ----------
    headers : sequence of str
        The header of each column.
    rows : sequence of sequence of str
        The cells of each row.
    title : str
        A line above the table.
    left : collection of int
        The columns that are aligned left; numbers are aligned right.
    styles : sequence of str
        The style of each row, such as ``red``; none by default.
    wrap : bool
        Whether cells may be wrapped.
    unwrapped : collection of int
        The columns that are never wrapped, such as names to copy.
    """
    console = output_console()
    cells = [[one_line(cell) for cell in row] for row in (headers, *rows)]
    widths = natural_widths(cells)
    if wrap:
        widths = _fitting_widths(widths, console.width, unwrapped)
    lines = [Text(title, style="bold")] if title else []
    for index, row in enumerate(cells):
        style = "bold" if index == 0 else styles[index - 1] if styles else ""
        lines += _row_lines(console, row, widths, left, style)
    # A table of rich takes seconds for hundreds of rows.
    console.print(Text("\n").join(lines), soft_wrap=True)


def natural_widths(cells: Sequence[Sequence[str]]) -> list[int]:
    """Return the width that each column of a table needs."""
    return [max(map(cell_len, column)) for column in zip(*cells, strict=True)]


def table_width(widths: Sequence[int]) -> int:
    """Return the width of a table whose columns have these widths."""
    return sum(widths) + GAP * (len(widths) - 1)


def _fitting_widths(widths: Sequence[int], available: int, unwrapped: Collection[int]) -> list[int]:
    """Return the widths of the columns; the widest are narrowed until the table fits."""
    fitting = list(widths)
    columns = [column for column in range(len(widths)) if column not in unwrapped]
    while table_width(fitting) > available:
        widest = max(columns, key=fitting.__getitem__, default=None)
        if widest is None or fitting[widest] <= _NARROWEST_COLUMN:
            break
        fitting[widest] -= 1
    return fitting


def _row_lines(
    console: Console, row: Sequence[str], widths: Sequence[int], left: Collection[int], style: str
) -> list[Text]:
    """Return the lines of a row: one, or several where a cell is wrapped."""
    wrapped = [_wrapped(console, cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, wrapped))):
        padded = [
            _padded(cell_lines[number] if number < len(cell_lines) else "", width, column in left)
            for column, (cell_lines, width) in enumerate(zip(wrapped, widths, strict=True))
        ]
        lines.append(Text((" " * GAP).join(padded).rstrip(), style=style))
    return lines


def _wrapped(console: Console, cell: str, width: int) -> list[str]:
    if cell_len(cell) <= width:
        return [cell]
    return [line.plain.rstrip() for line in Text(cell).wrap(console, width, overflow="fold")]


def _padded(cell: str, width: int, left: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return cell + blanks if left else blanks + cell
