"""Checks of the inputs: their scale, constant features, and windows shorter than a period."""

from collections.abc import Callable, Iterator

import numpy as np

from rnncli.datasets.mapped import chunks
from rnncli.datasets.sequences import valid_steps
from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Problem
from rnncli.inference.seasonality import find_period, target_series
from rnncli.nn.arrays import Array

# Inputs need no scaling if their root mean square is at most the first and their largest absolute
# value at least the second: pixels from 0 to 16 do not, but pixels up to 255, degrees and
# percentages do.
_MAX_SIZE, _MIN_SIZE = 30.0, 0.03
# A finding lists no more features than this by name.
_MAX_LISTED = 5


def scale(examination: Examination) -> Iterator[Problem]:
    """Find inputs that are far from 1 as the network takes them."""
    sample = examination.sample
    values = _valid_inputs(sample.x, sample.lengths).astype(float)
    root_mean_square = np.sqrt(np.square(values).mean(axis=0))
    varies = np.ptp(values, axis=0) > 0
    too_large = varies & (root_mean_square > _MAX_SIZE)
    too_small = varies & (np.abs(values).max(axis=0) < _MIN_SIZE)
    unsuitable = np.flatnonzero(too_large | too_small)
    if len(unsuitable):
        sizes = ", ".join(f"{root_mean_square[i]:.3g}" for i in unsuitable[:_MAX_LISTED])
        yield Problem(
            f"root mean square of {_listed(examination.input_name, unsuitable)}: {sizes}"
            + (", ..." if len(unsuitable) > _MAX_LISTED else ""),
            "large inputs saturate the cells, which then learn nothing; very small inputs have "
            "next to no effect",
            "set data.standardize: true, or rescale the columns of data.path to sizes near 1",
        )


def constant_features(examination: Examination) -> Iterator[Problem]:
    """Find features that have the same value everywhere in the training split."""
    train = examination.sequences
    num_features = train.x.shape[2]
    low, high = np.full(num_features, np.inf), np.full(num_features, -np.inf)
    for start, x in chunks(train.x):
        lengths = None if train.lengths is None else train.lengths[start : start + len(x)]
        values = _valid_inputs(x, lengths)
        low, high = np.minimum(low, values.min(axis=0)), np.maximum(high, values.max(axis=0))
    constant = np.flatnonzero(low == high)
    if len(constant):
        values_listed = ", ".join(f"{low[i]:g}" for i in constant[:_MAX_LISTED])
        yield Problem(
            f"{_listed(examination.feature_name, constant)}: always {values_listed}",
            "a constant feature carries no information; often it was recorded or exported wrongly",
            "correct or remove the columns in data.path",
        )


def _valid_inputs(x: Array, lengths: Array | None) -> Array:
    """Return the inputs (M, D) at all time steps that are not padding."""
    return x.reshape(-1, x.shape[2]) if lengths is None else x[valid_steps(lengths, x.shape[1])]


def _listed(name: Callable[[int], str], features: Array) -> str:
    names = [name(int(i)) for i in features[:_MAX_LISTED]]
    return ", ".join(names) + (" and others" if len(features) > _MAX_LISTED else "")


def window_shorter_than_period(examination: Examination) -> Iterator[Problem]:
    """Find windows of a series that are shorter than its period."""
    windows = examination.model.input_spec.windows
    if windows is None:
        return
    for target in windows.targets:
        series = target_series(examination.sequences, windows, target)
        period, autocorrelation = find_period(series)
        if period > windows.sequence_length:
            yield Problem(
                f"'{target}' has a period of about {period} rows (autocorrelation "
                f"{autocorrelation:.2f}); a window has {windows.sequence_length}",
                "the network never sees a whole period",
                f"set data.sequence_length to {period} or more",
            )
