"""Every config key as the dataclasses describe it: a list for people, a JSON schema for editors."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from rnncli.config import SCHEMA_FILE
from rnncli.config.schema import Config
from rnncli.datasets import Data
from rnncli.keys import Key

_WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}
_JSON = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}


@dataclass(frozen=True)
class Described:
    """One key for the reference.

    Attributes
    ----------
    key : str
        The dotted key, as in ``--set``.
    kinds : tuple of str
        The kinds of section that have it; empty where its section has no kinds.
    default : str
        As YAML; empty where it must be given. After it, what kinds of data prefer.
    values : str
        Type and range.
    meaning : str
        One phrase.
    """

    key: str
    kinds: tuple[str, ...]
    default: str
    values: str
    meaning: str


def schema_line() -> str:
    """Return the comment by which an editor finds the schema."""
    return f"# yaml-language-server: $schema={SCHEMA_FILE.as_uri()}"


def reference(prefix: str = "") -> list[Described]:
    """Return the keys that begin with `prefix`; kinds that agree on a key share an entry."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for key, kind, rest in _walk(Config, "", None):
        kinds = merged.setdefault((key, *rest), [])
        if kind is not None:
            kinds.append(kind)
    order = list(dict.fromkeys(key for key, *_ in merged))
    entries = sorted(merged.items(), key=lambda entry: order.index(entry[0][0]))
    return [
        Described(key, tuple(kinds), *rest)
        for (key, *rest), kinds in entries
        if key.startswith(prefix)
    ]


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a config."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A config of rnn",
        **_section_schema(Config, None),
    }


def _walk(
    section: Any, path: str, kind: str | None
) -> Iterator[tuple[str, str | None, tuple[str, str, str]]]:
    """Yield key, kind, and default, values and meaning of every key of a section."""
    preferred = _preferred()
    for item, options, key in _keys(section):
        name = f"{path}{item.name}"
        sections = [option for option in options if is_dataclass(option)]
        kinds = [option.kind for option in sections if hasattr(option, "kind")]
        if item.name == "kind":
            continue
        if kinds:
            values = f"one of {', '.join(kinds)}"
            yield f"{name}.kind", None, (_default(item)["kind"], values, key.meaning)
        for option in sections:
            yield from _walk(option, f"{name}.", getattr(option, "kind", None))
        if not sections:
            default = "" if _is_required(item) else _yaml(_default(item))
            default += preferred.get((name, kind), "")
            yield name, kind, (default, _values(options, key), key.meaning)


def _keys(section: Any) -> Iterator[tuple[Field[Any], tuple[Any, ...], Key]]:
    """Yield a section's keys: the field, its types, and its description."""
    hints = get_type_hints(section, include_extras=True)
    for item in sorted(fields(section), key=lambda item: item.name != "kind"):
        hint, key = hints[item.name], Key("")
        if get_origin(hint) is Annotated:
            hint, key = get_args(hint)
        yield item, get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,), key


def _preferred() -> dict[tuple[str, str | None], str]:
    """Return what kinds of data prefer to the defaults: "; gru for csv, npz", by key and kind."""
    found: dict[tuple[str, str | None], dict[str, list[str]]] = {}
    for option in get_args(Data):
        for name, kind, value in _flat(getattr(option, "defaults", {})):
            found.setdefault((name, kind), {}).setdefault(_yaml(value), []).append(option.kind)
    return {
        key: "".join(f"; {value} for {', '.join(kinds)}" for value, kinds in values.items())
        for key, values in found.items()
    }


def _flat(
    tree: dict[str, Any], path: str = "", kind: str | None = None
) -> Iterator[tuple[str, str | None, Any]]:
    """Yield key, kind of its section, and value."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.", value.get("kind"))
        elif key != "kind":
            yield path + key, kind, value


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING


def _default(item: Field[Any]) -> Any:
    """Return a key's default as a plain value."""
    value: Any = item.default
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _choices(options: tuple[Any, ...], key: Key) -> list[str]:
    literal = [word for option in options for word in get_args(option) if _is_literal(option)]
    return [*literal, *(key.choices or ())]


def _is_literal(option: Any) -> bool:
    return get_origin(option) is Literal


def _values(options: tuple[Any, ...], key: Key) -> str:
    """Return type and range in words."""
    choices, null = _choices(options, key), type(None) in options
    if choices:
        return f"one of {', '.join(choices)}{' or null' if null else ''}"
    words = [_WORDS.get(option, "list of texts") for option in options if option is not type(None)]
    bounds = key.range() if key != Key(key.meaning) else ""
    if key.pattern is not None:
        words = []
    return ", ".join(filter(None, [" or ".join(words), bounds])) + (" or null" if null else "")


def _section_schema(section: Any, default_kind: str | None) -> dict[str, Any]:
    """Return the schema of a section; only the default's kind need not be given."""
    properties = {
        item.name: _key_schema(item, options, key) for item, options, key in _keys(section)
    }
    required = [item.name for item, _, _ in _keys(section) if _is_required(item)]
    if getattr(section, "kind", default_kind) != default_kind:
        required.insert(0, "kind")
    return {
        "type": "object",
        "description": (section.__doc__ or "").partition("\n")[0],
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _key_schema(item: Field[Any], options: tuple[Any, ...], key: Key) -> dict[str, Any]:
    described: dict[str, Any] = {"description": key.meaning} if key.meaning else {}
    if any(map(is_dataclass, options)):
        if len(options) == 1:
            return _section_schema(options[0], None)
        usual = _default(item)["kind"]
        return described | {"oneOf": [_section_schema(option, usual) for option in options]}
    if item.name == "kind":
        return {"const": item.default}
    if not _is_required(item):
        described["default"] = item.default
    choices: list[str | None] = [*_choices(options, key)]
    null = type(None) in options
    if choices:
        return described | {"enum": choices + [None] * null}
    types = [_JSON.get(option, "array") for option in options if option is not type(None)]
    types += ["null"] * null
    bounds = {
        "minimum": key.minimum,
        "maximum": key.maximum,
        "exclusiveMinimum": key.above,
        "exclusiveMaximum": key.below,
        "pattern": None if key.pattern is None else f"^{key.pattern}$",
    }
    described |= {"type": types[0] if len(types) == 1 else types}
    if "array" in types:
        described["items"] = {"type": "string"}
    return described | {name: bound for name, bound in bounds.items() if bound is not None}
