"""The reference of all config keys, for the command line and the guide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rnncli.config.config import Config
from rnncli.config.keys import Key, keys_of
from rnncli.config.tree import flatten
from rnncli.config.yaml12 import flow
from rnncli.datasets import DATA
from rnncli.sections import kind_of, plain


@dataclass(frozen=True)
class KeyReference:
    """One key of the config as the reference shows it.

    Attributes
    ----------
    key : str
        The dotted key, as in ``--set``.
    kinds : tuple of str
        The kinds of its section that have the key; empty if the section has no kinds.
    default : str
        As YAML; empty if the key is required. Defaults of some kinds of data follow it.
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


def reference(prefix: str = "") -> list[KeyReference]:
    """Return the keys that begin with `prefix`; kinds with the same key share an entry."""
    kinds_of: dict[tuple[str, str, str, str], list[str]] = {}
    for entry in _walk(Config, ""):
        kinds = kinds_of.setdefault((entry.key, entry.default, entry.values, entry.meaning), [])
        kinds += entry.kinds
    order = list(dict.fromkeys(key for key, *_ in kinds_of))
    entries = sorted(kinds_of.items(), key=lambda entry: order.index(entry[0][0]))
    return [
        KeyReference(key, tuple(kinds), default, values, meaning)
        for (key, default, values, meaning), kinds in entries
        if key.startswith(prefix)
    ]


def markdown_reference() -> str:
    """Return the reference as Markdown, a table for each section."""
    sections: dict[str, list[KeyReference]] = {}
    for entry in reference():
        sections.setdefault(entry.key.rpartition(".")[0], []).append(entry)
    return "\n".join(
        f"## {f'Section `{section}`' if section else 'Top level'}\n\n{_markdown_table(entries)}"
        for section, entries in sections.items()
    )


def _markdown_table(entries: list[KeyReference]) -> str:
    """Return a table of the keys of one section, with a column for kinds if it has any."""
    with_kinds = any(entry.kinds for entry in entries)
    kinds_header = ["kinds"] if with_kinds else []
    headers = ["key", *kinds_header, "default", "values", "meaning"]
    rows = [headers, ["---"] * len(headers)]
    for entry in entries:
        kinds = [", ".join(entry.kinds) or "all"] if with_kinds else []
        name = f"`{entry.key.rpartition('.')[2]}`"
        default = f"`{entry.default}`" if entry.default else "required"
        rows.append([name, *kinds, default, entry.values, entry.meaning])
    lines = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows)
    return "".join(f"| {line} |\n" for line in lines)


def _walk(section: type, prefix: str, kind: str | None = None) -> Iterator[KeyReference]:
    """Yield the keys of a section, and of the sections in it."""
    for key in keys_of(section).values():
        name = f"{prefix}{key.name}"
        kinds = () if kind is None else (kind,)
        if key.table is not None:
            if key.is_section_list:
                default = flow(plain(key.default))
                yield KeyReference(name, (), default, key.values_in_words(), key.meaning)
                name += "[]"
            yield _kind_entry(name, key)
            for option_kind, option in key.table.items():
                yield from _walk(option, f"{name}.", option_kind)
        elif key.section is not None:
            yield from _walk(key.section, f"{name}.")
        elif key.name != "kind":
            default = "" if key.required else flow(plain(key.default))
            default += _preferences(name, kind)
            yield KeyReference(name, kinds, default, key.values_in_words(), key.meaning)


def _kind_entry(name: str, key: Key) -> KeyReference:
    """Return the entry for the kind of a section, named as a complete config writes it."""
    table = key.table or {}
    values = f"one of {', '.join(table)}"
    if key.is_section_list:
        return KeyReference(f"{name}.kind", (), "", values, "the kind of this section")
    by_name = isinstance(plain(key.default), str)
    default = (kind_of(key.default) or "") + _preferences(name, None)
    return KeyReference(name if by_name else f"{name}.kind", (), default, values, key.meaning)


def _preferences(name: str, kind: str | None) -> str:
    """Return the defaults of a key by kind of data, such as "; gru for csv, npz".

    A key of the data itself has at most one for its own kind.
    """
    section = name.rpartition(".")[0]
    if section == "data":
        values = flatten(_defaults_by_data()[kind or ""])
        return f"; {flow(values[name])} in new configs" if name in values else ""
    kinds_of: dict[str, list[str]] = {}
    for data, defaults in _defaults_by_data().items():
        values = flatten(defaults)
        if name in values and values.get(f"{section}.kind") == kind:
            kinds_of.setdefault(flow(values[name]), []).append(data)
    return "".join(f"; {value} for {', '.join(kinds)}" for value, kinds in kinds_of.items())


def _defaults_by_data() -> dict[str, dict[str, Any]]:
    """Return the preferred defaults by kind of data, or by a key of it that replaces them."""
    defaults = {kind: getattr(data, "defaults", {}) for kind, data in DATA.items()}
    kinds_with: dict[str, list[str]] = {}
    for kind, data in DATA.items():
        for key in getattr(data, "defaults_with", {}):
            kinds_with.setdefault(key, []).append(kind)
    for key, kinds in kinds_with.items():
        replaced = getattr(DATA[kinds[0]], "defaults_with", {})[key]
        defaults[f"{' and '.join(kinds)} with {key}"] = replaced
    return defaults
