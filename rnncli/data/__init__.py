"""Data sets: synthetic tasks, file readers, targets, scaling and splits.

A new kind is a frozen dataclass with a literal ``kind``, its keys, and ``read(seed)`` that
returns a ``Partition``; it joins the union ``Data``.
"""

from rnncli.data.csv import Csv
from rnncli.data.npz import Npz
from rnncli.data.synthetic import SumSign

Data = SumSign | Csv | Npz

__all__ = ["Csv", "Data", "Npz", "SumSign"]
