"""The differences between runs: keys of their configs, and results."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli.config.reading import read_config
from rnncli.config.tree import as_tree, flatten
from rnncli.runs.metrics_log import METRIC_NAMES
from rnncli.runs.run_folder import CONFIG
from rnncli.runs.run_list import RunSummary, summarize_run

_SUMMARY_KEYS = ("status", "epochs", "seconds", "best_epoch")


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side; each list has one item per run.

    Attributes
    ----------
    runs : list of str
        The run folders.
    config : dict of str to list
        The values of each key that differs; None where the key does not exist.
    figures : dict of str to list
        Status, epochs, time, and the results of the best epoch, whether they differ or not.
    """

    runs: list[str]
    config: dict[str, list[Any]]
    figures: dict[str, list[Any]]


def compare(folders: list[Path]) -> Comparison:
    """Compare runs.

    Raises
    ------
    InputError
        One of them is damaged.
    """
    configs = [flatten(as_tree(read_config(folder / CONFIG))) for folder in folders]
    values = _side_by_side(configs)
    different = {key: row for key, row in values.items() if any(v != row[0] for v in row)}
    results = [_results(summarize_run(folder)) for folder in folders]
    return Comparison([str(folder) for folder in folders], different, _side_by_side(results))


def _side_by_side(trees: list[dict[str, Any]]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for tree in trees for key in tree)
    return {key: [tree.get(key) for tree in trees] for key in keys}


def _results(run: RunSummary) -> dict[str, Any]:
    results, summary = run.results or {}, {key: getattr(run, key) for key in _SUMMARY_KEYS}
    names = [f"{split}_{name}" for name in ("loss", *METRIC_NAMES) for split in ("train", "val")]
    return summary | {name: results[name] for name in names if name in results}
