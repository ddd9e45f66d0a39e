"""Defaults that pydantic cannot fill in: an omitted ``kind``, and defaults by kind of data."""

from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import Any

from rnncli.config.config import Config
from rnncli.datasets import DATA
from rnncli.datasets.dataset import Defaults
from rnncli.sections import kind_of


def fill_defaults(tree: dict[str, Any]) -> None:
    """Fill in what depends on other keys of a tree.

    A section without a kind has the kind of the default section, if all of its keys are known
    there. A class of data may have ``defaults`` for other sections, which apply to the keys that
    are not given.
    """
    _fill_kinds(Config(), tree)
    defaults = defaults_of_data(tree.get("data"))
    for name, preferred in deepcopy(defaults).items():
        section = tree.setdefault(name, {})
        if isinstance(section, dict):
            for key, value in preferred.items():
                section.setdefault(key, value)


def defaults_of_data(section: Any) -> Defaults:
    """Return the defaults of other sections for a section ``data``, which need not be valid.

    A class of data has ``defaults``, and ``defaults_with`` for keys that replace them.
    """
    data = DATA.get(kind_of(section) or "")
    for key, defaults in getattr(data, "defaults_with", {}).items():
        if isinstance(section, dict) and section.get(key) is not None:
            return dict(defaults)
    return dict(getattr(data, "defaults", {}))


def _fill_kinds(default: Any, tree: dict[str, Any]) -> None:
    """Give each section without a kind that of the default section, if its keys fit."""
    for item in fields(default):
        section, value = tree.get(item.name), getattr(default, item.name)
        if isinstance(section, dict) and is_dataclass(value) and not isinstance(value, type):
            known = {field.name for field in fields(value)}
            if "kind" in known - section.keys() and known >= section.keys():
                section["kind"] = kind_of(value)
            _fill_kinds(value, section)
