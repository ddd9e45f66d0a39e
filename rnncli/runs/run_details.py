"""The details of a run, read from its folder."""

from dataclasses import dataclass
from pathlib import Path

from rnncli.config.config import Config
from rnncli.config.reading import read_config
from rnncli.runs.changes import changes
from rnncli.runs.metrics_log import Metrics, read_metrics
from rnncli.runs.run_folder import CONFIG
from rnncli.runs.run_list import RunSummary, summarize_run
from rnncli.runs.run_record import Record, read_record


@dataclass(frozen=True)
class RunDetails:
    """A run with all its details.

    Attributes
    ----------
    summary : RunSummary
        The summary, as in the list of runs.
    record : dict
        The content of ``run.json``.
    metrics : dict of str to list of float
        The metrics log, column by column.
    config : Config
        The config.
    changes : list of str
        One line for each file that was changed after it was written.
    """

    summary: RunSummary
    record: Record
    metrics: Metrics
    config: Config
    changes: list[str]


def read_details(folder: Path) -> RunDetails:
    """Return the details of a run.

    Raises
    ------
    InputError
        The run is damaged.
    """
    summary, record = summarize_run(folder), read_record(folder)
    return RunDetails(
        summary,
        record,
        read_metrics(folder),
        read_config(folder / CONFIG),
        changes(folder, record),
    )
