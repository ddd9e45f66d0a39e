"""Config sections that are told apart by their ``kind``.

A family of interchangeable classes, such as the optimizers, is a table from kind to class. Each
class is a frozen dataclass with a field ``kind`` that has a literal type and a default. Marked with
`ByKind`, a key accepts one of them as a section, ``{kind: sgd, momentum: 0.9}``, or as the name of
its kind alone, ``sgd``, which is short for ``{kind: sgd}``. A tuple of such items accepts a list.
"""

from collections.abc import Mapping, Sequence
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
    >>> augmentation: tuple[Annotated[Augmentation, ByKind(AUGMENTATIONS)], ...] = ()
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


class OneOrList:
    """Marks a key whose value is one of several names, or a list of them without duplicates.

    A list of one is the name alone, so that a choice has one form.

    Parameters
    ----------
    names : sequence of str
        The names.

    Examples
    --------
    >>> pooling: Annotated[Pooling | tuple[Pooling, ...], OneOrList(get_args(Pooling))] = "last"
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        name = core_schema.literal_schema(list(self.names))
        names = core_schema.tuple_variable_schema(name)
        # The tag tells which of the two is meant, so that a mistake has one message.
        either = core_schema.tagged_union_schema({"name": name, "list": names}, _name_or_list)
        return core_schema.no_info_after_validator_function(self._checked, either)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        name = {"enum": list(self.names), "type": "string"}
        return {
            "anyOf": [name, {"type": "array", "items": name, "minItems": 1, "uniqueItems": True}]
        }

    def _checked(self, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if isinstance(value, str):
            return value
        if not value:
            raise ValueError(f"is an empty list; one or several of {', '.join(self.names)}")
        for number, name in enumerate(value):
            if name in value[:number]:
                raise ValueError(f"{name} is in the list twice; keep one")
        return value if len(value) > 1 else value[0]


def _name_or_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "name"


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
