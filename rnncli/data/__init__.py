"""Data sets: synthetic tasks, file readers, targets, scaling and splits.

A new kind is a frozen dataclass with a literal ``kind``, its keys, and ``read(seed)`` that
returns a ``Partition``; it joins the union ``Data``.
"""

from rnncli.data.csv import Csv
from rnncli.data.npz import Npz
from rnncli.data.series import Series
from rnncli.data.synthetic import Adding, Copy, Parity, SumSign, TemporalOrder
from rnncli.data.ts import Ts

Data = SumSign | Adding | Copy | Parity | TemporalOrder | Csv | Npz | Ts | Series

__all__ = [
    *("Csv", "Data", "Npz", "Series", "SumSign", "Ts"),
    *("Adding", "Copy", "Parity", "TemporalOrder"),
]
