"""Copies of runs, and what the list of runs says about them."""

import json
import shutil
from pathlib import Path

from conftest import Command


def copied(run: Path, name: str, **record: object) -> Path:
    """Copy a run under another name, with another record."""
    copy = Path(shutil.copytree(run, run.parent / name))
    path = copy / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    return copy


def entries(rnn: Command, *options: object) -> list[dict[str, object]]:
    """Return what ``rnn runs --json`` says."""
    result = rnn("runs", "--json", *options)
    assert result.code == 0, result.err
    summaries: list[dict[str, object]] = json.loads(result.out)["runs"]
    return summaries
