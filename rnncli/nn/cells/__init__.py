"""The recurrent cells. A new one is a class in a file of its own and a line in ``CELLS``."""

from rnncli.nn.cells.layer import Layer
from rnncli.nn.cells.tanh import Tanh

CELLS: dict[str, type[Layer]] = {"tanh": Tanh}

__all__ = ["CELLS", "Layer"]
