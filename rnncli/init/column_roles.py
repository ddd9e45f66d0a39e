"""The probable roles of a table's columns, guessed from their names and first rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rnncli.datasets.numbers import is_number
from rnncli.errors import InputError
from rnncli.init.table_head import TableHead

_LABEL_NAMES = {"label", "labels", "class", "target", "category", "outcome"}
# A label, or one of the coordinates x, y and z.
_LABEL_OR_COORDINATE, _COORDINATES = "y", {"x", "z"}
_SEQUENCE_NAMES = {
    *("id", "sequence", "seq", "series", "sample", "case", "trial", "record", "recording"),
    *("trip", "session", "subject", "patient", "track", "episode", "run"),
}
# Tables written by pandas have row numbers in a column without a name.
_ID_NAMES = {"", "unnamed: 0", "id", "uuid", "key", "index", "name", "nr", "no", "number"}
_TIME_NAMES = {"time", "date", "datetime", "timestamp", "year", "month", "day", "hour", "t", "ds"}
_STEP_WORDS = ("t", "time", "step", "frame")
# Columns with numbered names are time steps if they are at least this many, and half of all.
_MIN_STEP_COLUMNS = 3
# In fewer rows than this, distinct texts may be classes.
_MIN_DISTINCT_TEXTS = 10
# The positions of year, month and day in the usual forms of dates.
_DATE_ORDERS = ((0, 1, 2), (2, 1, 0), (2, 0, 1))


@dataclass(frozen=True)
class Guess:
    """A column, and whether its role is certain."""

    position: int
    is_certain: bool


@dataclass(frozen=True)
class WideColumns:
    """The columns of a table with one sequence per row, by position.

    Attributes
    ----------
    label : Guess
        The column of the label.
    id : int, optional
        The column that identifies a row.
    features : list of int
        The columns of the features.
    ignored : dict of str to list of int
        The columns to leave out, by the reason.
    """

    label: Guess
    id: int | None
    features: list[int]
    ignored: dict[str, list[int]]


def wide_columns(head: TableHead, label: int | None) -> WideColumns:
    """Return the roles of columns with one sequence per row; the label may be given."""
    steps = step_columns(head)
    others = [i for i in range(len(head.columns)) if i not in steps]
    guess = Guess(label, True) if label is not None else wide_label(head)
    id_position = id_column(head, [i for i in others if i != guess.position])
    ignored: dict[str, list[int]] = {}
    features = []
    for column, content in enumerate(head.contents):
        if column in (guess.position, id_position):
            continue
        if content in ("dates", "text"):
            reason = "dates and times" if content == "dates" else "text"
            ignored.setdefault(reason, []).append(column)
        elif steps and column not in steps:
            ignored.setdefault("not numbered, unlike the time steps", []).append(column)
        else:
            features.append(column)
    return WideColumns(guess, id_position, features, ignored)


def step_columns(head: TableHead) -> list[int]:
    """Return the numeric columns with numbered names, if they are at least half of the table."""
    if head.names is None or head.numbered:
        return []
    steps = [
        column
        for column, name in enumerate(head.names)
        if re.search(r"\d", name) and head.contents[column] in ("numbers", "nothing")
    ]
    enough = len(steps) >= max(_MIN_STEP_COLUMNS, len(head.names) / 2)
    return steps if enough else []


def wide_label(head: TableHead) -> Guess:
    """Return the label's column of a table with one sequence per row."""
    named = label_by_name(head)
    if named is not None:
        return Guess(named, True)
    steps = step_columns(head)
    candidates = [i for i in range(len(head.columns)) if i not in steps] or [
        *range(len(head.columns))
    ]
    texts = [i for i in candidates if head.contents[i] == "text" and not _is_id(head, i)]
    text_classes = [i for i in texts if head.holds_classes(i)]
    if len(text_classes) == 1 or len(texts) == 1:
        return Guess((text_classes or texts)[0], True)
    if text_classes:
        return Guess(text_classes[-1], False)
    if steps:
        classes = [i for i in candidates if head.holds_classes(i)]
        numbers = [i for i in candidates if head.contents[i] == "numbers" and not _is_id(head, i)]
        likely = classes or numbers or candidates
        return Guess(likely[-1], len(classes or numbers) == 1)
    first, last = candidates[0], candidates[-1]
    if head.holds_classes(first) and not head.holds_classes(last):
        return Guess(first, False)
    return Guess(last, False)


def has_label_of_classes(head: TableHead) -> bool:
    """Return whether a column is certainly the label, or the guessed label holds classes."""
    label = wide_label(head)
    return label.is_certain or head.holds_classes(label.position)


def sequence_column(head: TableHead) -> Guess | None:
    """Return the column that identifies the sequence, if there is one time step per row.

    Its equal cells are in consecutive rows; and its name is usual for such a column, or another
    column, which may be the label, never changes within its sequences.
    """
    if head.names is None:
        return None
    consecutive = [
        i
        for i in range(len(head.columns))
        if head.is_consecutive(i) and head.contents[i] in ("numbers", "text")
    ]
    if not consecutive:
        return None
    names = [name.lower() for name in head.names]
    named = [i for i in consecutive if names[i] in _SEQUENCE_NAMES or names[i].endswith("_id")]
    if named:
        return Guess(max(named, key=lambda i: len(set(head.columns[i]))), True)
    finest = max(consecutive, key=lambda i: len(set(head.columns[i])))
    return Guess(finest, False) if _constant_within(head, finest) else None


