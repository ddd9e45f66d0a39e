"""Strict parsing of numbers: plain decimal notation in ASCII, of limited magnitude."""

import re
from collections.abc import Sequence

# Far beyond any measurement, and small enough for calculations in float32.
LARGEST = 1e30
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_CHARACTERS = b"0123456789eE+-. \t"
_MAX_SHOWN = 40


def number(text: str) -> float:
    """Return the number in a text; raise `ValueError` with a description if there is none.

    Empty text, NaN, infinity, ``1_000``, digits of other scripts and commas are refused.
    """
    if not text.strip():
        raise ValueError("is empty; a number was expected")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a number; write it like 0.5 or 1e-3")
    value = float(text)
    if abs(value) > LARGEST:
        raise ValueError(f"{_shown(text)} is too large; the largest number is {LARGEST:g}")
    return value


def numbers(cells: Sequence[str]) -> list[float]:
    """Return the numbers in all cells, faster than `number`; raise `ValueError` if one has none."""
    if "".join(cells).encode(errors="replace").translate(None, _CHARACTERS):
        raise ValueError("not all are numbers")
    values = list(map(float, cells))
    if values and (max(values) > LARGEST or min(values) < -LARGEST):
        raise ValueError("a number is too large")
    return values


def is_number(text: str) -> bool:
    """Return whether `number` accepts the text."""
    try:
        number(text)
    except ValueError:
        return False
    return True


def are_numbers(cells: Sequence[str]) -> bool:
    """Return whether `number` accepts all cells."""
    try:
        numbers(cells)
    except ValueError:
        return all(map(is_number, cells))
    return True


def _shown(text: str) -> str:
    """Return a quoted text, shortened for a message."""
    return repr(text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "...")
