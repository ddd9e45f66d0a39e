"""What differs between runs: keys of their configs, and figures."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rnncli.config.reading import read_config
from rnncli.config.tree import as_tree, flatten
from rnncli.runs.listing import Entry, sound_entry
from rnncli.runs.metrics import METRIC_NAMES, Metrics, best_row, read_metrics, row_of
from rnncli.runs.run_folder import CONFIG


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side; each list has a place for each run.

    Attributes
    ----------
    runs : list of str
        Their folders.
    config : dict of str to list
        The values of each key that is not the same everywhere; None where there is no such key.
    figures : dict of str to list
        Status, epochs, time, and the figures of the best epoch, whether they differ or not.
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
    keys = dict.fromkeys(key for config in configs for key in config)
    values = {key: [config.get(key) for config in configs] for key in keys}
    different = {key: found for key, found in values.items() if found != found[:1] * len(found)}
    all_figures = [_figures(sound_entry(folder), read_metrics(folder)) for folder in folders]
    names = dict.fromkeys(name for figures in all_figures for name in figures)
    return Comparison(
        [str(folder) for folder in folders],
        different,
        {name: [figures.get(name) for figures in all_figures] for name in names},
    )


def _figures(entry: Entry, metrics: Metrics) -> dict[str, Any]:
    found = {key: asdict(entry)[key] for key in ("status", "epochs", "seconds", "best_epoch")}
    best = best_row(metrics)
    row = {} if best is None else row_of(metrics, best)
    shown = [f"{part}_{name}" for name in ("loss", *METRIC_NAMES) for part in ("train", "val")]
    return found | {name: row[name] for name in shown if row.get(name) is not None}
