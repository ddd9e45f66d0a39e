"""What the doctor says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or looks so.

    Attributes
    ----------
    check : str
        The check that found it.
    measured, meaning, change : str
        What was measured, what it means, and what to change: a key of the config or the file.
    """

    check: str
    measured: str
    meaning: str
    change: str
