"""Shell completion of runs, files, choices and config keys.

Nothing here imports NumPy, and nothing but completions is ever printed: on any error, there are no
completions.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout, suppress
from functools import wraps
from io import StringIO
from pathlib import Path
from typing import Any

COMPLETION_VARIABLE = "_RNN_COMPLETE"


def _silent(complete: Callable[[str], Iterable[str]]) -> Callable[[str], list[str]]:
    """Return a function that keeps the completions that match what is typed; none if it fails."""

    @wraps(complete)
    def completions(incomplete: str) -> list[str]:
        with suppress(Exception):
            return [word for word in complete(incomplete) if word.startswith(incomplete)]
        return []

    return completions


def complete_choices(*choices: str) -> Callable[[str], list[str]]:
    """Return a completion to one of these choices."""
    return _silent(lambda incomplete: choices)


@_silent
def complete_configs(incomplete: str) -> list[str]:
    """Complete the path of a config."""
    return _paths(incomplete, (".yaml", ".yml"))


@_silent
def complete_runs(incomplete: str) -> list[str]:
    """Complete a RUN: ``latest``, a name under ``runs/``, the newest first, or a path."""
    from rnncli.runs.find_run import run_folders

    if "/" in incomplete:
        return _paths(incomplete, ())
    names = [folder.name for folder in run_folders(Path("runs"))]
    return ["latest", *names] if names else []


@_silent
def complete_weights(incomplete: str) -> list[str]:
    """Complete a RUN or the path of a weights file."""
    runs = [] if "/" in incomplete else complete_runs(incomplete)
    return runs + _paths(incomplete, (".npz",))


@_silent
def complete_topics(incomplete: str) -> list[str]:
    """Complete the name of a page of the guide."""
    import rnncli

    return sorted(path.stem for path in (Path(rnncli.__file__).parent / "guide").glob("*.md"))


@_silent
def complete_keys(incomplete: str) -> list[str]:
    """Complete ``KEY=VALUE``: a key, or a value of the key that is typed.

    A key that is the only match is followed by its choices or its default. As there are several
    completions then, the shell sets no space after the equals sign.
    """
    keys = _keys()
    # Where a section may be given by its kind alone, the key of the kind adds nothing.
    for name in [name for name in keys if name.endswith(".kind")]:
        if set(keys[name]) <= set(keys.get(name.removesuffix(".kind"), ())):
            del keys[name]
    key, equals, _ = incomplete.partition("=")
    if equals:
        return [f"{key}={value}" for value in keys.get(key, ())]
    matches = [name for name in keys if name.startswith(incomplete)]
    values = [f"{matches[0]}={value}" for value in keys[matches[0]]] if len(matches) == 1 else []
    return [f"{name}=" for name in matches] + values


@_silent
def complete_prefixes(incomplete: str) -> list[str]:
    """Complete the beginning of a key."""
    return list(_keys())


@_silent
def complete_file_kinds(incomplete: str) -> list[str]:
    """Complete the kind of a data file: each kind of data that has a path."""
    sections = (option.get("properties", {}) for option in _schema()["properties"]["data"]["anyOf"])
    return [section["kind"]["const"] for section in sections if "path" in section]


def _schema() -> dict[str, Any]:
    """Return the JSON schema of a config."""
    from rnncli.config import SCHEMA_FILE

    return dict(json.loads(SCHEMA_FILE.read_bytes()))


def _keys() -> dict[str, list[str]]:
    """Return all dotted keys of the config schema, each with its choices or its default."""
    keys: dict[str, list[str]] = {}
    for key, schema in _walk(_schema(), ""):
        values = _choices(schema) or ([schema["default"]] if "default" in schema else [])
        texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
        keys[key] = list(dict.fromkeys([*keys.get(key, ()), *texts]))
    return keys


def _walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the dotted keys of a section, and of the sections in it, with their schemas.

    A section with no key but ``kind`` is completed by its name alone.
    """
    for key, inner in schema["properties"].items():
        options = inner.get("anyOf", [inner])
        values = [option for option in options if "properties" not in option]
        if values:
            yield path + key, inner | {"anyOf": values}
        for option in options:
            if len(option.get("properties", ())) > 1:
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
        elif "enum" in option.get("items", ()):
            continue  # A list of the choices can be typed too.
        else:
            return []
    return choices


def _paths(incomplete: str, extensions: tuple[str, ...]) -> list[str]:
    """Return folders, and files with these extensions; a folder that is the only match is entered.

    Hidden names are completed only after a typed dot.
    """
    folder, slash, beginning = incomplete.rpartition("/")
    paths = []
    with os.scandir(Path(folder + slash).expanduser()) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            hidden = entry.name.startswith(".") and not beginning.startswith(".")
            if entry.name.startswith(beginning) and not hidden and entry.name.isprintable():
                if entry.is_dir():
                    paths.append(f"{folder}{slash}{entry.name}/")
                elif entry.name.endswith(extensions):
                    paths.append(f"{folder}{slash}{entry.name}")
    if len(paths) == 1 and paths[0].endswith("/"):
        return _paths(paths[0], extensions) or paths
    return paths


def complete(run: Callable[[], int]) -> int:
    """Run the application for a request of the shell; errors are not reported.

    Bash makes an equals sign a word of its own and replaces only what follows it. So the words are
    joined before the application runs, and its completions are cut after the equals sign.
    """
    output, cut, code = StringIO(), False, 0
    with redirect_stdout(output), suppress(Exception):
        if os.environ[COMPLETION_VARIABLE] == "complete_bash":
            cut = _join_words_at_equals_signs()
        try:
            run()
        except SystemExit as exit:  # the code tells fish whether to complete files
            code = int(exit.code or 0)
    for line in output.getvalue().splitlines():
        print(line.rpartition("=")[2] if cut else line)
    return code


def _join_words_at_equals_signs() -> bool:
    """Join the words around ``=``; return whether the word to complete is one of those."""
    words = os.environ["COMP_WORDS"].split("\n")
    if "=" not in words:
        return False
    joined: list[str] = []
    cursor, current = 0, int(os.environ["COMP_CWORD"])
    for number, (previous, word) in enumerate(zip(["", *words], words, strict=False)):
        if joined and "=" in (previous, word):
            joined[-1] += word
        else:
            joined.append(word)
        if number <= current:
            cursor = len(joined) - 1
    os.environ |= {"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(cursor)}
    return "=" in joined[cursor]
