"""Augmentations: random changes of the training sequences, anew in each step.

Each is a frozen dataclass: a config section with its method. It takes and returns sequences
(B, T, D), standardized and padded with zeros at their beginning; it changes neither their lengths
nor their labels. What it writes to the padding is replaced by zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
from pydantic import Field

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import valid_steps
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.random_streams import generator

# The speed of a time warp is a sum of this many cosines: so few make it smooth.
_NUM_WAVES = 3


@dataclass(frozen=True)
class Jitter:
    """Gaussian noise, added to each value."""

    kind: Literal["jitter"] = "jitter"
    std: Annotated[
        float, Field(gt=0, description="standard deviation of the noise on standardized inputs")
    ] = 0.1

    moves_time: ClassVar[bool] = False

    def apply(self, x: Array, lengths: Array, rng: np.random.Generator) -> Array:
        """Return sequences (B, T, D) with noise."""
        noise: Array = rng.standard_normal(x.shape, x.dtype)
        noise *= self.std
        noise += x
        return noise


@dataclass(frozen=True)
class Scaling:
    """Each feature of each sequence, multiplied by a Gaussian factor with mean 1."""

    kind: Literal["scaling"] = "scaling"
    std: Annotated[float, Field(gt=0, description="standard deviation of the factors")] = 0.1

    moves_time: ClassVar[bool] = False

    def apply(self, x: Array, lengths: Array, rng: np.random.Generator) -> Array:
        """Return scaled sequences (B, T, D)."""
        factors = 1 + self.std * rng.standard_normal((len(x), 1, x.shape[2]), x.dtype)
        scaled: Array = x * factors
        return scaled


@dataclass(frozen=True)
class TimeWarp:
    """Time that runs faster and slower by turns, between a fixed beginning and end.

    The logarithm of the speed at the relative time u is strength * sum_k a_k cos(pi k u), with
    standard normal a_k, k = 1 to 3; a speed above 0 keeps the order of the time steps. Values
    between time steps are interpolated linearly.

    Source: T. T. Um et al., "Data augmentation of wearable sensor data for Parkinson's disease
    monitoring using convolutional neural networks", ICMI 2017, with splines instead of cosines.
    """

    kind: Literal["time_warp"] = "time_warp"
    strength: Annotated[
        float, Field(gt=0, le=2, description="how much the speed varies, on a logarithmic scale")
    ] = 0.2

    moves_time: ClassVar[bool] = True

    def apply(self, x: Array, lengths: Array, rng: np.random.Generator) -> Array:
        """Return warped sequences (B, T, D)."""
        waves = np.arange(1, _NUM_WAVES + 1)[:, np.newaxis]
        amplitudes = self.strength * rng.standard_normal((len(x), _NUM_WAVES))
        time = relative_time(lengths, x.shape[1])
        if (lengths == x.shape[1]).all():  # The cosines are the same for all sequences.
            speed = np.exp(amplitudes @ np.cos(np.pi * waves * time[:1]))
        else:
            cosines = np.cos(np.pi * waves * time[:, np.newaxis])
            speed = np.exp(np.einsum("bk,bkt->bt", amplitudes, cosines))
        distances = np.zeros(x.shape[:2])
        distances[:, 1:] = speed[:, 1:] + speed[:, :-1]
        distances[time <= 0] = 0  # The first time step of a sequence, and what precedes it.
        warped = distances.cumsum(axis=1)
        warped /= np.where(lengths > 1, warped[:, -1], 1)[:, np.newaxis]
        return interpolated(x, lengths, warped)


@dataclass(frozen=True)
class WindowSlice:
    """A random part of each sequence, stretched to the sequence's length.

    Values between time steps are interpolated linearly.

    Source: A. Le Guennec, S. Malinowski & R. Tavenard, "Data augmentation for time series
    classification using convolutional neural networks", AALTD 2016.
    """

    kind: Literal["window_slice"] = "window_slice"
    fraction: Annotated[
        float, Field(gt=0, lt=1, description="length of the part, relative to the sequence")
    ] = 0.9

    moves_time: ClassVar[bool] = True

    def apply(self, x: Array, lengths: Array, rng: np.random.Generator) -> Array:
        """Return stretched parts (B, T, D)."""
        start = (1 - self.fraction) * rng.random((len(x), 1))
        return interpolated(x, lengths, start + self.fraction * relative_time(lengths, x.shape[1]))


Augmentation = Jitter | Scaling | TimeWarp | WindowSlice
AUGMENTATIONS: dict[str, type[Augmentation]] = {
    option.kind: option for option in get_args(Augmentation)
}


def relative_time(lengths: Array, num_steps: int) -> Array:
    """Return the time of each time step (B, T), from 0 at a sequence's first one to 1 at its last.

    It is negative in the padding, and 0 in a sequence of one time step.
    """
    steps = np.arange(num_steps) - (num_steps - lengths[:, np.newaxis])
    time: Array = steps / np.maximum(lengths - 1, 1)[:, np.newaxis]
    return time


def interpolated(x: Array, lengths: Array, time: Array) -> Array:
    """Return the values (B, T, D) of sequences at relative times (B, T) from 0 to 1."""
    num_steps = x.shape[1]
    position = time.clip(0, 1) * (lengths[:, np.newaxis] - 1)
    position += num_steps - lengths[:, np.newaxis]
    before = position.astype(np.intp)
    share = (position - before).astype(x.dtype)[:, :, np.newaxis]
    # Rows of all sequences, one below the other, are gathered faster than along an axis.
    rows = x.reshape(-1, x.shape[2])
    first_row = np.arange(len(x))[:, np.newaxis] * num_steps
    low = rows.take(first_row + before, 0)
    values: Array = rows.take(first_row + np.minimum(before + 1, num_steps - 1), 0)
    values -= low
    values *= share
    values += low
    return values


def augmented(batch: Batch, augmentations: Sequence[Augmentation], seed: int, step: int) -> Batch:
    """Return a batch with its sequences changed by all augmentations, in the given order.

    Each one has a random stream of its own for every step of the training, so that leaving one out
    does not change the others.
    """
    if not augmentations:
        return batch
    x, num_steps = batch.x, batch.x.shape[1]
    lengths = np.full(len(batch), num_steps) if batch.lengths is None else batch.lengths
    for augmentation in augmentations:
        x = augmentation.apply(x, lengths, generator(seed, augmentation.kind, step))
    if batch.lengths is not None:
        x[~valid_steps(lengths, num_steps)] = 0
    return replace(batch, x=x)


def check_augmentations(
    augmentations: Sequence[Augmentation], spec: InputSpec, predicts_every_step: bool
) -> None:
    """Raise `InputError` if an augmentation does not suit the inputs or their labels."""
    if augmentations and spec.vocabulary is not None:
        raise InputError(
            "training.augmentation: the inputs are symbols, and only numbers can be augmented; "
            "set it to []"
        )
    if predicts_every_step:
        reason = "each time step has a label"
    elif spec.windows is not None:
        reason = "a forecast depends on when each value occurred"
    else:
        return
    for augmentation in augmentations:
        if augmentation.moves_time:
            unmoved = [kind for kind, option in AUGMENTATIONS.items() if not option.moves_time]
            raise InputError(
                f"training.augmentation: {augmentation.kind} moves values in time, but {reason}; "
                f"use {' or '.join(unmoved)}"
            )
