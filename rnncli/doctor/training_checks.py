"""Checks of how the config uses the data: long sequences, few optimizer steps, and trends."""

from collections.abc import Iterator

import numpy as np

from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Problem
from rnncli.inference.seasonality import target_series

# What happens in one time step of a longer sequence hardly reaches the prediction.
_LONG_SEQUENCE = 128
# Networks that learned with fewer steps than this learned more with three times as many.
_FEW_UPDATES = 200
# A trend is found if more than this share of the last fifth of the rows is outside the range of the
# rows before.
_MAX_SHARE_OUTSIDE = 1 / 3


def long_sequences(examination: Examination) -> Iterator[Problem]:
    """Find long sequences that could be read as frames."""
    steps = examination.sequence_length
    if examination.could_use_frames and steps > _LONG_SEQUENCE:
        yield Problem(
            f"sequences of up to {steps:,} time steps",
            "what happens in single time steps of long sequences is hard to learn, and training "
            "takes long",
            "set data.frames: 64, which averages consecutive time steps",
        )


def few_updates(examination: Examination) -> Iterator[Problem]:
    """Find a training run of few optimizer steps."""
    num_updates = examination.num_updates
    if num_updates < _FEW_UPDATES:
        yield Problem(
            f"{examination.settings.num_epochs} epochs of {examination.num_batches} batches are "
            f"{num_updates} optimizer steps",
            "so few steps change the initial weights only a little",
            "set training.num_updates: 600, or a smaller training.batch_size",
        )


def trend(examination: Examination) -> Iterator[Problem]:
    """Find a series that leaves the range of its past, which absolute values cannot follow."""
    windows = examination.model.input_spec.windows
    if windows is None or windows.relative != "none":
        return
    for target in windows.targets:
        series = target_series(examination.sequences, windows, target)
        before, last = np.split(series, [len(series) * 4 // 5])
        if not len(before):
            continue
        share = float(((last < before.min()) | (last > before.max())).mean())
        if share > _MAX_SHARE_OUTSIDE:
            yield Problem(
                f"{share:.0%} of the last fifth of '{target}' is outside the range of the values "
                "before",
                "a network cannot continue a trend to values that it has never seen",
                "set data.relative: last",
            )
