"""Forecasts of a run over time, beside the true values."""

from dataclasses import dataclass

from rnncli.analysis.evaluation_data import read_evaluation_data
from rnncli.errors import InputError
from rnncli.inference.evaluation import evaluate
from rnncli.inference.predictions import Predictions, concatenated
from rnncli.nn.arrays import Array
from rnncli.runs.saved_model import SavedModel

Points = list[tuple[float, float]]


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
    """

    column: str
    title: str
    curves: dict[str, Points]


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
    true, predicted = predictions.known_labels, predictions.values
    shape = (len(true), windows.horizon, len(windows.targets))
    # The position of a window is its last row; the values to predict begin in the row after it.
    rows = [row + 1 for row in sequences.positions or range(len(true))]
    return [
        _forecast(column, rows, true.reshape(shape)[:, :, i], predicted.reshape(shape)[:, :, i])
        for i, column in enumerate(windows.targets)
    ]


def _forecast(column: str, rows: list[int], true: Array, predicted: Array) -> Forecast:
    """Return the curves of a column from true and predicted values (N, horizon)."""
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
    error = float(((predicted - true) ** 2).mean() ** 0.5)
    return Forecast(column, f"{column} (RMSE {error:.4g})", curves)
