"""Messages for the validation errors of pydantic."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from rnncli.config.config import Config
from rnncli.config.keys import Key, keys_of
from rnncli.config.tree import KeyPath
from rnncli.sections import kind_of_tag
from rnncli.suggestions import shortened, suggest

_OUT_OF_RANGE = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


def explain(errors: Sequence[ErrorDetails], root: type = Config) -> list[tuple[KeyPath, str]]:
    """Return a message for each invalid key, with the key path that has the line to name.

    That is the path of the key, or of its section if the key is missing.

    Parameters
    ----------
    errors : sequence of ErrorDetails
        The errors of one validation.
    root : type
        The class that was validated.
    """
    problems: dict[KeyPath, tuple[KeyPath, str]] = {}
    for error in errors:
        path, section, key = _locate(error["loc"], root)
        if key is not None and key.table is not None and error["type"].startswith("union_tag"):
            path, text = _explain_kind(path, key.table, error["input"])
        else:
            text = _explain(error, path, section, key)
        place = path[:-1] if error["type"] == "missing" else path
        # A key that accepts several types has an error for each of them; one message is enough.
        problems.setdefault(path, (place, f"{'.'.join(path)}: {text}" if path else text))
    return list(problems.values())


def _locate(location: tuple[int | str, ...], root: type) -> tuple[KeyPath, type, Key | None]:
    """Return the key path of an error, the section around it, and the key if it is known."""
    path: list[str] = []
    section, key = root, None
    names = map(str, location)
    for name in names:
        if key is not None and key.table is not None:
            if key.is_section_list:
                path.append(name)
                name = next(names, "")
                if not name:
                    break
            section = key.table[kind_of_tag(name)]
            name = next(names, "")
            if not name:
                break
        elif key is not None:
            if key.section is None:  # The rest is the name of a type in a union.
                break
            section = key.section
        key = keys_of(section).get(name)
        path.append(name)
        if key is None:
            break
    return tuple(path), section, key


def _explain_kind(path: KeyPath, table: Mapping[str, type], value: Any) -> tuple[KeyPath, str]:
    """Explain why a value does not choose one of the sections of a table."""
    if isinstance(value, str):
        return path, f"{_shown(value)} is not known; {suggest(value, table)}"
    if not isinstance(value, dict):
        return path, f"{_shown(value)} is of the wrong type; a section with keys was expected"
    if "kind" not in value:
        return path, f"has no kind; one of {', '.join(table)}"
    kind = value["kind"]
    return (*path, "kind"), f"{_shown(kind)} is not known; {suggest(str(kind), table)}"


def _explain(error: ErrorDetails, path: KeyPath, section: type, key: Key | None) -> str:
    error_type, value = error["type"], error["input"]
    if error_type == "value_error":  # A class refused the combination of its keys.
        return str(error["ctx"]["error"])
    if key is None:
        if error_type == "unexpected_keyword_argument":
            return f"unknown key; {suggest(path[-1], list(keys_of(section)))}"
        return f"{_shown(value)} is not valid; {error['msg']}"
    if error_type == "missing":
        return "is missing; this key has no default"
    if error_type == "literal_error":
        return (
            f"{_shown(value)} is not known; {suggest(str(value), key.choices or key.list_choices)}"
        )
    if error_type == "string_pattern_mismatch":
        return f"{shortened(repr(value))} is not allowed; {key.range_in_words()}"
    if error_type in _OUT_OF_RANGE:
        return f"{shortened(value)} is out of range; {key.range_in_words()}"
    if error_type == "finite_number" and isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number; {key.range_in_words() or 'any finite number'}"
    return f"{_shown(value)} is of the wrong type; {key.type_in_words()} was expected"


def _shown(value: Any) -> str:
    return f"'{shortened(value)}'" if isinstance(value, str) else shortened(json.dumps(value))
