"""The formats of files with labelled sequences.

A format is one module with one frozen dataclass, its config section, which joins `FileFormat`.
"""

from pathlib import Path
from typing import get_args

from rnncli.datasets.formats.csv import Csv
from rnncli.datasets.formats.npz import Npz
from rnncli.datasets.formats.parquet import Parquet
from rnncli.datasets.formats.ts import Ts
from rnncli.datasets.table_data import TableData
from rnncli.errors import InputError

FileFormat = Csv | Npz | Parquet | Ts

BY_EXTENSION: dict[str, type[FileFormat]] = {
    extension: section for section in get_args(FileFormat) for extension in section.extensions
}


def extension_of(path: str | Path) -> str:
    """Return a file's extension in lower case, ignoring a final ``.gz``."""
    return Path(str(path).lower().removesuffix(".gz")).suffix


def format_of(path: str | Path) -> type[FileFormat]:
    """Return the format of a file by its extension; CSV if that is not known."""
    return BY_EXTENSION.get(extension_of(path), Csv)


def table_format_of(path: str | Path, key: str = "") -> type[TableData]:
    """Return the format of a table; raise `InputError`, with the key, if it is another file."""
    section = format_of(path)
    if not issubclass(section, TableData):
        raise InputError(f"{key}{path}: is not a table; a CSV or Parquet file was expected")
    return section
