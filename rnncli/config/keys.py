"""The keys of the config's sections: types, ranges, choices and meaning, from their classes.

Error messages and the key reference take their words from here.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from rnncli.sections import ByKind, is_required

_TYPES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    Path: "a path",
    tuple[float, ...]: "a list of numbers",
    tuple[str, ...]: "a list of strings",
    tuple[int | str, ...]: "a list of strings and whole numbers",
}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


@dataclass(frozen=True)
class Key:
    """One key of a section.

    Attributes
    ----------
    name : str
        Without the section's name.
    required : bool
        Whether it has no default.
    default : object
        The default value; None if the key is required.
    meaning : str
        One phrase; empty for a section.
    types : tuple
        The types that its value may have, except None.
    nullable : bool
        Whether its value may be None.
    bounds : dict of str to number
        The bounds of a number, by their words: ``{"at least": 1}``.
    pattern : str or None
        The regular expression that a string must match.
    section : type or None
        The dataclass of its value, if that is a section of one kind only.
    table : mapping of str to type, or None
        The classes by kind, if its value is a section chosen by kind, or a list of such sections.
    is_section_list : bool
        Whether its value is a list of sections.
    """

    name: str
    required: bool
    default: Any
    meaning: str
    types: tuple[Any, ...]
    nullable: bool
    bounds: dict[str, float]
    pattern: str | None
    section: type | None
    table: Mapping[str, type] | None
    is_section_list: bool

    @property
    def choices(self) -> list[str]:
        """The allowed words, alone or in a list; empty if other values are allowed too."""
        return [word for option in self.types for word in get_args(option) if _is_literal(option)]

    @property
    def accepts_list(self) -> bool:
        """Whether the value may be a list of the choices."""
        return bool(self.choices) and any(get_origin(option) is tuple for option in self.types)

    @property
    def list_choices(self) -> tuple[str, ...]:
        """The allowed words of a list; empty if the value is something else."""
        return tuple(word for option in self.types for word in _words_of_list(option))

    def type_in_words(self) -> str:
        """Return the type of the value, such as "a whole number or null"."""
        if self.is_section_list:
            return "a list of sections"
        if self.section is not None or self.table is not None:
            return "a section with keys"
        words = [_in_words(option) for option in self.types]
        return " or ".join(words + (["null"] if self.nullable else []))

    def range_in_words(self) -> str:
        """Return the range of the value, such as "at least 1 and below 8"; empty without one."""
        if self.pattern is not None:
            return f"a string that matches {self.pattern.removeprefix('^').removesuffix('$')}"
        return " and ".join(f"{word} {bound}" for word, bound in self.bounds.items())

    def values_in_words(self) -> str:
        """Return the type and the range of a value that is not a section.

        They have no articles, as in "number, above 0, or null".
        """
        if self.is_section_list:
            return "list of sections"
        null = ", or null" if self.nullable else ""
        if self.choices:
            several = ", or a list of them" if self.accepts_list else ""
            return f"one of {', '.join(self.choices)}{several}{null}"
        if self.pattern is not None:
            return f"{self.range_in_words()}{null}".removeprefix("a ")
        words = [_in_words(option).removeprefix("a ") for option in self.types]
        if self.bounds:
            return f"{' or '.join(words)}, {self.range_in_words()}{null}"
        return " or ".join(words + (["null"] if self.nullable else []))


@cache
def keys_of(section: type) -> dict[str, Key]:
    """Return the keys of a section's class by name, ``kind`` first."""
    hints = get_type_hints(section, include_extras=True)
    items = sorted(fields(section), key=lambda item: item.name != "kind")
    return {item.name: _key(item, hints[item.name]) for item in items}


def _key(item: Field[Any], hint: Any) -> Key:
    """Return the key that a field of a section describes."""
    info = FieldInfo.from_annotation(hint)
    is_union = get_origin(info.annotation) in (Union, UnionType)
    options = get_args(info.annotation) if is_union else (info.annotation,)
    types = tuple(option for option in options if option is not NoneType)
    items = get_args(types[0])[0] if get_origin(types[0]) is tuple else None
    marks = [*info.metadata, *getattr(items, "__metadata__", ())]
    table = next((mark.table for mark in marks if isinstance(mark, ByKind)), None)
    patterns = [mark.pattern for mark in info.metadata if getattr(mark, "pattern", None)]
    required = is_required(item)
    return Key(
        name=item.name,
        required=required,
        default=None if required else item.default,
        meaning=info.description or "",
        types=types,
        nullable=NoneType in options,
        bounds={
            word: getattr(mark, name)
            for name, word in _BOUNDS.items()
            for mark in info.metadata
            if hasattr(mark, name)
        },
        pattern=patterns[0] if patterns else None,
        section=types[0] if table is None and _is_section(types[0]) else None,
        table=table,
        is_section_list=table is not None and items is not None,
    )


def _in_words(option: Any) -> str:
    words = _words_of_list(option)
    return f"a list of {', '.join(words)}" if words else _TYPES[option]


def _words_of_list(option: Any) -> tuple[str, ...]:
    """Return the words of which a type is a list; empty for other types."""
    item = get_args(option)[0] if get_origin(option) is tuple else None
    return get_args(item) if _is_literal(item) else ()


def _is_section(option: Any) -> bool:
    return is_dataclass(option)


def _is_literal(option: Any) -> bool:
    return get_origin(option) is Literal
