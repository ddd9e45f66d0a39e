"""Config sections that are told apart by their ``kind``.

A family of interchangeable classes, such as the optimizers, is a table from kind to class. Each
class is a frozen dataclass with a field ``kind`` that has a literal type and a default. Marked with
`ByKind`, a key accepts one of them as a section, ``{kind: sgd, momentum: 0.9}``, or as the name of
its kind alone, ``sgd``, which is short for ``{kind: sgd}``.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

# What precedes the kind in pydantic's tag of a section that is given by its name alone.
_NAME = "the name "


class ByKind:
    """Marks a key whose value is one of several sections, chosen by ``kind``.

    Parameters
    ----------
    table : mapping of str to type
        The classes by kind. It is read whenever a validator is built, so that a class added later
        is accepted after `clear_adapters`.

    Examples
    --------
    >>> optimizer: Annotated[Optimizer, ByKind(OPTIMIZERS)] = Adam()
    """

    def __init__(self, table: Mapping[str, type]) -> None:
        self.table = table

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        sections = {kind: handler.generate_schema(option) for kind, option in self.table.items()}
        # A name has a choice of its own: pydantic validates strictly what a validator function
        # returns, so that a function in front of every choice would reject lists for tuples.
        names = {
            _NAME + kind: core_schema.no_info_before_validator_function(_section, section)
            for kind, section in sections.items()
        }
        return core_schema.tagged_union_schema(sections | names, _tag)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        names = [
            kind
            for kind, option in self.table.items()
            if not any(is_required(item) for item in fields(option))
        ]
        choices = cast(core_schema.TaggedUnionSchema, schema)["choices"]
        sections = [handler(choices[kind]) for kind in self.table]
        return {"anyOf": [*([{"enum": names}] if names else []), *sections]}


def _section(name: str) -> dict[str, str]:
    return {"kind": name}


def _tag(value: Any) -> str | None:
    """Return the tag of the choice that validates a value; None if the value has no kind."""
    if isinstance(value, str):
        return _NAME + value
    kind = kind_of(value)
    return None if kind is None or kind.startswith(_NAME) else kind


def kind_of_tag(tag: str) -> str:
    """Return the kind of a choice that pydantic names in the location of an error."""
    return tag.removeprefix(_NAME)


def kind_of(value: Any) -> str | None:
    """Return the kind that a name, a mapping or a section gives; None if it gives none."""
    kind = value
    if not isinstance(value, str):
        kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) else None


def is_required(item: Field[Any]) -> bool:
    """Return whether a field of a section has no default."""
    return item.default is MISSING


def plain(value: Any) -> Any:
    """Return a section as plain values, as YAML and JSON have them.

    The kind comes first, and a section with no field besides it becomes its name. Paths become
    text and tuples become lists.
    """
    if is_dataclass(value) and not isinstance(value, type):
        names = sorted((item.name for item in fields(value)), key=lambda name: name != "kind")
        tree = {name: plain(getattr(value, name)) for name in names}
        return tree["kind"] if names == ["kind"] else tree
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


@cache
def adapter(section: Any) -> TypeAdapter[Any]:
    """Return the validator of a class, built once."""
    return TypeAdapter(section)


def clear_adapters() -> None:
    """Discard all validators, so that they include a class that was added to a table."""
    adapter.cache_clear()
