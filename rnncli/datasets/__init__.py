"""Data sets: synthetic tasks, formats and arrangements of files, targets, scaling and splits.

A new kind is a frozen dataclass with a literal ``kind`` and its keys, which joins `SyntheticTask`
or `FileFormat`; config, help and tests derive from `DATA`.
"""

from typing import get_args

from rnncli.datasets.formats import FileFormat
from rnncli.datasets.formats.csv import Csv
from rnncli.datasets.formats.npz import Npz
from rnncli.datasets.formats.parquet import Parquet
from rnncli.datasets.formats.ts import Ts
from rnncli.datasets.grammar_data import GrammarWords
from rnncli.datasets.series import Series
from rnncli.datasets.synthetic import SyntheticTask
from rnncli.datasets.text_file import TextFile

Data = SyntheticTask | FileFormat | Series | TextFile | GrammarWords

# The config section of each kind of data.
DATA: dict[str, type[Data]] = {section.kind: section for section in get_args(Data)}

__all__ = [
    "DATA",
    "Csv",
    "Data",
    "FileFormat",
    "GrammarWords",
    "Npz",
    "Parquet",
    "Series",
    "SyntheticTask",
    "TextFile",
    "Ts",
]
