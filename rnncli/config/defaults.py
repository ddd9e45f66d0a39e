"""Defaults that pydantic cannot fill in: an omitted ``kind``, and preferences by kind of data.

A class of data prefers values that suit it to the defaults of the classes: for keys of other
sections, and of its own. Preferences are for configs that users write. A complete config has every
key that existed when it was written: that of a run, ``config.yaml`` beside ``run.json``, and its
copy in the checkpoint. A key that it lacks was added since, with a default that means "as before".
Filling in a preference there would change what the run was.
"""

from copy import deepcopy
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from rnncli.config import RECORD
from rnncli.config.config import Config
from rnncli.datasets import DATA
from rnncli.datasets.dataset import Defaults
from rnncli.sections import kind_of


def is_of_run(path: Path) -> bool:
    """Return whether a config file is that of a run, and so complete."""
    return (path.parent / RECORD).is_file()


def fill_defaults(tree: dict[str, Any], is_complete: bool = False) -> None:
    """Fill in what depends on other keys of a tree.

    A section without a kind has the kind of the default section, if all of its keys are known
    there. A class of data may have ``defaults``, which apply to the keys that are not given, unless
    the config is complete.
    """
    _fill_kinds(Config(), tree)
    if is_complete:
        return
    for name, preferred in deepcopy(preferences(tree.get("data"))).items():
        section = tree.setdefault(name, {})
        if isinstance(section, dict):
            if "num_epochs" in section:  # Who states the epochs wants no more of them.
                preferred.pop("num_updates", None)
            for key, value in preferred.items():
                section.setdefault(key, value)


def preferences(data: Any) -> Defaults:
    """Return the preferred values, by section, for a section ``data``, which need not be valid.

    A class of data has ``defaults``, and sections in ``defaults_with`` that replace them where a
    key is given with another value than its default.
    """
    option = DATA.get(kind_of(data) or "")
    defaults: Defaults = dict(getattr(option, "defaults", {}))
    if isinstance(data, dict):
        for key, replaced in getattr(option, "defaults_with", {}).items():
            default = getattr(option, key)
            if data.get(key, default) != default:
                defaults |= replaced
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
