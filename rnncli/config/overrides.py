"""Overrides of the form ``KEY=VALUE``, and where each key's value comes from."""

from dataclasses import dataclass, field
from typing import Any

from rnncli.config import yaml12
from rnncli.config.tree import KeyPath
from rnncli.errors import InputError

_MAX_DEPTH = 8


@dataclass
class Origins:
    """Where the values of a config come from, for error messages and relative paths.

    Attributes
    ----------
    source : str
        The file's name.
    lines : dict of key path to int
        The line of each key in the file.
    options : dict of key path to str
        The command-line option that set a key.
    """

    source: str
    lines: dict[KeyPath, int]
    options: dict[KeyPath, str] = field(default_factory=dict)

    def option(self, path: KeyPath) -> str | None:
        """Return the option that set a key, its section, or a key in it; None for the file."""
        for key, option in self.options.items():
            shared = min(len(key), len(path))
            if shared and key[:shared] == path[:shared]:
                return option
        return None

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of its section if it is missing; 0 if neither is there."""
        prefixes = (path[:length] for length in range(len(path), -1, -1))
        return next((self.lines[prefix] for prefix in prefixes if prefix in self.lines), 0)

    def located(self, path: KeyPath, problem: str) -> tuple[int, str]:
        """Return the line of a problem for sorting, and the problem with its place before it."""
        option, line = self.option(path), self.line(path)
        if option or not line:
            return 0, f"{option or self.source}: {problem}"
        return line, f"{self.source}:{line}: {problem}"


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
