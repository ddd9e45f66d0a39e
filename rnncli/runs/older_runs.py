"""Results of runs from older versions, whose ``run.json`` lacks them: read from config and log."""

from pathlib import Path
from typing import Any

from rnncli.config import yaml12
from rnncli.errors import InputError
from rnncli.runs.files import storage
from rnncli.runs.metrics_log import best_row, metric_of, read_metrics, result_columns, row_of
from rnncli.runs.run_folder import CONFIG
from rnncli.runs.run_record import Record


def older_results(folder: Path) -> Record:
    """Return the results of a run under the keys of a current record.

    Raises
    ------
    InputError
        The run is damaged.
    """
    metrics = read_metrics(folder)
    metric, best = metric_of(metrics), best_row(metrics)
    results = {
        "metric": metric,
        "epochs": len(metrics["epoch"]),
        "seconds": 0.0,
        "best_epoch": None,
        "figures": None,
        "has_validation": False,
    }
    if best is not None:
        row = row_of(metrics, best)
        results |= {
            "seconds": row_of(metrics, -1)["seconds"],
            "best_epoch": best + 1,
            "figures": {name: row[name] for name in result_columns(metric)},
            "has_validation": row["val_loss"] is not None,
        }
    return results | _model(folder / CONFIG)


def _model(path: Path) -> dict[str, Any]:
    """Return the cell and the size of a config's model, without validating the rest of it."""
    with storage(path), open(path, "rb") as file:
        content = file.read(yaml12.MAX_BYTES + 1)
    model = yaml12.load(content, str(path)).tree.get("model")
    keys = ("cell", "hidden_size", "num_layers")
    if not isinstance(model, dict) or any(key not in model for key in keys):
        raise InputError(f"{path}: model is incomplete; the config is damaged")
    cell = model["cell"]
    kind = cell.get("kind") if isinstance(cell, dict) else cell
    return {key: model[key] for key in keys} | {"cell": kind}
