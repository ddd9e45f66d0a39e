"""Parquet: typed columns, read with pyarrow (extra ``parquet``)."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import Any, ClassVar, Literal

from rnncli.datasets.dialect import Dialect
from rnncli.datasets.table import Row, Table
from rnncli.datasets.table_data import TableData
from rnncli.errors import InputError, unreadable

_ROWS_PER_BATCH = 1 << 12
# Repeated values take almost no space: a file may always hold this many cells, and beyond that at
# most this many per byte.
_ALWAYS_ALLOWED, _LARGEST_RATIO = 1 << 26, 200


@dataclass(frozen=True, kw_only=True)
class Parquet(TableData):
    """The config section ``data`` of kind parquet."""

    extensions: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    kind: Literal["parquet"] = "parquet"

    @classmethod
    @contextmanager
    def open_table(cls, path: Path, dialect: Dialect) -> Iterator[Table]:
        """Open a file as a table; rows are counted from 1, and the dialect is ignored."""
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise InputError(f"{path}: needs pyarrow; pip install 'rnncli[parquet]'") from None
        try:
            _check_regular(path)
            with parquet.ParquetFile(path) as file:
                _check_size(path, file.metadata)
                yield Table(str(path), _rows(file, path), tuple(file.schema_arrow.names), "row")
        except (pyarrow.ArrowException, UnicodeDecodeError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise InputError(f"{path}: is not a valid Parquet file ({reason})") from None
        except OSError as error:
            if error.errno is None:  # raised by pyarrow for damaged content
                raise InputError(f"{path}: is not a valid Parquet file ({error})") from None
            raise unreadable(path, error) from None


def _check_regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError(f"{path}: is not a regular file; a Parquet file was expected")


def _check_size(path: Path, metadata: Any) -> None:
    """Raise `InputError` for a file that claims far more cells than its size justifies."""
    cells = metadata.num_rows * metadata.num_columns
    if cells > max(_ALWAYS_ALLOWED, _LARGEST_RATIO * path.stat().st_size):
        raise InputError(
            f"{path}: claims {cells} cells in {path.stat().st_size} bytes; write it without "
            "dictionary encoding and compression, if you trust it"
        )


def _rows(file: Any, path: Path) -> Iterator[Row]:
    """Yield number and cells of each row."""
    number = 0
    for batch in file.iter_batches(_ROWS_PER_BATCH):
        columns = [
            _texts(column, f"{path}: column {name}")
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        for cells in zip(*columns, strict=True):
            number += 1
            yield number, list(cells)


def _texts(column: Any, place: str) -> list[str]:
    try:
        return [_text(value) for value in column.to_pylist()]
    except (TypeError, ValueError) as error:
        raise InputError(f"{place}: {error}") from None


def _text(value: Any) -> str:
    """Return a value as in CSV; a missing one is empty."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return repr(float(value) if isinstance(value, float) else int(value))
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"holds values of type {type(value).__name__}; numbers or text were expected")
