"""Data sets: synthetic tasks, file readers, targets, scaling and splits.

A new kind is a frozen dataclass with a literal ``kind``, its keys, and ``read(seed)`` that
returns a ``Splits``; it joins the union ``Data``.
"""

from rnncli.datasets.csv import Csv
from rnncli.datasets.npz import Npz
from rnncli.datasets.series import Series
from rnncli.datasets.synthetic import Adding, Copy, Parity, SumSign, TemporalOrder
from rnncli.datasets.ts import Ts

Data = SumSign | Adding | Copy | Parity | TemporalOrder | Csv | Npz | Ts | Series

__all__ = [
    *("Csv", "Data", "Npz", "Series", "SumSign", "Ts"),
    *("Adding", "Copy", "Parity", "TemporalOrder"),
]
