"""Configs as trees of plain values, and trees as dotted keys."""

from typing import Any

from rnncli.config.config import Config
from rnncli.sections import plain

KeyPath = tuple[str, ...]


def as_tree(config: Config) -> dict[str, Any]:
    """Return the complete config as plain values, paths absolute."""
    tree: dict[str, Any] = plain(config)
    return tree


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of a tree by their dotted keys, as in ``--set``."""
    values: dict[str, Any] = {}
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        values |= flatten(value, f"{dotted}.") if isinstance(value, dict) else {dotted: value}
    return values
