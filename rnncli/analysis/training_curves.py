"""The curves of runs over their epochs, one chart per quantity."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rnncli.errors import InputError, one_line
from rnncli.nn.arrays import Array
from rnncli.runs.metrics_log import Metrics, best_row, read_metrics

# There is one chart for each; the first three are logged for training and validation.
QUANTITIES = ("loss", "accuracy", "rmse", "learning_rate", "grad_norm")

# A curve with more than twice as many points is divided into this many buckets, of which only the
# minimum and the maximum are drawn; a figure cannot resolve more.
_MAX_BUCKETS = 2000

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """The curves of one quantity over the epochs.

    Attributes
    ----------
    quantity : str
        Such as ``loss``.
    curves : dict of str to list of (float, float)
        The points (epoch, value) of each curve, by the curve's name.
    best_epochs : dict of str to int
        The best epoch of a run, by the name of the curve on which it is marked: that of the
        validation split, or without validation that of the training split.
    """

    quantity: str
    curves: dict[str, Points]
    best_epochs: dict[str, int] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether the curves need a legend: their names say more than the quantity."""
        return list(self.curves) != [self.quantity]


def read_charts(folders: Sequence[Path], quantities: Sequence[str] = ()) -> list[Chart]:
    """Return a chart for each quantity.

    One run gives a training and a validation curve; several give one curve each, that of the
    validation split or, without validation, that of the training split.

    Parameters
    ----------
    folders : sequence of Path
        The runs.
    quantities : sequence of str
        Some of `QUANTITIES`; by default all that were logged.

    Raises
    ------
    InputError
        A log is damaged or has no epoch yet, or a quantity is in none of the logs.
    """
    logs = dict(zip(_names(folders), map(read_metrics, folders), strict=True))
    for name, metrics in logs.items():
        if not metrics["epoch"]:
            raise InputError(f"{name}: no completed epoch yet; there is nothing to draw")
    charts = [_chart(logs, name) for name in QUANTITIES]
    available = {chart.quantity: chart for chart in charts if chart.curves}
    for name in quantities:
        if name not in available:
            raise InputError(f"--quantity: '{name}' is not logged; one of {', '.join(available)}")
    return [chart for name, chart in available.items() if name in (quantities or available)]


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the folders' names, or their paths if two names are equal."""
    names = [folder.resolve().name for folder in folders]
    ambiguous = len(set(names)) < len(names)
    return [one_line(str(f) if ambiguous else n) for f, n in zip(folders, names, strict=True)]


def _chart(logs: dict[str, Metrics], quantity: str) -> Chart:
    curves: dict[str, Points] = {}
    best_epochs: dict[str, int] = {}
    for run, metrics in logs.items():
        best = best_row(metrics)
        all_points = {
            "train": _points(metrics, f"train_{quantity}", best),
            "validation": _points(metrics, f"val_{quantity}", best),
            quantity: _points(metrics, quantity, best),
        }
        logged = {name: points for name, points in all_points.items() if points}
        if not logged:
            continue
        last = list(logged)[-1]
        if len(logs) > 1:
            logged = {f"{run} (train)" if last == "train" else run: logged[last]}
            last = next(iter(logged))
        curves |= logged
        if best is not None and quantity not in ("learning_rate", "grad_norm"):
            best_epochs[last] = best + 1
    return Chart(quantity, curves, best_epochs)


def _points(metrics: Metrics, column: str, best: int | None) -> Points:
    """Return the points of a curve, that of the best row among them; none if no value is finite."""
    values = np.asarray(metrics.get(column, ()), float)
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return []
    rows: Sequence[int] = range(len(values))
    if len(values) > 2 * _MAX_BUCKETS:
        rows = _extremes(values, finite, {0, len(values) - 1, best or 0})
    return [(metrics["epoch"][row], float(values[row])) for row in rows]


def _extremes(values: Array, finite: Array, kept: set[int]) -> list[int]:
    """Return the rows of the extreme values in each bucket of a curve, and those in `kept`."""
    for bucket in np.array_split(finite, min(_MAX_BUCKETS, len(finite))):
        bucket_values = values[bucket]
        kept |= {int(bucket[bucket_values.argmin()]), int(bucket[bucket_values.argmax()])}
    return sorted(kept)
