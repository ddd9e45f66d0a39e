"""Detection of changes to the files of a run, by the hashes in its record."""

from pathlib import Path

from rnncli.config import RECORD
from rnncli.config.reading import read_config_text
from rnncli.runs.checksums import sha256_of
from rnncli.runs.metrics_log import problem_in_rows
from rnncli.runs.run_folder import CONFIG
from rnncli.runs.run_record import Record, is_as_written


def changes(folder: Path, record: Record) -> list[str]:
    """Return one line for each of record, config and metrics log that was changed.

    A file whose hash is missing from an older record counts as unchanged.

    Parameters
    ----------
    folder, record : Path, dict
        The run folder, and the content of its ``run.json``.

    Raises
    ------
    RnnError
        A file cannot be read.
    """
    problems = record_changes(folder, record) + config_changes(folder, record)
    epochs, sha256 = record.get("epochs"), record.get("metrics_sha256")
    if type(epochs) is int and epochs >= 0 and isinstance(sha256, str):
        problem = problem_in_rows(folder, epochs, sha256)
        problems += [] if problem is None else [problem]
    return problems


def record_changes(folder: Path, record: Record) -> list[str]:
    """Return a line if the record was changed."""
    if is_as_written(record):
        return []
    return [
        f"{folder / RECORD}: does not match its own sha256; the file as it was written was expected"
    ]


def config_changes(folder: Path, record: Record) -> list[str]:
    """Return a line if the config was changed."""
    path, sha256 = folder / CONFIG, record.get("config_sha256")
    if sha256 is None or sha256 == sha256_of(read_config_text(path)):
        return []
    return [
        f"{path}: does not match its sha256 in {RECORD}; the file as it was written was expected"
    ]
