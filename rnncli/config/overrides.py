"""Overrides of the form ``KEY=VALUE``."""

from typing import Any

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.origins import Origins
from rnncli.config.tree import KeyPath
from rnncli.errors import InputError

# A dotted key has at most 3 parts; the limit bounds the nesting that an untrusted override creates.
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
        if isinstance(inner, str) and _has_kinds(path[:depth]):
            inner = section[name] = {"kind": inner}
        if not isinstance(inner, dict):
            return [f"--set {text}: {'.'.join(path[:depth])} is not a section"]
        section = inner
    section[path[-1]] = value
    origins.options[path] = f"--set {text}"
    return []


def _has_kinds(path: KeyPath) -> bool:
    """Return whether a key is a section of one of several kinds, whose name may stand for it."""
    # Imported here, because few overrides need it.
    from rnncli.config.keys import keys_of

    section: type = Config
    for name in path[:-1]:
        key = keys_of(section).get(name)
        if key is None or key.section is None:
            return False
        section = key.section
    key = keys_of(section).get(path[-1])
    return key is not None and key.table is not None
