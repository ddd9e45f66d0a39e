"""What the shell completes besides commands and options: files, runs, keys of the config.

Nothing here needs NumPy, and nothing is ever printed but completions: what goes wrong completes
nothing.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout, suppress
from functools import wraps
from io import StringIO
from pathlib import Path
from typing import Any

VARIABLE = "_RNN_COMPLETE"


def _quietly(complete: Callable[[str], Iterable[str]]) -> Callable[[str], list[str]]:
    @wraps(complete)
    def completed(incomplete: str) -> list[str]:
        with suppress(Exception):
            return [word for word in complete(incomplete) if word.startswith(incomplete)]
        return []

    return completed


def words(*choices: str) -> Callable[[str], list[str]]:
    """Return a completion to one of some words."""
    return _quietly(lambda incomplete: choices)


@_quietly
def complete_configs(incomplete: str) -> list[str]:
    """Complete the path of a config."""
    return _files(incomplete, (".yaml", ".yml"))


@_quietly
def complete_runs(incomplete: str) -> list[str]:
    """Complete a RUN: ``latest``, names under ``runs/``, the newest first, or a path."""
    from rnncli.runs.run_folder import run_folders

    names = [folder.name for folder in run_folders(Path("runs"))]
    return [*["latest"][: len(names)], *names] if "/" not in incomplete else _files(incomplete, ())


@_quietly
def complete_weights(incomplete: str) -> list[str]:
    """Complete a RUN or a weights file."""
    runs = [] if "/" in incomplete else complete_runs(incomplete)
    return runs + _files(incomplete, (".npz",))


@_quietly
def complete_keys(incomplete: str) -> list[str]:
    """Complete ``KEY=VALUE``: keys, and the values of one of them.

    Where one key is left, it comes with values: its choices, or its default. With several answers
    the shell sets no blank after the equals sign.
    """
    keys = _keys()
    key, equals, _ = incomplete.partition("=")
    if equals:
        return [f"{key}={value}" for value in keys.get(key, ())]
    found = [name for name in keys if name.startswith(incomplete)]
    values = [f"{found[0]}={value}" for value in keys[found[0]]] if len(found) == 1 else []
    return [f"{name}=" for name in found] + values


@_quietly
def complete_prefixes(incomplete: str) -> list[str]:
    """Complete the beginning of a key."""
    return list(_keys())


def _keys() -> dict[str, list[str]]:
    """Return all dotted keys of the config schema, each with its choices or its default."""
    from rnncli.config import SCHEMA_FILE

    keys: dict[str, list[str]] = {}
    for key, schema in _walk(json.loads(SCHEMA_FILE.read_bytes()), ""):
        values = _choices(schema) or ([schema["default"]] if "default" in schema else [])
        texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
        keys[key] = list(dict.fromkeys([*keys.get(key, ()), *texts]))
    return keys


def _walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the dotted keys of a section, and of the sections in it, with their schemas."""
    for key, inner in schema["properties"].items():
        options = inner.get("anyOf", [inner])
        values = [option for option in options if "properties" not in option]
        if values:
            yield path + key, inner | {"anyOf": values}
        for option in options:
            if "properties" in option:
                yield from _walk(option, f"{path}{key}.")


def _choices(schema: dict[str, Any]) -> list[Any]:
    """Return the values that a schema lists; none if others are valid too."""
    choices: list[Any] = []
    for option in schema.get("anyOf", [schema]):
        if option.get("type") == "boolean":
            choices += [True, False]
        elif option.get("type") == "null":
            choices += [None]
        elif "const" in option:
            choices += [option["const"]]
        elif "enum" in option:
            choices += option["enum"]
        else:
            return []
    return choices


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Return folders, and files of some endings; a folder that is the only one is entered."""
    folder, slash, begun = incomplete.rpartition("/")
    found = []
    with os.scandir(Path(folder + slash).expanduser()) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            hidden = entry.name.startswith(".") and not begun.startswith(".")
            if entry.name.startswith(begun) and not hidden and entry.name.isprintable():
                if entry.is_dir():
                    found.append(f"{folder}{slash}{entry.name}/")
                elif entry.name.endswith(endings):
                    found.append(f"{folder}{slash}{entry.name}")
    if len(found) == 1 and found[0].endswith("/"):
        return _files(found[0], endings) or found
    return found


def complete(answer: Callable[[], int]) -> int:
    """Let the application answer the shell, without a word about what is wrong.

    Bash takes an equals sign for a word of its own, and replaces only what follows it; so words are
    put together before, and cut after.
    """
    written, cut, code = StringIO(), False, 0
    with redirect_stdout(written), suppress(Exception):
        if os.environ[VARIABLE] == "complete_bash":
            cut = _put_together()
        try:
            answer()
        except SystemExit as left:  # by which fish knows whether to complete files
            code = int(left.code or 0)
    for line in written.getvalue().splitlines():
        print(line.rpartition("=")[2] if cut else line)
    return code


def _put_together() -> bool:
    """Put together the words that ``=`` divides; return whether the one to complete is such."""
    given = os.environ["COMP_WORDS"].split("\n")
    if "=" not in given:
        return False
    together: list[str] = []
    cursor, place = 0, int(os.environ["COMP_CWORD"])
    for number, (before, word) in enumerate(zip(["", *given], given, strict=False)):
        if together and "=" in (before, word):
            together[-1] += word
        else:
            together.append(word)
        if number <= place:
            cursor = len(together) - 1
    os.environ |= {"COMP_WORDS": "\n".join(together), "COMP_CWORD": str(cursor)}
    return "=" in together[cursor]
