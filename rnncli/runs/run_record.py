"""``run.json``: the status of a run, its results and the sessions in which it was trained."""

import json
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from rnncli.config import RECORD
from rnncli.errors import InputError
from rnncli.runs.checksums import matches_checksum, with_checksum
from rnncli.runs.files import storage, write_text

STATUSES = ("running", "finished", "interrupted", "diverged", "failed")
# The keys of a session; those of the first session are also keys of the run.
SESSION_KEYS = ("command", "started", "ended", "versions", "processor", "threads")
# A session takes a kilobyte, so a record of ten thousand sessions is smaller than this.
_MAX_BYTES = 1 << 24
_SHA256 = "sha256"

Record = dict[str, Any]


def read_record(folder: Path) -> Record:
    """Return the content of a run's ``run.json``; numbers that are not finite are None.

    Raises
    ------
    InputError
        The file is missing or is not a JSON object.
    """
    path = folder / RECORD
    if not path.is_file():
        raise InputError(f"{path}: missing; every run has one")
    try:
        with storage(path), open(path, "rb") as file:
            record = json.loads(
                file.read(_MAX_BYTES), parse_constant=lambda _: None, parse_float=_finite
            )
    except (ValueError, RecursionError):
        raise InputError(f"{path}: invalid JSON; the file is damaged") from None
    if not isinstance(record, dict):
        raise InputError(f"{path}: not a JSON object; the file is damaged")
    return record


def write_record(folder: Path, record: Record) -> None:
    """Write ``run.json``, which is always valid JSON, with its checksum."""
    content = with_checksum(record, _SHA256)
    write_text(folder / RECORD, json.dumps(content, indent=2, allow_nan=False) + "\n")


def is_as_written(record: Record) -> bool:
    """Return whether a record is as `write_record` wrote it; True for an older one."""
    return matches_checksum(record, _SHA256)


def sessions_of(record: Record) -> list[Record]:
    """Return the sessions of a record, in order; an older record has one, at its top level."""
    sessions = record.get("sessions")
    if isinstance(sessions, list):
        return [session for session in sessions if isinstance(session, dict)]
    first = {key: record[key] for key in SESSION_KEYS if key in record}
    return [first] if first else []


def start_time(record: Record) -> datetime | None:
    """Return when a run was started, in UTC; None if the record does not have a valid one."""
    try:
        return datetime.fromisoformat(record["started"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def now() -> str:
    """Return the current time with its time zone, in the format of a record."""
    return datetime.now().astimezone().isoformat(timespec="microseconds")


def _finite(text: str) -> float | None:
    value = float(text)
    return value if isfinite(value) else None
