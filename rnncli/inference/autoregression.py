"""A linear autoregression: each value to forecast is a linear function of the window before it."""

from dataclasses import dataclass
from math import inf, log

import numpy as np

from rnncli.datasets.scaling import mean_and_deviation
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.slices import slices
from rnncli.nn.arrays import Array

# With more coefficients per forecast, the normal equations would take long to solve.
_MAX_COEFFICIENTS = 512
# All orders up to the first number are tried, and then each about this much larger than the last.
_ALL_ORDERS, _GROWTH = 16, 1.25
# The ridge, for standardized features, bounds the condition number of the normal equations at about
# 1e8 times the number of coefficients, and is far below the noise of any recorded data.
_RIDGE = 1e-8
_WINDOWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Autoregression:
    """A fitted autoregression; forecasts at each step of the horizon have their own coefficients.

    Attributes
    ----------
    order : int
        How many of the last rows of a window it uses, with all their features.
    coefficients : array (1 + order * D, K)
        The intercept, and the coefficients of the last row's features, of those of the row before
        it, and so on, of each of the K values to forecast.
    mean, std : array (D,)
        The scale of the features.
    """

    order: int
    coefficients: Array
    mean: Array
    std: Array

    def forecast(self, sequences: Sequences) -> Array:
        """Return the forecasts (N, K) for windows in memory."""
        x = np.asarray(sequences.x)
        parts = (
            _regressors(x[rows], self.order, self.mean, self.std)
            for rows in slices(len(x), _WINDOWS_AT_ONCE)
        )
        return np.concatenate([part @ self.coefficients for part in parts])


def fit_autoregression(train: Sequences) -> Autoregression | None:
    """Fit an autoregression to windows by least squares, with an order that is chosen.

    The order has the lowest AICc, ``n log(RSS / n) + 2 k + 2 k (k + 1) / (n - k - 1)`` for n
    windows and k coefficients, summed over the values to forecast (Hurvich and Tsai, 1989,
    "Regression and time series model selection in small samples").

    Returns
    -------
    Autoregression or None
        None if there are too few windows even for the order 1.
    """
    x, y = np.asarray(train.x), np.asarray(train.labels, float)
    count, sequence_length, num_features = x.shape
    longest = max(1, min(sequence_length, (_MAX_COEFFICIENTS - 1) // num_features))
    orders = [order for order in _orders(longest) if order * num_features + 1 < count - 2]
    if not orders:
        return None
    mean, std = mean_and_deviation(x.reshape(-1, num_features))
    y_mean, y_std = mean_and_deviation(y)
    targets = (y - y_mean) / y_std
    size = 1 + orders[-1] * num_features
    gram, moments = np.zeros((size, size)), np.zeros((size, y.shape[1]))
    for rows in slices(count, _WINDOWS_AT_ONCE):
        part = _regressors(x[rows], orders[-1], mean, std)
        gram += part.T @ part
        moments += part.T @ targets[rows]
    gram += count * _RIDGE * np.eye(size)
    lowest, best = inf, (orders[0], moments[:0])
    for order in orders:
        k = 1 + order * num_features
        coefficients = np.linalg.solve(gram[:k, :k], moments[:k])
        squares = np.square(targets).sum(axis=0) - (moments[:k] * coefficients).sum(axis=0)
        criterion = _aicc(squares, count, k)
        if criterion < lowest:
            lowest, best = criterion, (order, coefficients)
    order, coefficients = best
    coefficients = coefficients * y_std
    coefficients[0] += y_mean
    return Autoregression(order, coefficients, mean, std)


def _orders(longest: int) -> list[int]:
    """Return the orders to try, from 1 to the longest."""
    orders = list(range(1, min(_ALL_ORDERS, longest) + 1))
    while orders[-1] < longest:
        orders.append(min(longest, int(orders[-1] * _GROWTH)))
    return orders


def _regressors(x: Array, order: int, mean: Array, std: Array) -> Array:
    """Return one and the standardized features of the last rows, the latest first, of windows."""
    z = (x[:, : -order - 1 : -1] - mean) / std
    return np.concatenate([np.ones((len(z), 1)), z.reshape(len(z), -1)], axis=1)


def _aicc(squares: Array, count: int, k: int) -> float:
    """Return the corrected Akaike criterion of sums of squared residuals (K,)."""
    # Residuals of a perfect fit are rounding errors, among which there is no better or worse.
    log_likelihood = sum(count * log(max(value / count, _RIDGE**2)) for value in squares.tolist())
    return log_likelihood + len(squares) * (2 * k + 2 * k * (k + 1) / (count - k - 1))
