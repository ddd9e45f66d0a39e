"""Numbers in text, strictly: plain decimal notation in ASCII, and not too large to calculate."""

import re

# Far beyond any measurement, and far enough below the largest float32 to calculate with.
LARGEST = 1e30
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_OTHER_CHARACTERS = re.compile(r"[^0-9eE+\-. \t]")
_MOST_SHOWN = 40


def number(text: str) -> float:
    """Return the number in a text, or raise ``ValueError`` with what is wrong.

    Refused are an empty text, NaN, infinity, ``1_000``, digits of other scripts and commas.
    """
    if not text.strip():
        raise ValueError("is empty; a number was expected")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a number; write it like 0.5 or 1e-3")
    value = float(text)
    if abs(value) > LARGEST:
        raise ValueError(f"{_shown(text)} is too large; the largest number is {LARGEST:g}")
    return value


def numbers(cells: list[str]) -> list[float]:
    """Return the numbers in all cells, or raise ``ValueError``; `number` for many, but faster."""
    if _OTHER_CHARACTERS.search(" ".join(cells)):
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


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "...")
