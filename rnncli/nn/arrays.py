"""The array type of the core; float32, float64 and complex128 run through the same code."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FLOATS = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}
