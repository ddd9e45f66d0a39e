"""Forecasts of any number of rows, with the model's own forecasts in place of observations."""

import numpy as np

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.numbers import LARGEST
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array


def forecast_rows(model: Model, rows: Array, steps: int, calendar: Array | None = None) -> Array:
    """Return the rows that follow those of a table, with one column per target.

    The model forecasts `horizon` rows from the last window. If more are needed, they are appended
    to the table as if they had been observed, and the window moves on.

    Parameters
    ----------
    model : Model
        A model that forecasts a series.
    rows : array (R, D)
        The features of at least `sequence_length` rows, without missing values; those of the
        calendar are the last ones.
    steps : int
        How many rows to forecast.
    calendar : array (steps, D - C), optional
        The calendar features of the rows to forecast. They are needed where the model has such
        features, if `steps` is more than its horizon.

    Returns
    -------
    array (steps, K)

    Raises
    ------
    InputError
        The model does not forecast, the table is too short, a feature that is needed for further
        windows is not forecast, or the forecasts grow without bound.
    """
    windows = model.input_spec.windows
    if windows is None:
        raise InputError("forecast: a model trained on 'data.kind: series' was expected")
    length, horizon = windows.sequence_length, windows.horizon
    if np.ndim(rows) != 2 or len(rows) < length or steps < 1:
        raise InputError(
            f"forecast: rows of shape {np.shape(rows)} and {steps} steps; at least {length} rows "
            "and 1 step were expected"
        )
    if steps <= horizon:
        return model.predict(rows[np.newaxis, -length:]).reshape(horizon, -1)[:steps]
    order, num_calendar = _columns_in_targets(windows), 2 * len(windows.calendar)
    known = np.empty((steps, 0)) if calendar is None else np.asarray(calendar)
    if known.shape != (steps, num_calendar):
        raise InputError(
            f"forecast: a calendar of shape {known.shape}; further windows need the "
            f"features {(steps, num_calendar)} of the rows to forecast"
        )
    window, forecasts = rows[-length:], np.empty((0, len(windows.targets)))
    while len(forecasts) < steps:
        following = model.predict(window[np.newaxis]).reshape(horizon, -1)
        if not (np.abs(following) <= LARGEST).all():
            raise InputError(
                f"forecast: the values grow beyond {LARGEST:g} after {len(forecasts)} rows; "
                "fewer steps were expected"
            )
        new_calendar = known[len(forecasts) : len(forecasts) + horizon]
        new_rows = np.hstack([following[: len(new_calendar), order], new_calendar])
        forecasts = np.concatenate([forecasts, following])
        window = np.concatenate([window, new_rows])[-length:]
    return forecasts[:steps]


def _columns_in_targets(windows: Windows) -> list[int]:
    """Return the position of each column among the targets.

    Raises
    ------
    InputError
        A column is not a target.
    """
    others = [name for name in windows.columns if name not in windows.targets]
    if others:
        raise InputError(
            f"forecast: further windows need every feature, and data.targets has no "
            f"{', '.join(others)}; at most {windows.horizon} steps were expected"
        )
    return [windows.targets.index(name) for name in windows.columns]
