"""Relative paths in a config, made absolute."""

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from rnncli.config.origins import Origins
from rnncli.config.tree import KeyPath
from rnncli.errors import InputError

Section = TypeVar("Section")


def with_absolute_paths(
    section: Section, folder: Path, origins: Origins, prefix: KeyPath = ()
) -> Section:
    """Return a section in which every path is absolute.

    Parameters
    ----------
    section : dataclass
        A config or a section of it.
    folder : Path
        The folder to which paths in the file are relative; those in options are relative to the
        working directory.
    origins : Origins
        Where the keys come from.
    prefix : tuple of str
        The section's own key path.

    Raises
    ------
    InputError
        A path is not valid on this system.
    """
    described: Any = section
    changes: dict[str, Any] = {}
    for item in fields(described):
        value, path = getattr(described, item.name), (*prefix, item.name)
        if isinstance(value, Path):
            base = folder if origins.option(path) is None else Path()
            try:
                changes[item.name] = _absolute(base, value)
            except (ValueError, RuntimeError, OSError) as error:
                problem = f"{'.'.join(path)}: '{value}' is not a valid path ({error})"
                raise InputError(origins.located(path, problem)[1]) from None
        elif is_dataclass(value):
            changes[item.name] = with_absolute_paths(value, folder, origins, path)
    changed: Section = replace(described, **changes)
    return changed


def _absolute(folder: Path, path: Path) -> Path:
    absolute = (folder / path.expanduser()).resolve()
    str(absolute).encode()  # A lone surrogate, from a name that is not UTF-8, fails here.
    return absolute
