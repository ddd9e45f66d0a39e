"""Simple forecasts whose metrics are shown beside those of a model."""

from collections.abc import Callable

import numpy as np

from rnncli.datasets.arrangements.named_rows import NumericTable
from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.sequences import Sequences
from rnncli.inference.autoregression import fit_autoregression
from rnncli.inference.seasonality import find_period, target_series
from rnncli.nn.arrays import Array

Forecaster = Callable[[Sequences], Array]
"""Takes N windows in memory and returns forecasts (N, horizon * targets)."""


def forecast_baselines(
    windows: Windows, train: Sequences | None, table: NumericTable | None = None
) -> dict[str, Forecaster]:
    """Return the baselines for forecasts by their names.

    ``persistence`` repeats the last value of each target. ``seasonal_naive`` repeats the values of
    the last period; for a target without a period, it repeats the last value. If no target has a
    period, this baseline is left out. ``autoregression`` is a linear function of the window.

    Parameters
    ----------
    windows : Windows
        The windows of the model.
    train : Sequences, optional
        The training split, to which the period and the autoregression are fitted. Without it, only
        ``persistence`` is returned.
    table : NumericTable, optional
        The table from which the windows are cut that will be forecast. A period longer than a
        window reaches back to its rows before the window. Where these are not known, the last value
        is repeated.
    """
    baselines = {"persistence": _repeat_period(windows, [1] * len(windows.targets))}
    if train is None:
        return baselines
    periods = [find_period(target_series(train, windows, name))[0] for name in windows.targets]
    if table is None:
        periods = [period if period <= windows.sequence_length else 0 for period in periods]
    if max(periods) > 1:
        baselines["seasonal_naive"] = _repeat_period(
            windows, [max(period, 1) for period in periods], table
        )
    autoregression = fit_autoregression(train)
    if autoregression is not None:
        baselines["autoregression"] = autoregression.forecast
    return baselines


def _repeat_period(
    windows: Windows, periods: list[int], table: NumericTable | None = None
) -> Forecaster:
    """Return a forecaster that repeats the last period, in rows, of each target."""
    ahead = np.arange(1, windows.horizon + 1)[:, np.newaxis]
    # How many rows before the last row of a window each value is found: (horizon, targets).
    back = -(-ahead // np.array(periods)) * np.array(periods) - ahead
    features = [windows.columns.index(name) for name in windows.targets]
    is_within = back < windows.sequence_length

    def forecast(sequences: Sequences) -> Array:
        x = np.asarray(sequences.x)
        rows = np.where(is_within, windows.sequence_length - 1 - back, -1)
        values: Array = x[:, rows, features]
        if table is not None and not is_within.all():
            earlier = _values_before(sequences, table, back, windows.targets)
            values = np.where(is_within | np.isnan(earlier), values, earlier)
        return values.reshape(len(x), -1)

    return forecast


def _values_before(
    sequences: Sequences, table: NumericTable, back: Array, targets: tuple[str, ...]
) -> Array:
    """Return the values (N, horizon, targets) of the rows that are `back` rows before the last one.

    They are NaN where the table has no such row, or no value in it.
    """
    last_rows = np.searchsorted(table.rows, np.array(sequences.positions))
    rows = last_rows[:, np.newaxis, np.newaxis] - back
    values = table.values[np.maximum(rows, 0), [table.columns.index(name) for name in targets]]
    return np.where(rows >= 0, values, np.nan)
