"""Everything that a run folder says about its run."""

from dataclasses import dataclass
from pathlib import Path

from rnncli.config.config import Config
from rnncli.config.reading import read_config
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
    """

    summary: RunSummary
    record: Record
    metrics: Metrics
    config: Config


def read_details(folder: Path) -> RunDetails:
    """Return the details of a run.

    Raises
    ------
    InputError
        The run is damaged.
    """
    return RunDetails(
        summarize_run(folder),
        read_record(folder),
        read_metrics(folder),
        read_config(folder / CONFIG),
    )
