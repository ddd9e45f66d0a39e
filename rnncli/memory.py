"""The memory budget: how much memory a command may use, checked before anything large is allocated.

The environment variable ``RNN_MAX_MEMORY`` sets it, in bytes or as ``500M`` or ``2G``. The default
is half of the physical memory, or half of the limit of the control group if that is lower.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from rnncli.errors import InputError

T = TypeVar("T")

VARIABLE = "RNN_MAX_MEMORY"
# Smaller allocations are not checked: measuring the memory in use takes about 20 us.
_UNCHECKED_BYTES = 1 << 24
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?|\d{1,20})([kKmMgGtT]?)(?:i?[bB])?", re.ASCII)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
# The files that contain the memory limit of a control group, in version 2 and in version 1.
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def max_memory() -> int:
    """Return how many bytes the process may use.

    Raises
    ------
    InputError
        ``RNN_MAX_MEMORY`` is not a size.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return available_memory() // 2
    match = _SIZE.fullmatch(text)
    if match is None or not float(match[1]):
        raise InputError(f"{VARIABLE}: '{text}' is not a size; bytes, or such as 500M or 2G")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def available_memory() -> int:
    """Return how many bytes of memory the machine has, or its control group allows."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _CGROUP_LIMITS:
        # Without a limit, version 2 has the word "max" there.
        with suppress(OSError, ValueError):
            limits.append(int(Path(path).read_text()))
    return min(limits)


def memory_in_use() -> int:
    """Return how many bytes the process uses, apart from mapped files; 0 where that is unknown."""
    with suppress(OSError), open("/proc/self/statm", "rb") as file:
        _, resident, shared, *_ = file.read().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def require_memory(num_bytes: int, purpose: str, remedy: str) -> None:
    """Check that the budget allows an allocation.

    Parameters
    ----------
    num_bytes : int
        The size of the allocation, which comes on top of the memory in use.
    purpose : str
        What it is for: the file, the config key or the option, and what is to be held in memory.
    remedy : str
        What would need less.

    Raises
    ------
    InputError
        The budget does not allow it.
    """
    if num_bytes >= _UNCHECKED_BYTES:
        _check(memory_in_use() + num_bytes, max_memory(), purpose, remedy)


def within_memory(items: Iterable[T], every: int, purpose: str, remedy: str) -> Iterator[T]:
    """Yield items that the caller keeps, as long as the budget allows the memory in use.

    Parameters
    ----------
    items : iterable
        The items.
    every : int
        The number of items between two measurements of the memory.
    purpose, remedy : str
        See `require_memory`.

    Raises
    ------
    InputError
        The budget is exceeded.
    """
    limit = max_memory()
    for number, item in enumerate(items, 1):
        yield item
        if number % every == 0:
            _check(memory_in_use(), limit, purpose, remedy)


def _check(num_bytes: int, limit: int, purpose: str, remedy: str) -> None:
    if num_bytes > limit:
        raise InputError(
            f"{purpose}: needs at least {format_size(num_bytes)} of memory; the limit is "
            f"{format_size(limit)}; {remedy}, or raise {VARIABLE}"
        )


def format_size(num_bytes: float) -> str:
    """Return a number of bytes as ``3.2 GB`` or ``120 MB``."""
    return f"{num_bytes / 1e9:.3g} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.3g} MB"
