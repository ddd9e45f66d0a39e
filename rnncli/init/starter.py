"""A proposed config as YAML text with comments."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli.config import yaml12
from rnncli.config.json_schema import schema_line
from rnncli.config.reading import as_name, config_from
from rnncli.errors import InputError, one_line
from rnncli.init.entries import Entry, Hints, Proposal
from rnncli.init.proposal import propose, propose_synthetic


@dataclass(frozen=True)
class Starter:
    """A config to begin with, and the lines about what was seen and what is not certain."""

    text: str
    seen: list[str]
    unsure: list[str]


def starter(file: Path | None, hints: Hints, target: Path | None) -> Starter:
    """Return a config for a data file, or for a synthetic task.

    Parameters
    ----------
    file : path, optional
        The data.
    hints : Hints
        What the user says of it.
    target : path, optional
        Where the config is to stand; paths in it are relative to its folder.

    Raises
    ------
    InputError
        The file, or the test file beside it, can not be learned from as it is.
    """
    if file is None and hints != Hints():
        raise InputError("init: options about a data file need the FILE")
    found = propose_synthetic() if file is None else propose(file, hints)
    if file is not None:
        tree = {entry.key: entry.value for entry in found.data}
        config_from({"data": tree}).data.read(0)
    # Names from the file may hold line ends, and what a terminal would obey.
    found.seen, found.unsure = [*map(one_line, found.seen)], [*map(one_line, found.unsure)]
    return Starter(_text(found, file, target), found.seen, found.unsure)


def _text(found: Proposal, file: Path | None, target: Path | None) -> str:
    folder = Path() if target is None else target.parent
    name = "sum_sign" if file is None else as_name(file.name.partition(".")[0])
    lines = [schema_line(folder)]
    lines += [] if file is None else [one_line(f"# What was seen in {file}:")]
    lines += [f"# {line}" for line in found.seen]
    lines += [f"# Not certain: {line}" for line in found.unsure]
    lines += _keys([Entry("name", name), Entry("seed", 0)], "", folder)
    for section in ("data", "model", "training"):
        lines += [f"{section}:", *_keys(getattr(found, section), "  ", folder)]
    lines.append("# 'rnn config keys' tells what else there is.")
    return "".join(f"{line}\n" for line in lines)


def _keys(entries: list[Entry], indent: str, folder: Path) -> list[str]:
    return [
        f"{indent}{entry.key}: {yaml12.flow(_plain(entry.value, folder))}"
        + (f"  # {one_line(entry.comment)}" if entry.comment else "")
        for entry in entries
    ]


def _plain(value: Any, folder: Path) -> Any:
    """Return a value as YAML has it; paths relative to a folder."""
    return os.path.relpath(value, folder) if isinstance(value, Path) else value
