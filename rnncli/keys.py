"""The description of one config key: what it means and which values it takes.

A config dataclass writes ``hidden_size: Annotated[int, Key("units in a layer", minimum=1)] = 32``;
validation, error texts and the config reference are derived from that one line.
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Key:
    """Meaning and range of a config key.

    Parameters
    ----------
    meaning : str
        One phrase for the reference.
    minimum, maximum : float, optional
        Inclusive bounds.
    above, below : float, optional
        Exclusive bounds.
    choices : collection of str, optional
        The permitted values.
    pattern : str, optional
        A regular expression for the whole of a text.
    by_kind : bool
        Whether the value is one of several sections, told apart by their ``kind``.
    """

    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    choices: Collection[str] | None = None
    pattern: str | None = None
    by_kind: bool = False

    def check(self, value: Any) -> Any:
        """Return `value`, or raise ``ValueError`` with what is wrong and what would be right."""
        if self.choices is not None and isinstance(value, str) and value not in self.choices:
            raise ValueError(f"'{value}' is not known; {suggest(value, self.choices)}")
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise ValueError(f"{value!r} is not allowed; {self.range()}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{value} is not a finite number; {self.range()}")
            if (
                (self.minimum is not None and value < self.minimum)
                or (self.maximum is not None and value > self.maximum)
                or (self.above is not None and value <= self.above)
                or (self.below is not None and value >= self.below)
            ):
                raise ValueError(f"{shortened(value)} is out of range; {self.range()}")
        return value

    def range(self) -> str:
        """Return the permitted values in words."""
        if self.choices is not None:
            return "one of " + ", ".join(self.choices)
        if self.pattern is not None:
            return f"text that matches {self.pattern}"
        bounds = (
            ("at least", self.minimum),
            ("above", self.above),
            ("at most", self.maximum),
            ("below", self.below),
        )
        words = [f"{word} {bound}" for word, bound in bounds if bound is not None]
        return " and ".join(words) or "any finite number"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        from pydantic import Field
        from pydantic_core import core_schema

        if self.by_kind:
            return handler.generate_schema(Annotated[source, Field(discriminator="kind")])
        return core_schema.no_info_after_validator_function(self.check, handler(source))


def shortened(value: object, most: int = 60) -> str:
    """Return a value as text, cut where it is long."""
    try:
        text = str(value)
    except ValueError:  # Python does not write out whole numbers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= most else text[: most - 3] + "..."


def suggest(word: str, choices: Collection[str]) -> str:
    """Return "did you mean ..." when `word` is near one of `choices`, else all of them."""
    near = get_close_matches(word, choices, n=1)
    return f"did you mean '{near[0]}'?" if near else "one of " + ", ".join(choices)
