"""Relative paths in a config, made absolute."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from rnncli.config.tree import KeyPath
from rnncli.errors import InputError

Section = TypeVar("Section")


def with_absolute_paths(
    section: Section, folder_of: Callable[[KeyPath], Path], prefix: KeyPath = ()
) -> Section:
    """Return a section in which every path is absolute.

    Parameters
    ----------
    section : dataclass
        A config or a section of it.
    folder_of : callable
        The folder to which the path of a key is relative.
    prefix : tuple of str
        The section's own key path.

    Raises
    ------
    InputError
        A path is not valid on this system.
    """
    changes: dict[str, Any] = {}
    described: Any = section
    for item in fields(described):
        value, path = getattr(described, item.name), (*prefix, item.name)
        if isinstance(value, Path):
            changes[item.name] = _absolute(value, folder_of(path), path)
        elif is_dataclass(value):
            changes[item.name] = with_absolute_paths(value, folder_of, path)
    changed: Section = replace(described, **changes)
    return changed


def _absolute(path: Path, folder: Path, key: KeyPath) -> Path:
    try:
        absolute = (folder / path.expanduser()).resolve()
        str(absolute).encode()
    except (ValueError, RuntimeError, OSError) as error:
        raise InputError(f"{'.'.join(key)}: '{path}' is not a valid path ({error})") from None
    return absolute
