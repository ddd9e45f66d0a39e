"""Suggestions and shortened values in error messages."""

from collections.abc import Collection
from difflib import get_close_matches


def shortened(value: object, max_length: int = 60) -> str:
    """Return a value as text, cut if it is long."""
    try:
        text = str(value)
    except ValueError:  # Python refuses to convert integers of thousands of digits.
        return "a number of thousands of digits"
    return text if len(text) <= max_length else text[: max_length - 3] + "..."


def suggest(word: str, choices: Collection[str], max_listed: int | None = None) -> str:
    """Return "did you mean ..." if `word` resembles one of `choices`, else list them.

    Parameters
    ----------
    word : str
        What was given.
    choices : collection of str
        What is valid.
    max_listed : int, optional
        How many of the choices are listed at most; all by default.
    """
    if near := get_close_matches(word, choices, n=1):
        return f"did you mean '{near[0]}'?"
    listed = list(choices)[:max_listed]
    return f"one of {', '.join(listed)}{', ...' if len(listed) < len(choices) else ''}"
