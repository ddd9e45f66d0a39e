"""Forecasts of a run over time, beside the true values."""

from dataclasses import dataclass

import numpy as np

from rnncli.analysis.evaluation_data import read_evaluation_data
from rnncli.errors import InputError
from rnncli.inference.evaluation import evaluate
from rnncli.inference.intervals import LEVELS
from rnncli.inference.predictions import Predictions, concatenated
from rnncli.nn.arrays import Array
from rnncli.runs.saved_model import SavedModel

Points = list[tuple[float, float]]
Band = list[tuple[float, float, float]]


@dataclass(frozen=True)
class Forecast:
    """The forecasts of one column of a table.

    Attributes
    ----------
    column : str
        The column.
    title : str
        The column and the root mean squared error of its forecasts over the whole horizon.
    curves : dict of str to list of (float, float)
        The points (row of the table, value) of the curve ``true``, of the forecasts one step
        ahead, and of those at the end of the horizon if it is longer than one step.
    bands : dict of str to list of (float, float, float)
        The points (row of the table, lower bound, upper bound) of the prediction intervals of the
        forecasts at the end of the horizon, such as ``95 % interval``, the widest first.
    """

    column: str
    title: str
    curves: dict[str, Points]
    bands: dict[str, Band]


def read_forecasts(saved: SavedModel) -> list[Forecast]:
    """Return the forecasts of a run on its evaluation data, for each column that it predicts.

    Raises
    ------
    InputError
        The run does not forecast a series, or has no evaluation data.
    """
    model = saved.model
    windows = model.input_spec.windows
    if windows is None:
        raise InputError(
            f"{saved.path}: not a forecasting model; a run with 'data.kind: series' was expected"
        )
    _, sequences = read_evaluation_data(saved)
    batches: list[Predictions] = []
    evaluate(model, [sequences], on_predictions=batches.append)
    predictions = concatenated(batches)
    # The position of a window is its last row; the values to predict begin in the row after it.
    positions = sequences.positions
    if positions is None:
        positions = range(len(predictions.values))
    rows = (np.asarray(positions) + 1).tolist()
    shape = (len(rows), windows.horizon, len(windows.targets))
    true, predicted = predictions.known_labels.reshape(shape), predictions.values.reshape(shape)
    bounds = {name: bound.reshape(shape)[:, -1] for name, bound in predictions.bounds.items()}
    return [
        _forecast(
            column,
            rows,
            true[:, :, i],
            predicted[:, :, i],
            {name: bound[:, i] for name, bound in bounds.items()},
        )
        for i, column in enumerate(windows.targets)
    ]


def _forecast(
    column: str, rows: list[int], true: Array, predicted: Array, bounds: dict[str, Array]
) -> Forecast:
    """Return the curves of a column from true and predicted values (N, horizon).

    The bounds (N,) are those at the end of the horizon.
    """
    horizon = true.shape[1]
    true_values = {
        float(row + offset): float(value)
        for row, values in zip(rows, true, strict=True)
        for offset, value in enumerate(values)
    }
    curves = {"true": sorted(true_values.items())}
    for ahead in dict.fromkeys((1, horizon)):
        name = f"{ahead} step{'s' if ahead > 1 else ''} ahead"
        values = zip(rows, predicted[:, ahead - 1], strict=True)
        curves[name] = [(float(row + ahead - 1), float(value)) for row, value in values]
    ends = [float(row + horizon - 1) for row in rows]
    bands = {
        f"{level} % interval": list(
            zip(
                ends,
                bounds[f"lower_{level}"].tolist(),
                bounds[f"upper_{level}"].tolist(),
                strict=True,
            )
        )
        for level in reversed(LEVELS)
        if f"lower_{level}" in bounds
    }
    error = float(((predicted - true) ** 2).mean() ** 0.5)
    return Forecast(column, f"{column} (RMSE {error:.4g})", curves, bands)