def long_label(head: TableHead, sequence: int) -> Guess:
    """Return the label's column of a table with one time step per row."""
    named, constant = label_by_name(head), _constant_within(head, sequence)
    if named is not None and named != sequence:
        may_be_coordinate = _stems(head)[named] == _LABEL_OR_COORDINATE and named not in constant
        if not (may_be_coordinate and constant):
            return Guess(named, True)
    others = [i for i in range(len(head.columns)) if i != sequence and head.contents[i] != "dates"]
    likely = constant or others or [sequence]
    return Guess(likely[-1], False)


def long_ignored(head: TableHead, sequence: int, label: int) -> dict[str, list[int]]:
    """Return the columns to ignore in a table with one time step per row, by the reason."""
    ignored: dict[str, list[int]] = {}
    for column, content in enumerate(head.contents):
        if column not in (sequence, label) and content in ("dates", "text"):
            reason = "dates and times" if content == "dates" else "text"
            ignored.setdefault(reason, []).append(column)
    return ignored


def time_columns(head: TableHead) -> list[int]:
    """Return the columns that count the rows, and the sorted columns of dates or times."""
    return [
        column
        for column, cells in enumerate(head.columns)
        if len(cells) > 2 and (_counts_rows(cells) or (is_time(head, column) and _is_sorted(cells)))
    ]


def features_per_step(names: Sequence[str], source: str) -> int | None:
    """Return D if numbered names show it, such as x_0, y_0, x_1, y_1 or t0_c0, t0_c1.

    Raises
    ------
    InputError
        The columns are ordered by feature, and not by time step.
    """
    split_names = [re.split(r"(\d+)", name) for name in names]
    shared_numbers = min((len(split_name) // 2 for split_name in split_names), default=0)
    for number in range(1, 2 * shared_numbers, 2):
        steps = [split_name[number] for split_name in split_names]
        rest = [(*split_name[:number], *split_name[number + 1 :]) for split_name in split_names]
        size = len(set(rest))
        blocks = [steps[start : start + size] for start in range(0, len(steps), size)]
        if len(blocks) < 2 or len(steps) % size or len(set(steps)) != len(blocks):
            continue
        by_step = all(len(set(block)) == 1 for block in blocks)
        by_step = by_step and rest == rest[:size] * len(blocks)
        if by_step and not _is_step(split_names[0], number + 2):
            return size
        if size > 1 and rest == [key for key in dict.fromkeys(rest) for _ in blocks]:
            raise InputError(
                f"{source}: columns {names[0]}, {names[1]}, ... are ordered feature by feature; "
                "order them by time step, all features of the first step first"
            )
    return None


def _is_step(split_name: list[str], number: int) -> bool:
    """Return whether the word before a number in a name shows that it counts time steps."""
    if number >= len(split_name):
        return False
    return split_name[number - 1].strip("_. ").lower() in _STEP_WORDS


def label_by_name(head: TableHead) -> int | None:
    """Return the column whose name is usual for a label, if there is one.

    A column ``y`` is a label only if no other name is usual, and not beside x and z.
    """
    named = _named(head, _LABEL_NAMES)
    if named is None and not {*_stems(head)} >= _COORDINATES:
        named = _named(head, {_LABEL_OR_COORDINATE})
    return named


def _named(head: TableHead, names: set[str]) -> int | None:
    """Return the first column with one of these names; see `_stems`."""
    stems = _stems(head)
    return next((column for column, stem in enumerate(stems) if stem in names), None)


def _stems(head: TableHead) -> list[str]:
    """Return the names in lower case, without a suffix ``_id``."""
    return [name.lower().removesuffix("_id") for name in head.names or ()]


def id_column(head: TableHead, candidates: list[int]) -> int | None:
    """Return the first column that may be an id; see `_is_id`."""
    ids = [column for column in candidates if _is_id(head, column)]
    return ids[0] if ids else None


def _is_id(head: TableHead, column: int) -> bool:
    """Return whether a column has distinct values, and the name or the texts of an id."""
    if head.names is None or not head.is_distinct(column):
        return False
    name, content = head.names[column].lower(), head.contents[column]
    named = name in _ID_NAMES or name.endswith(("_id", " id", "id_")) or name.startswith("id_")
    if content == "text":
        return named or len(head.columns[column]) >= _MIN_DISTINCT_TEXTS
    return named and content == "numbers"


def _constant_within(head: TableHead, sequence: int) -> list[int]:
    """Return the columns of several values that never change within a sequence."""
    return [
        column
        for column, cells in enumerate(head.columns)
        if column != sequence
        and head.contents[column] != "dates"
        and len(set(cells)) > 1
        and not head.changes_within(column, sequence)
    ]


def is_time(head: TableHead, column: int) -> bool:
    """Return whether a column holds dates or times, or is named as such."""
    named = head.names is not None and head.names[column].lower() in _TIME_NAMES
    return named or head.contents[column] == "dates"


def _counts_rows(cells: Sequence[str]) -> bool:
    """Return whether cells are whole numbers that increase by a constant."""
    if not all(re.fullmatch(r"-?\d{1,15}", cell) for cell in cells):
        return False
    first, second = int(cells[0]), int(cells[1])
    return second > first and [*map(int, cells)] == [
        first + (second - first) * row for row in range(len(cells))
    ]


def _is_sorted(cells: Sequence[str]) -> bool:
    """Return whether numbers, or dates in one of the usual forms, never decrease."""
    if all(map(is_number, cells)):
        values = [float(cell) for cell in cells]
        return values == sorted(values)
    parts = [[int(part) for part in re.findall(r"\d{1,15}", cell)] for cell in cells]
    if len({len(row) for row in parts}) != 1 or len(parts[0]) < 2:
        return list(cells) == sorted(cells)
    if len(parts[0]) == 2:
        return parts == sorted(parts)
    ordered = ([[*(row[i] for i in order), *row[3:]] for row in parts] for order in _DATE_ORDERS)
    return any(rows == sorted(rows) for rows in ordered)
