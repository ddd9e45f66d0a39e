"""A tree of plain values to a `Config`, with every mistake reported at once."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from rnncli.config import yaml12
from rnncli.config.schema import Config
from rnncli.datasets import Data
from rnncli.errors import InputError, unreadable
from rnncli.keys import shortened, suggest

KeyPath = tuple[str, ...]
_DEEPEST = 8


def read_config(path: Path, overrides: Sequence[str] = (), name: str | None = None) -> Config:
    """Read a config file, and apply overrides of the form ``KEY=VALUE``.

    Relative paths in the file are relative to the file; in overrides, to the working folder.

    Raises
    ------
    InputError
        With one line for each mistake: ``file:line: key: what is wrong; what would be right``.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(yaml12.MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    document = yaml12.load(text, str(path))
    if "name" not in document.tree:
        document.tree["name"] = as_name(path.stem)
    return _build(document, str(path), path.parent, overrides, name)


def default_config(overrides: Sequence[str] = (), name: str | None = None) -> Config:
    """Return the config with nothing but defaults and overrides."""
    return _build(yaml12.Document({}), "defaults", Path(), overrides, name)


def config_from(tree: dict[str, Any]) -> Config:
    """Return the config of a tree of plain values, as from JSON or a Python program."""
    try:
        document = yaml12.Document(json.loads(json.dumps(tree, default=_plain)))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"config: is no mapping of plain values ({error})") from None
    return _build(document, "config", Path(), (), None)


def _plain(value: Any) -> Any:
    """Return what JSON takes for paths and for NumPy's numbers."""
    return value.item() if hasattr(value, "item") else os.fspath(value)


def as_tree(config: Config) -> dict[str, Any]:
    """Return the complete config as plain values, paths absolute."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return str(value) if isinstance(value, Path) else value

    tree: dict[str, Any] = plain(asdict(config))
    for section in _sections(tree):
        if "kind" in section:  # the kind first, as people write it
            kind = section.pop("kind")
            rest = dict(section)
            section.clear()
            section.update({"kind": kind} | rest)
    return tree


def _sections(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for value in tree.values():
        if isinstance(value, dict):
            yield from _sections(value)


def as_name(stem: str) -> str:
    """Return a file's name as a run's name, other characters replaced."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in stem)
    return (plain.lstrip("._-") or "rnn")[:64]


def _build(
    document: yaml12.Document,
    source: str,
    folder: Path,
    overrides: Sequence[str],
    name: str | None,
) -> Config:
    problems = [(line, f"{source}:{line}: {text}") for line, text in document.problems]
    origins: dict[KeyPath, str] = {}
    for override in overrides:
        problems += [(0, text) for text in _override(document.tree, override, origins)]
    if name is not None:
        document.tree["name"] = name
        origins[("name",)] = "--name"

    def place(path: KeyPath, problem: str) -> tuple[int, str]:
        """Return a problem behind the option or the line where its key stands."""
        option, line = _origin(path, origins), _line(path, document.lines)
        if option or not line:
            return 0, f"{option or source}: {problem}"
        return line, f"{source}:{line}: {problem}"

    _fill_kinds(Config(), document.tree)
    _fill_defaults(document.tree)
    config = None
    try:
        config = _adapter().validate_json(json.dumps(document.tree), strict=True)
    except ValidationError as error:
        found = _explain(error.errors(include_url=False), document.tree)
        problems += [place(path, text) for path, text in found]
    if config is not None and config.training.patience is not None and not has_validation(config):
        problem = (
            "training.patience: there is no validation part to watch; give data.validation_fraction"
        )
        problems.append(place(("training", "patience"), problem))
    if config is None or problems:
        raise InputError(*(text for _, text in sorted(problems)))
    return _with_absolute_paths(config, folder, origins)


@cache
def _adapter() -> TypeAdapter[Config]:
    return TypeAdapter(Config)


def _fill_kinds(default: Any, tree: dict[str, Any]) -> None:
    """Give each section without a kind the default's, if all of its keys are the default's."""
    for item in fields(default):
        section, value = tree.get(item.name), getattr(default, item.name)
        if isinstance(section, dict) and is_dataclass(value) and not isinstance(value, type):
            known = {field.name for field in fields(value)}
            if "kind" in known - section.keys() and known >= section.keys():
                section["kind"] = asdict(value)["kind"]
            _fill_kinds(value, section)


def _fill_defaults(tree: dict[str, Any]) -> None:
    """Fill in the defaults that the kind of data prefers, where a key is not given."""
    data = tree.get("data")
    kinds = {option.kind: option for option in get_args(Data)}
    name = data.get("kind") if isinstance(data, dict) else None
    kind = kinds.get(name) if isinstance(name, str) else None
    for section_name, defaults in getattr(kind, "defaults", {}).items():
        section = tree.setdefault(section_name, {})
        if isinstance(section, dict):
            for key, value in defaults.items():
                section.setdefault(key, value)


def has_validation(config: Config) -> bool:
    """Return whether the data has a validation part."""
    return bool(
        config.data.validation_fraction or getattr(config.data, "validation_path", None) is not None
    )


