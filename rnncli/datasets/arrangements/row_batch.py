"""Rows of a table, one sequence per row, on their way to becoming sequences."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnncli.datasets.sequences import Sequences
from rnncli.datasets.table import Table, label_in
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.errors import InputError
from rnncli.nn.arrays import Array


@dataclass
class RowBatch:
    """The rows of the next batch, with their labels and ids where the table has them."""

    rows: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def add(
        self,
        row: int,
        cells: Sequence[str],
        label: int | None,
        id_column: int | None,
        place: Callable[[int], str],
    ) -> None:
        """Add a row.

        Parameters
        ----------
        row : int
            Its number in the table.
        cells : sequence of str
            Its cells.
        label, id_column : int or None
            The columns of the label and of the id.
        place : callable
            Returns the place of a column of this row, for messages.

        Raises
        ------
        InputError
            The label is invalid.
        """
        self.rows.append(row)
        if label is not None:
            try:
                self.labels.append(label_in(cells[label]))
            except ValueError as problem:
                raise InputError(f"{place(label)}: {problem}") from None
        if id_column is not None:
            self.ids.append(cells[id_column].strip())

    def sequences(
        self,
        x: Array,
        lengths: Array | None,
        table: Table,
        id_name: str,
        vocabulary: Vocabulary | None = None,
    ) -> Sequences:
        """Return the batch as sequences, given the inputs and the lengths of its rows."""
        return Sequences(
            x,
            np.array(self.labels) if self.labels else None,
            table.source,
            self.rows,
            table.unit,
            lengths,
            ids=np.array(self.ids) if self.ids else None,
            id_name=id_name,
            vocabulary=vocabulary,
        )


def id_name(names: Sequence[str] | None, column: int | None) -> str:
    """Return the name of the id column; ``id`` if it has none."""
    return "id" if names is None or column is None else names[column] or "id"
