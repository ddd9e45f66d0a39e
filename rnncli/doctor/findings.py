"""What a check reports."""

from dataclasses import dataclass
from typing import NamedTuple


class Problem(NamedTuple):
    """A problem that a check has found.

    Attributes
    ----------
    measured : str
        What was measured.
    meaning : str
        What that means for the training.
    change : str
        What to change: a key of the config, or the data file.
    """

    measured: str
    meaning: str
    change: str


@dataclass(frozen=True)
class Finding:
    """A problem, with the name of the check that found it; see `Problem` for the attributes."""

    check: str
    measured: str
    meaning: str
    change: str
