"""The recurrent cells. To add one, write a class in a file of its own and a line in ``CELLS``."""

from rnncli.nn.cells.base import Cell
from rnncli.nn.cells.elman import Relu, Tanh
from rnncli.nn.cells.gru import GRU
from rnncli.nn.cells.lstm import LSTM
from rnncli.nn.cells.mingru import MinGRU
from rnncli.nn.cells.peephole import Peephole

CELLS: dict[str, type[Cell]] = {
    "tanh": Tanh,
    "relu": Relu,
    "lstm": LSTM,
    "gru": GRU,
    "peephole": Peephole,
    "mingru": MinGRU,
}

__all__ = ["CELLS", "GRU", "LSTM", "Cell", "MinGRU", "Peephole", "Relu", "Tanh"]
