"""The array type of the core; float32, float64 and complex128 run through the same code."""

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
