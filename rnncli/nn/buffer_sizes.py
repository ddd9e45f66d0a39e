"""How much memory the arrays of an object take."""

from typing import Any

import numpy as np


def bytes_of_arrays(root: object) -> int:
    """Return the bytes of all arrays that an object reaches; views of one array count once.

    Arrays in mapped files do not count.
    """
    owners: dict[int, int] = {}
    visited: set[int] = set()
    pending: list[Any] = [root]
    while pending:
        value = pending.pop()
        if id(value) in visited:
            continue
        visited.add(id(value))
        if isinstance(value, np.ndarray):
            while isinstance(value.base, np.ndarray):
                value = value.base
            owners[id(value)] = 0 if isinstance(value, np.memmap) else value.nbytes
        elif isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            pending.extend(vars(value).values())
    return sum(owners.values())
