"""How much memory the arrays of an object take."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncli.nn.arrays import Array

# About what a view takes besides the memory of its array, in a list of tuples.
_BYTES_OF_VIEW = 180


def bytes_of_arrays(root: object) -> int:
    """Return the bytes of all arrays that an object reaches; views of one array count once.

    Arrays in mapped files do not count.
    """
    owners: dict[int, int] = {}
    for array in _arrays(root):
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        owners[id(owner)] = 0 if isinstance(owner, np.memmap) else owner.nbytes
    return sum(owners.values())


def bytes_of_views(root: object) -> int:
    """Return about how many bytes all array objects take that an object reaches, as objects."""
    return _BYTES_OF_VIEW * sum(1 for _ in _arrays(root))


def _arrays(root: object) -> Iterator[Array]:
    """Yield every array object that an object reaches, once."""
    visited: set[int] = set()
    pending: list[Any] = [root]
    while pending:
        value = pending.pop()
        if id(value) in visited:
            continue
        visited.add(id(value))
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            pending.extend(vars(value).values())
