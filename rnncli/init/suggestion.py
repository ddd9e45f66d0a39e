"""A suggested config before it is written, and the hints of the user."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Hints:
    """What the user states about the file; None where it is to be guessed."""

    kind: str | None = None
    input_size: int | None = None
    label_column: str | None = None
    sequence_column: str | None = None
    label_path: Path | None = None


@dataclass(frozen=True)
class SuggestedKey:
    """One key of the suggested config, with a comment for the same line."""

    key: str
    value: Any
    comment: str = ""


@dataclass
class Suggestion:
    """What was found in a file, what is uncertain, and the keys of each section.

    Attributes
    ----------
    findings, uncertainties : list of str
        One line each.
    data, model, training : list of SuggestedKey
        The keys, in order.
    """

    findings: list[str] = field(default_factory=list)
    uncertainties: list[str] = field(default_factory=list)
    data: list[SuggestedKey] = field(default_factory=list)
    model: list[SuggestedKey] = field(default_factory=list)
    training: list[SuggestedKey] = field(default_factory=list)


def or_others(kinds: Iterable[str], chosen: str) -> str:
    """Return a comment that names the kinds that could be chosen instead."""
    return f"or {', '.join(kind for kind in kinds if kind != chosen)}"


def missing_keys(suggestion: Suggestion, count: int) -> list[SuggestedKey]:
    """Return the key `missing` where values are missing, and add their number to the findings."""
    if not count:
        return []
    suggestion.findings.append(f"{count:,} missing values")
    return [SuggestedKey("missing", "last", "the value before; or mean, zero, error")]
