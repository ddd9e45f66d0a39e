"""Defaults that pydantic cannot fill in: an omitted ``kind``, and defaults by kind of data."""

from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import Any

from rnncli.config.config import Config
from rnncli.datasets import DATA
from rnncli.sections import kind_of


def fill_defaults(tree: dict[str, Any]) -> None:
    """Fill in what depends on other keys of a tree.

    A section without a kind has the kind of the default section, if all of its keys are known
    there. A class of data may have ``defaults`` for other sections, which apply to the keys that
    are not given.
    """
    _fill_kinds(Config(), tree)
    defaults = defaults_of_data(kind_of(tree.get("data")))
    for name, preferred in deepcopy(defaults).items():
        section = tree.setdefault(name, {})
        if isinstance(section, dict):
            for key, value in preferred.items():
                section.setdefault(key, value)


def defaults_of_data(kind: str | None) -> dict[str, dict[str, Any]]:
    """Return the defaults of other sections for a kind of data."""
    defaults: dict[str, dict[str, Any]] = getattr(DATA.get(kind or ""), "defaults", {})
    return defaults


def _fill_kinds(default: Any, tree: dict[str, Any]) -> None:
    """Give each section without a kind that of the default section, if its keys fit."""
    for item in fields(default):
        section, value = tree.get(item.name), getattr(default, item.name)
        if isinstance(section, dict) and is_dataclass(value) and not isinstance(value, type):
            known = {field.name for field in fields(value)}
            if "kind" in known - section.keys() and known >= section.keys():
                section["kind"] = kind_of(value)
            _fill_kinds(value, section)
