"""Overrides of the form ``KEY=VALUE``."""

from typing import Any

from rnncli.config import yaml12
from rnncli.config.origins import Origins
from rnncli.errors import InputError

# The config has 4 levels; the limit bounds the nesting of a hostile override.
_MAX_DEPTH = 8


def override(tree: dict[str, Any], text: str, origins: Origins) -> list[str]:
    """Set one ``KEY=VALUE`` in a tree.

    Returns
    -------
    list of str
        What is wrong with the override; empty if it is valid.
    """
    key, equals, value_text = text.partition("=")
    path = tuple(key.strip().split("."))
    if not equals or not all(path) or len(path) > _MAX_DEPTH:
        return [f"--set {text}: KEY=VALUE was expected, such as model.hidden_size=64"]
    try:
        value = yaml12.scalar(value_text)
    except InputError as error:
        return [f"--set {text}: {error.problems[0].partition(': ')[2]}"]
    section: Any = tree
    for depth, name in enumerate(path[:-1], 1):
        inner = section.setdefault(name, {})
        if isinstance(inner, str) and depth == len(path) - 1:
            inner = section[name] = {"kind": inner}
        if not isinstance(inner, dict):
            return [f"--set {text}: {'.'.join(path[:depth])} is not a section"]
        section = inner
    section[path[-1]] = value
    origins.options[path] = f"--set {text}"
    return []
