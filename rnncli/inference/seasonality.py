"""The period of a series, found from its autocorrelation."""

from math import sqrt

import numpy as np
from numpy.polynomial.legendre import legfit, legval

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.sequences import Sequences
from rnncli.nn.arrays import Array

# Autocorrelations of a series without a period stay below this value, and below this many of their
# standard deviations, which are about one by the root of the number of values.
_MIN_AUTOCORRELATION, _MIN_DEVIATIONS = 0.3, 4
# Multiples of a period have nearly the same autocorrelation as the period, sometimes a higher one;
# the first peak that reaches this share of the highest autocorrelation is the period.
_SHARE_OF_HIGHEST = 0.9
# A deviation below this share of the largest value is a rounding error: the series is constant.
_ROUNDING = 1e-12


def find_period(series: Array) -> tuple[int, float]:
    """Return the period of a series (R,) and the autocorrelation at that lag.

    The trend is removed first, in two ways: a quadratic polynomial is subtracted, which keeps long
    periods, or the differences of consecutive values are taken, which removes any slow movement.
    The result is that with the higher autocorrelation. Without a period, both numbers are 0.
    """
    time = np.linspace(-1, 1, len(series))
    degree = min(2, len(series) - 1)
    trend = legval(time, legfit(time, series, degree))
    smallest_deviation = _ROUNDING * float(np.abs(series).max())
    found = [
        _strongest_period(stationary, smallest_deviation)
        for stationary in (series - trend, np.diff(series))
    ]
    return max(found, key=lambda period: period[1])


def _strongest_period(series: Array, smallest_deviation: float) -> tuple[int, float]:
    """Return the period of a series without a trend, and the autocorrelation at that lag.

    The period is the lag of the first peak that is about as high as any other, among the lags
    after the first one whose autocorrelation is not positive, up to a third of the series. Without
    a period, both are 0.
    """
    longest_lag = len(series) // 3
    if not longest_lag or series.std() <= smallest_deviation:
        return 0, 0.0
    z = (series - series.mean()) / series.std()
    # With so many zeros, no lag wraps around; a power of two is fast.
    padded_length = 1 << (len(z) + longest_lag).bit_length()
    spectrum = np.fft.rfft(z, padded_length)
    autocorrelation = np.fft.irfft(np.abs(spectrum) ** 2, padded_length)[: longest_lag + 1]
    autocorrelation /= len(z) - np.arange(longest_lag + 1)
    not_positive = np.flatnonzero(autocorrelation <= 0)
    if not len(not_positive):
        return 0, 0.0
    autocorrelation[: not_positive[0]] = 0
    highest = float(autocorrelation.max())
    if highest <= max(_MIN_AUTOCORRELATION, _MIN_DEVIATIONS / sqrt(len(z))):
        return 0, 0.0
    is_high = autocorrelation > _SHARE_OF_HIGHEST * highest
    first = int(is_high.argmax())
    peak_width = int(np.append(is_high[first:], False).argmin())
    period = first + int(autocorrelation[first : first + peak_width].argmax())
    # The estimate is not bounded by 1, because each lag has another number of values.
    return (period, min(float(autocorrelation[period]), 1.0)) if period < longest_lag else (0, 0.0)


def target_series(sequences: Sequences, windows: Windows, target: str) -> Array:
    """Return the values (R,) of a target over all rows that consecutive windows cover."""
    x = sequences.x
    assert not isinstance(x, Mapped)
    feature = windows.columns.index(target)
    return np.concatenate([x[0, :, feature], x[1:, -1, feature]])
