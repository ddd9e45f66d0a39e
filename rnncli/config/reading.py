"""Reading of configs from files or plain values; all mistakes are reported at once."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.defaults import fill_defaults, is_of_run
from rnncli.config.origins import Origins
from rnncli.config.overrides import override
from rnncli.config.paths import with_absolute_paths
from rnncli.config.rules import check_rules
from rnncli.errors import InputError, unreadable
from rnncli.sections import adapter

# The longest name that the pattern of `Config.name` allows.
_MAX_NAME_LENGTH = 64


def read_config(path: Path, overrides: Sequence[str] = (), name: str | None = None) -> Config:
    """Read a config file, and apply overrides of the form ``KEY=VALUE``.

    Relative paths in the file are relative to the file's folder, those in overrides to the working
    directory. The config of a run is complete; see `rnncli.config.defaults`.

    Raises
    ------
    InputError
        With one line for each mistake: ``file:line: key: what is wrong; what would be right``.
    """
    return parse_config(read_config_text(path), path, overrides, name)


def read_config_text(path: Path) -> bytes:
    """Return the content of a config file, or more than its largest size of a larger file.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(yaml12.MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None


def parse_config(
    text: bytes, path: Path, overrides: Sequence[str] = (), name: str | None = None
) -> Config:
    """Return the config that `read_config` reads from a file with this content."""
    document = yaml12.load(text, str(path))
    if "name" not in document.tree:
        document.tree["name"] = as_name(path.stem)
    return _build(document, str(path), path.parent, overrides, name, is_of_run(path))


def default_config(overrides: Sequence[str] = (), name: str | None = None) -> Config:
    """Return the default config with overrides applied."""
    return _build(yaml12.Document({}), "defaults", Path(), overrides, name)


def config_from(tree: dict[str, Any], is_complete: bool = False) -> Config:
    """Return the config of a tree of plain values, as from JSON or a Python program.

    A complete tree is that of an existing config, whole; see `rnncli.config.defaults`.
    """
    try:
        document = yaml12.Document(json.loads(json.dumps(tree, default=_json_value)))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"config: must be a mapping of plain values ({error})") from None
    return _build(document, "config", Path(), (), None, is_complete)


def _json_value(value: Any) -> Any:
    """Return a NumPy scalar or a path as a value that JSON can represent."""
    return value.item() if hasattr(value, "item") else os.fspath(value)


def as_name(stem: str) -> str:
    """Return the stem of a file's name as the name of a run, other characters replaced by "_"."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in stem)
    return (safe.lstrip("._-") or "rnn")[:_MAX_NAME_LENGTH]


def _build(
    document: yaml12.Document,
    source: str,
    folder: Path,
    overrides: Sequence[str],
    name: str | None,
    is_complete: bool = False,
) -> Config:
    tree, origins = document.tree, Origins(source, document.lines)
    problems = [(line, f"{source}:{line}: {text}") for line, text in document.problems]
    for text in overrides:
        problems += [(0, problem) for problem in override(tree, text, origins)]
    if name is not None:
        tree["name"] = name
        origins.options[("name",)] = "--name"
    fill_defaults(tree, is_complete)
    config: Config | None = None
    try:
        config = adapter(Config).validate_json(json.dumps(tree), strict=True)
        invalid = check_rules(config)
    except ValidationError as error:
        # Imported here, because most configs are valid.
        from rnncli.config.messages import explain

        invalid = explain(error.errors(include_url=False))
    problems += [origins.located(path, text) for path, text in invalid]
    if config is None or problems:
        raise InputError(*(text for _, text in sorted(problems)))
    return with_absolute_paths(config, folder, origins)
