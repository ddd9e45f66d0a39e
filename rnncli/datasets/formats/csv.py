"""CSV files: text with one row per line, with any separator and decimal mark."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rnncli.datasets.dialect import Decimal, Dialect, Separator
from rnncli.datasets.formats.csv_text import csv_table, dialect_to_store
from rnncli.datasets.table import Table
from rnncli.datasets.table_data import TableData
from rnncli.datasets.untrusted.lines import open_lines


@dataclass(frozen=True, kw_only=True)
class Csv(TableData):
    """The config section ``data`` of kind csv; the files may be compressed with gzip."""

    extensions: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")

    kind: Literal["csv"] = "csv"
    header: Annotated[
        bool | None,
        Field(description="whether the first row holds names; null to detect it"),
    ] = None
    separator: Annotated[
        Separator | None, Field(description="what separates cells; null to detect it")
    ] = None
    decimal: Annotated[
        Decimal | None, Field(description="the decimal mark of numbers; null to detect it")
    ] = None

    @classmethod
    @contextmanager
    def open_table(cls, path: Path, dialect: Dialect) -> Iterator[Table]:
        """Open a file as a table."""
        with open_lines(path) as lines:
            yield csv_table(lines, str(path), dialect)

    @classmethod
    def dialect_of(cls, path: Path, declared: Dialect) -> Dialect:
        """Return the dialect of a file, detected where it is not declared."""
        with open_lines(path) as lines:
            return dialect_to_store(lines, str(path), declared)

    @property
    def dialect(self) -> Dialect:
        """The separator and the decimal mark as declared."""
        return Dialect(self.separator, self.decimal)

    @property
    def has_header(self) -> bool | None:
        """Whether the first row holds names; if None, inferred from the content."""
        return self.header
