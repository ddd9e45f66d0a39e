"""Tables with one text per row, which becomes a sequence of symbols, and a label."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from rnncli.datasets.arrangements.columns import ColumnRoles, column_position
from rnncli.datasets.arrangements.row_batch import RowBatch, id_name
from rnncli.datasets.sequences import SMALLER_DATA, Sequences, padded
from rnncli.datasets.table import Row, Table
from rnncli.datasets.vocabulary import Unit, Vocabulary, split_text
from rnncli.errors import InputError
from rnncli.memory import require_memory, within_memory
from rnncli.nn.arrays import Array
from rnncli.suggestions import shortened

# The symbols of a batch, padding included.
_SYMBOLS_PER_BATCH = 1 << 18
_ROWS_PER_MEMORY_CHECK = 1 << 14
# While a text becomes indices, each of its characters takes up to about this many bytes.
_BYTES_PER_CHARACTER = 100


def symbols_in(text: str, vocabulary: Vocabulary, place: str) -> Array:
    """Return the indices (T, 1) of the symbols of a text, without blanks around it.

    Raises
    ------
    InputError
        Naming the place: the text is empty, not valid Unicode, or too long.
    """
    text = text.strip()
    if not text:
        raise InputError(f"{place}: the text is empty; a text was expected")
    require_memory(
        _BYTES_PER_CHARACTER * len(text),
        f"{place}: a text of {len(text):,} characters",
        "give shorter texts",
    )
    try:
        return vocabulary.encode(text).astype(np.int32)[:, np.newaxis]
    except ValueError as problem:
        raise InputError(f"{place}: {problem}; valid text was expected") from None


def encoded_texts(texts: Any, vocabulary: Vocabulary) -> tuple[Array, Array | None]:
    """Return texts as the indices (N, T, 1) of their symbols, and their lengths if these differ.

    Raises
    ------
    InputError
        It is not a list or an array of texts, or one of them is empty.
    """
    # Arrays of NumPy and columns of pandas have this method.
    values = texts.tolist() if hasattr(texts, "tolist") else texts
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise InputError(f"x is {_shown(texts)}; a list of texts, such as ['a text'], was expected")
    symbols = []
    for number, text in enumerate(values):
        if not isinstance(text, str):
            raise InputError(f"x[{number}] is {_shown(text)}; the model reads texts (str)")
        symbols.append(symbols_in(text, vocabulary, f"x[{number}]"))
    return padded(symbols, "x", np.int32)


def _shown(value: Any) -> str:
    """Return a short description of a value that is not what was expected."""
    return f"{shortened(repr(value))} (type {type(value).__name__})"


def count_symbols_in_table(
    table: Table, roles: ColumnRoles, unit: Unit, lowercase: bool
) -> Counter[str]:
    """Return how often each symbol occurs in the texts of a table; errors are as in `read_texts`.

    Symbols are counted row by row, so that only the symbols are kept.
    """
    layout, rows = _layout(table, roles)
    counts: Counter[str] = Counter()
    for _, cells in within_memory(rows, _ROWS_PER_MEMORY_CHECK, table.source, SMALLER_DATA):
        counts.update(split_text(cells[layout.text].strip(), unit, lowercase))
    if not counts:
        raise InputError(f"{table.source}: has no texts; one text per row was expected")
    return counts


def read_texts(table: Table, roles: ColumnRoles, vocabulary: Vocabulary) -> Iterator[Sequences]:
    """Yield the texts of a table in batches of bounded size, as indices in a vocabulary.

    Columns without a role are not read.

    Raises
    ------
    InputError
        Naming row and column of the first empty text, invalid label, or row of another width; or
        the table has no rows, or lacks columns of these roles.
    """
    layout, rows = _layout(table, roles)
    batch, is_empty = _Batch(), True
    for row, cells in rows:
        text = symbols_in(cells[layout.text], vocabulary, layout.place(table, row, layout.text))
        if batch.texts and batch.padded_size_with(text) > _SYMBOLS_PER_BATCH:
            yield batch.sequences(table, layout, vocabulary)
            batch = _Batch()
        batch.add(row, cells, text, table, layout)
        is_empty = False
    if is_empty:
        raise InputError(f"{table.source}: no rows of texts; one text per row was expected")
    yield batch.sequences(table, layout, vocabulary)


@dataclass(frozen=True)
class _Layout:
    """The positions of the columns with a role, and the names of all columns if there are any."""

    text: int
    label: int | None
    id: int | None
    names: list[str] | None

    def place(self, table: Table, row: int, column: int) -> str:
        """Return row and column of a cell, for messages."""
        name = f" ({self.names[column]})" if self.names and self.names[column] else ""
        return f"{table.place(row)}, column {column + 1}{name}"

    @property
    def id_name(self) -> str:
        """The name of the id column."""
        return id_name(self.names, self.id)


@dataclass
class _Batch:
    """The texts of the next batch."""

    read: RowBatch = field(default_factory=RowBatch)
    texts: list[Array] = field(default_factory=list)
    longest: int = 0

    def padded_size_with(self, text: Array) -> int:
        """Return how many symbols the batch would have with one more text, with padding."""
        return max(self.longest, len(text)) * (len(self.texts) + 1)

    def add(self, row: int, cells: list[str], text: Array, table: Table, layout: _Layout) -> None:
        """Add the text in this row."""
        self.texts.append(text)
        self.longest = max(self.longest, len(text))
        self.read.add(
            row, cells, layout.label, layout.id, lambda column: layout.place(table, row, column)
        )

    def sequences(self, table: Table, layout: _Layout, vocabulary: Vocabulary) -> Sequences:
        """Return the batch as sequences of symbols, padded where their lengths differ."""
        x, lengths = padded(self.texts, table.source, np.int32)
        return self.read.sequences(x, lengths, table, layout.id_name, vocabulary)


def _layout(table: Table, roles: ColumnRoles) -> tuple[_Layout, Iterator[Row]]:
    """Return the layout of the table, and the rows below its header."""
    row, first = (0, list(table.names)) if table.names is not None else next(table.rows, (0, []))
    if not first:
        raise InputError(f"{table.source}: no rows; one text per row was expected")
    place = table.source if table.names is not None else table.place(row)
    names = [cell.strip() for cell in first]
    is_header = table.names is not None or _is_header(names, roles, place)
    rows = table.rows if is_header else chain([(row, first)], table.rows)
    layout = replace(_positions(roles, names, place), names=names if is_header else None)
    reference = "header" if table.names is not None else "first row"
    return layout, replace(table, rows=rows).rows_of_width(len(first), reference)


def _is_header(names: list[str], roles: ColumnRoles, place: str) -> bool:
    """Return whether the first row holds names: as declared, or as a column given by name shows."""
    if roles.header is False and roles.uses_names:
        raise InputError(
            f"{place}: columns have no names, as data.header is false; give their positions from 0"
        )
    if _is_only_texts(names, roles):
        return roles.header is True and isinstance(roles.text, int)
    if roles.header is None and not roles.uses_names:
        raise InputError(
            f"data.header: {place}: the first row may be a text or hold names; set it to true or "
            "false, or give data.text_column by name"
        )
    return roles.header is not False


def _is_only_texts(names: list[str], roles: ColumnRoles) -> bool:
    """Return whether the input of a model is one column of texts whose name is not given."""
    return roles.is_for_model and not roles.labelled and len(names) == 1 and names != [roles.text]


def _positions(roles: ColumnRoles, names: list[str], place: str) -> _Layout:
    """Return the positions of the columns, of which a model's input needs only the text.

    Raises
    ------
    InputError
        A column does not exist, or has two roles.
    """
    if _is_only_texts(names, roles):
        return _Layout(0, None, None, None)

    def position(column: int | str | None, key: str, is_optional: bool = False) -> int | None:
        if column is None or (is_optional and isinstance(column, str) and column not in names):
            return None
        return column_position(column, names, len(names), place, key)

    text, label = position(roles.text, "text_column"), None
    assert text is not None
    if roles.labelled:
        label = position(roles.label, "label_column")
    id_column = position(roles.id, "id_column", roles.is_for_model)
    if label == text:
        raise InputError(
            f"{place}: data.label_column: column {roles.label} is data.text_column; give the "
            "column of the label"
        )
    if id_column is not None and id_column == label:
        raise InputError(
            f"{place}: data.id_column: column {roles.id} is the label, and cannot be the id"
        )
    return _Layout(text, label, id_column, None)
