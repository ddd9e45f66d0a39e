"""A suggested config as YAML text with comments."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli.config import yaml12
from rnncli.config.json_schema import schema_line
from rnncli.config.reading import as_name, config_from
from rnncli.errors import InputError, one_line
from rnncli.init.data_file import suggest_for_file
from rnncli.init.suggestion import Hints, SuggestedKey, Suggestion
from rnncli.init.synthetic import suggest_synthetic


@dataclass(frozen=True)
class SuggestedConfig:
    """A suggested config, and lines about what was found and what is uncertain."""

    text: str
    findings: list[str]
    uncertainties: list[str]


def suggested_config(file: Path | None, hints: Hints, target: Path | None) -> SuggestedConfig:
    """Return a config for a data file, or for a synthetic task.

    Parameters
    ----------
    file : path, optional
        The data.
    hints : Hints
        What the user states about it.
    target : path, optional
        Where the config will be written; paths in it are relative to its folder.

    Raises
    ------
    InputError
        The file, or the test file beside it, cannot be trained on as it is.
    """
    if file is None and hints != Hints():
        raise InputError("init: options about a data file need the FILE")
    suggestion = suggest_synthetic() if file is None else suggest_for_file(file, hints)
    if file is not None:
        tree = {item.key: item.value for item in suggestion.data}
        config_from({"data": tree}).data.read(0)
    # Names from the file may hold line ends and control characters of terminals.
    suggestion.findings = [*map(one_line, suggestion.findings)]
    suggestion.uncertainties = [*map(one_line, suggestion.uncertainties)]
    text = _text(suggestion, file, target)
    return SuggestedConfig(text, suggestion.findings, suggestion.uncertainties)


def _text(suggestion: Suggestion, file: Path | None, target: Path | None) -> str:
    folder = Path() if target is None else target.parent
    name = "sum_sign" if file is None else as_name(file.name.partition(".")[0])
    lines = [schema_line(folder)]
    lines += [] if file is None else [one_line(f"# Found in {file}:")]
    lines += [f"# {line}" for line in suggestion.findings]
    lines += [f"# Not certain: {line}" for line in suggestion.uncertainties]
    lines += _key_lines([SuggestedKey("name", name), SuggestedKey("seed", 0)], "", folder)
    sections = (suggestion.data, suggestion.model, suggestion.training)
    for section, keys in zip(("data", "model", "training"), sections, strict=True):
        lines += [f"{section}:", *_key_lines(keys, "  ", folder)]
    lines.append("# 'rnn config keys' lists all other keys.")
    return "".join(f"{line}\n" for line in lines)


def _key_lines(keys: list[SuggestedKey], indent: str, folder: Path) -> list[str]:
    return [
        f"{indent}{item.key}: {yaml12.flow(_plain(item.value, folder))}"
        + (f"  # {one_line(item.comment)}" if item.comment else "")
        for item in keys
    ]


def _plain(value: Any, folder: Path) -> Any:
    """Return a value for YAML, with paths relative to a folder."""
    return os.path.relpath(value, folder) if isinstance(value, Path) else value
