"""Copies of runs, and what the list of runs says about them."""

import json
import shutil
from pathlib import Path

from conftest import Command
from helpers import hostile

from rnncli.runs.run_record import read_record, write_record


def copied(run: Path, name: str, **record: object) -> Path:
    """Copy a run under another name, with another record."""
    copy = Path(shutil.copytree(run, run.parent / name))
    path = copy / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    return copy


def changed_record(run: Path, **changes: object) -> None:
    """Change keys of a run's record, and its checksum with them."""
    write_record(run, read_record(run) | changes)


def without_hashes(run: Path) -> None:
    """Give a run the checkpoint of an older version, which has no hashes of other files."""
    path = run / "checkpoint.npz"
    members = hostile.unpacked(path.read_bytes())
    metadata = hostile.metadata_of(members)
    for key in ("config_sha256", "metrics_sha256", "metadata_sha256"):
        del metadata[key]
    path.write_bytes(hostile.packed(hostile.with_metadata(members, metadata)))


def entries(rnn: Command, *options: object) -> list[dict[str, object]]:
    """Return what ``rnn runs --json`` says."""
    result = rnn("runs", "--json", *options)
    assert result.code == 0, result.err
    summaries: list[dict[str, object]] = json.loads(result.out)["runs"]
    return summaries
