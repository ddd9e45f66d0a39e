"""The roles of a table's columns: label, id, sequence, text, ignored or feature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rnncli.datasets.table import find_column
from rnncli.errors import InputError


@dataclass(frozen=True)
class ColumnRoles:
    """The roles of columns, given by name or by position from 0, before the table is read.

    Attributes
    ----------
    label : int, str or None
        The column of the label.
    id : int, str or None
        The column whose text identifies a sequence in predictions.
    ignore : tuple of int or str
        Columns that are not read.
    input_size : int
        D; with one sequence per row, the feature columns are a multiple of it.
    header : bool or None
        Whether the first row of CSV holds names; if None, inferred from the content.
    sequence : str, optional
        With one time step per row, the column that identifies the sequence.
    label_per : {"sequence", "step"}
        With one time step per row, whether each time step has a label.
    features : tuple of str, optional
        With one time step per row, the columns of the features; None is all others.
    missing_allowed : bool
        Whether cells that mark a missing value are read as NaN.
    labelled : bool
        Whether labels are read. If not, the label's column may be absent.
    training_features : int, optional
        For a trained model, how many feature columns the training data had. The id column and the
        ignored columns may then be absent, if they are given by name.
    text : int, str, optional
        With one text per row, the column of the text.
    """

    label: int | str | None
    id: int | str | None = None
    ignore: tuple[int | str, ...] = ()
    input_size: int = 1
    header: bool | None = None
    sequence: str | None = None
    label_per: Literal["sequence", "step"] = "sequence"
    features: tuple[str, ...] | None = None
    missing_allowed: bool = False
    labelled: bool = True
    training_features: int | None = None
    text: int | str | None = None

    @property
    def uses_names(self) -> bool:
        """Whether a column is given by its name, so that the first row must hold names."""
        columns = (self.label, self.id, self.text, *self.ignore)
        return any(isinstance(column, str) for column in columns)

    @property
    def is_for_model(self) -> bool:
        """Whether the table is the input of a trained model."""
        return self.training_features is not None


@dataclass(frozen=True)
class Positions:
    """The positions of the columns in a table.

    Attributes
    ----------
    label, id : int or None
        The columns of the label and of the id; None if the table does not have them.
    ignored : frozenset of int
        The columns that are not read.
    """

    label: int | None
    id: int | None
    ignored: frozenset[int]

    def features(self, width: int, *others: int) -> list[int]:
        """Return all columns of a table without another role, which hold the features."""
        assigned = {self.label, self.id, *others} | self.ignored
        return [column for column in range(width) if column not in assigned]


def positions_of(roles: ColumnRoles, first: list[str], place: str) -> Positions:
    """Return the positions of the columns with these roles, given the cells of the first row.

    If labels are not read, the label's column may be absent. A column given by name is absent if no
    cell has that name; one given by position, unless the row is as wide as the training data with
    labels.

    Raises
    ------
    InputError
        A column does not exist, or has two roles.
    """
    names = [cell.strip() for cell in first]
    absent = not roles.labelled and _lacks_label(roles, names)
    width = len(names)
    missing_label: int | None = None
    if absent and isinstance(roles.label, int):
        # Positions count the label's column even if it is absent.
        width += 1
        missing_label = roles.label % width
    label = None
    if roles.label is not None and not absent:
        label = column_position(roles.label, names, width, place, "label_column")

    def position(column: int | str, key: str) -> int | None:
        if roles.training_features is not None and column not in names and isinstance(column, str):
            return None
        index = column_position(column, names, width, place, key)
        if missing_label is not None and missing_label < index:
            return index - 1
        return index

    id_position = None if roles.id is None else position(roles.id, "id_column")
    ignored = [position(column, "ignore") for column in roles.ignore]
    result = Positions(label, id_position, frozenset(i for i in ignored if i is not None))
    _check_roles(result, roles, names, place)
    return result


def _lacks_label(roles: ColumnRoles, names: list[str]) -> bool:
    """Return whether the label's column is absent; see `positions_of`."""
    if not isinstance(roles.label, int):
        return roles.label not in names
    if roles.training_features is None:
        return False
    num_others = len({*roles.ignore, *([] if roles.id is None else [roles.id])})
    return len(names) != roles.training_features + num_others + 1


def column_position(
    column: int | str, names: Sequence[str], width: int, place: str, key: str
) -> int:
    """Return the position of a column, given by name or by position, of a key of the config.

    Raises
    ------
    InputError
        Naming the key: there is no such column.
    """
    if isinstance(column, str):
        return find_column(names, column, f"{place}: data.{key}")
    if not -width <= column < width:
        raise InputError(
            f"{place}: data.{key}: column {column} does not exist; there are {width} columns, "
            "counted from 0"
        )
    return column % width


def _check_roles(positions: Positions, roles: ColumnRoles, names: list[str], place: str) -> None:
    """Raise `InputError` for a column with two roles."""
    if positions.label is not None and positions.label in positions.ignored:
        raise InputError(
            f"{place}: data.ignore: column {roles.label} is the label, and cannot be ignored"
        )
    if positions.id is not None and positions.id == positions.label:
        raise InputError(
            f"{place}: data.id_column: column {roles.id} is the label, and cannot be the id"
        )
    if positions.id is not None and positions.id in positions.ignored:
        raise InputError(
            f"{place}: data.ignore: column {roles.id} is data.id_column, and cannot be ignored"
        )
    sequence = None if roles.sequence is None else names.index(roles.sequence)
    if sequence is not None and sequence in positions.ignored:
        raise InputError(
            f"{place}: data.ignore: column {roles.sequence} is data.sequence_column, and cannot be "
            "ignored"
        )
