"""What a proposal is made of: hints from the user, keys with comments, and what was seen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

FileKind = Literal["csv", "npz", "ts", "series"]


@dataclass(frozen=True)
class Hints:
    """What the user says of the file; None where it is to be found out."""

    kind: str | None = None
    input_size: int | None = None
    label_column: str | None = None
    sequence_column: str | None = None
    label_path: Path | None = None


@dataclass(frozen=True)
class Entry:
    """One key of the proposal, with the comment that stands behind it."""

    key: str
    value: Any
    comment: str = ""


@dataclass
class Proposal:
    """What was seen, what is not certain, and the keys of each section.

    Attributes
    ----------
    seen, unsure : list of str
        One line each.
    data, model, training : list of Entry
        The keys, in order.
    """

    seen: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    data: list[Entry] = field(default_factory=list)
    model: list[Entry] = field(default_factory=list)
    training: list[Entry] = field(default_factory=list)