def _override(tree: dict[str, Any], override: str, origins: dict[KeyPath, str]) -> list[str]:
    """Set one ``KEY=VALUE`` in the tree; return what is wrong with it."""
    key, equals, text = override.partition("=")
    path = tuple(key.strip().split("."))
    if not equals or not all(path) or len(path) > _DEEPEST:
        return [f"--set {override}: KEY=VALUE was expected, such as model.hidden_size=64"]
    try:
        value = yaml12.scalar(text)
    except InputError as error:
        return [f"--set {override}: {error.problems[0].partition(': ')[2]}"]
    section: Any = tree
    for depth, part in enumerate(path[:-1], 1):
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            return [f"--set {override}: {'.'.join(path[:depth])} is no section"]
    section[path[-1]] = value
    origins[path] = f"--set {override}"
    return []


def _origin(path: KeyPath, origins: dict[KeyPath, str]) -> str | None:
    """Return the option that set a key, a section around it or a key inside it."""
    near = ((key, min(len(key), len(path))) for key in origins)
    return next((origins[key] for key, n in near if key[:n] == path[:n] and n), None)


def _line(path: KeyPath, lines: dict[KeyPath, int]) -> int:
    """Return the line of a key, or of the section where it is missing; 0 where there is none."""
    return next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 0)


def _explain(details: list[ErrorDetails], tree: dict[str, Any]) -> list[tuple[KeyPath, str]]:
    """Return key path and text of each of pydantic's findings, one for each key."""
    found: dict[KeyPath, list[str]] = {}
    for detail in details:
        path, text = _explain_one(detail, tree)
        found.setdefault(path, []).append(text)
    # A key of several types is found wrong once for each of them.
    return [
        (path, " or ".join([first, *(text.partition("; ")[2] for text in others)]))
        for path, (first, *others) in found.items()
    ]


def _explain_one(detail: ErrorDetails, tree: dict[str, Any]) -> tuple[KeyPath, str]:
    path = _key_path(detail["loc"], tree)
    key, kind, context = ".".join(path) or "config", detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return path, f"{key}: {context['error']}"
    if kind == "unexpected_keyword_argument":
        known = [field.name for field in fields(_class_at(path[:-1], tree))]
        return path, f"{key}: unknown key; {suggest(path[-1], known)}"
    if kind == "missing":
        return path[:-1], f"{key}: is missing; it must be given"
    if kind == "union_tag_not_found":
        kinds = [option.kind for option in _classes_at(path, tree)]
        return path, f"{key}: has no kind; one of {', '.join(kinds)}"
    if kind == "union_tag_invalid":
        kinds = [option.kind for option in _classes_at(path, tree)]
        word = context["tag"]
        return (*path, "kind"), f"{key}.kind: '{word}' is not known; {suggest(word, kinds)}"
    if kind == "literal_error":
        choices = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        word = str(detail["input"])
        return path, f"{key}: '{word}' is not known; {suggest(word, choices)}"
    expected = _EXPECTED.get(kind, "a section with keys was expected")
    return path, f"{key}: {_shown(detail['input'])} is of the wrong type; {expected}"


_EXPECTED = {
    "int_type": "a whole number was expected",
    "int_from_float": "a whole number was expected",
    "float_type": "a number was expected",
    "bool_type": "true or false was expected",
    "string_type": "text was expected",
    "path_type": "a path was expected",
}


def _shown(value: Any) -> str:
    return f"'{shortened(value)}'" if isinstance(value, str) else shortened(json.dumps(value))


def _key_path(location: tuple[int | str, ...], tree: Any) -> KeyPath:
    """Return the path of keys in the user's tree; pydantic's names of union members fall out."""
    path: list[str] = []
    for part in location:
        if isinstance(tree, dict) and part in tree:
            path.append(str(part))
            tree = tree[part]
        elif part == location[-1] and isinstance(tree, dict) and part != tree.get("kind"):
            path.append(str(part))
    return tuple(path)


def _classes_at(path: KeyPath, tree: Any) -> list[Any]:
    """Return the dataclasses that may describe the section at `path`."""
    hint: Any = Config
    for depth, part in enumerate(path):
        hint = get_type_hints(_class_at(path[:depth], tree))[part]
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return [option for option in options if is_dataclass(option)]


def _class_at(path: KeyPath, tree: Any) -> Any:
    """Return the dataclass that describes the section at `path`, by its kind."""
    classes = _classes_at(path, tree)
    for part in path:
        tree = tree[part]
    return next(c for c in classes if len(classes) == 1 or c.kind == tree["kind"])


def _with_absolute_paths(config: Config, folder: Path, origins: dict[KeyPath, str]) -> Config:
    sections: dict[str, Any] = {}
    for section in ("data", "training"):
        described: Any = getattr(config, section)
        changes: dict[str, Any] = {}
        for item in fields(described):
            value = getattr(described, item.name)
            if isinstance(value, Path):
                base = folder if _origin((section, item.name), origins) is None else Path()
                try:
                    changes[item.name] = (base / value.expanduser()).resolve()
                    str(changes[item.name]).encode()
                except (ValueError, RuntimeError, OSError) as error:
                    raise InputError(
                        f"{section}.{item.name}: '{value}' is no path ({error})"
                    ) from None
        sections[section] = replace(described, **changes)
    return replace(config, **sections)
