"""Checks of the inputs: scale, constants, repetitions, and windows that are too short."""

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.datasets.scaling import mean_and_deviation
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.doctor.finding import Finding
from rnncli.doctor.subject import Subject
from rnncli.nn.arrays import Array

# Pixels from 0 to 16 are learned as they are; those up to 255, degrees or percents are not.
_LARGE, _SMALL = 30.0, 0.03
# The autocorrelation of a series that repeats itself.
_PERIODIC = 0.3
_NAMED = 5


def scale(subject: Subject) -> Iterator[Finding]:
    """Find inputs that are far from 1 as the network takes them."""
    values = _own_steps(subject.sample.inputs, subject.sample.lengths).astype(float)
    typical = np.sqrt(np.square(values).mean(axis=0))
    largest = np.abs(values).max(axis=0)
    changing = np.ptp(values, axis=0) > 0
    large, small = changing & (typical > _LARGE), changing & (largest < _SMALL)
    if not (large | small).any():
        return
    listed = np.flatnonzero(large | small)
    yield Finding(
        "scale",
        f"typical size of {_listed(subject, listed)}: "
        + ", ".join(f"{typical[i]:.3g}" for i in listed[:_NAMED])
        + (", ..." if len(listed) > _NAMED else ""),
        "large inputs drive the cells into saturation, where they learn nothing; very small ones "
        "are not noticed",
        "set data.standardize: true, or bring the columns of data.path to sizes near 1",
    )


def constants(subject: Subject) -> Iterator[Finding]:
    """Find features that never change."""
    raw = subject.splits.train
    low, high = np.full(raw.x.shape[2], np.inf), np.full(raw.x.shape[2], -np.inf)
    for start, x in chunks(raw.x):
        lengths = None if raw.lengths is None else raw.lengths[start : start + len(x)]
        values = _own_steps(x, lengths)
        low, high = np.minimum(low, values.min(axis=0)), np.maximum(high, values.max(axis=0))
    constant = np.flatnonzero(low == high)
    if len(constant):
        yield Finding(
            "constants",
            f"{_listed(subject, constant)}: always "
            + ", ".join(f"{low[i]:g}" for i in constant[:_NAMED]),
            "a feature that never changes tells nothing; often it was read or exported wrongly",
            "look at its columns in data.path, and take them out or mend them",
        )


def _own_steps(x: Array, lengths: Array | None) -> Array:
    """Return the inputs (M, D) of all steps that belong to sequences."""
    return x.reshape(-1, x.shape[2]) if lengths is None else x[valid_steps(lengths, x.shape[1])]


def _listed(subject: Subject, features: Array) -> str:
    names = [subject.name(int(i)) for i in features[:_NAMED]]
    return ", ".join(names) + (" and others" if len(features) > _NAMED else "")


def duplicates(subject: Subject) -> Iterator[Finding]:
    """Find sequences that are there twice, more of them than chance would give.

    Short sequences of few different values repeat by themselves; how often, is counted in the
    same sequences with each column in another order.
    """
    splits = subject.splits
    train = _hashes(splits.train)
    chance = _hashes(_rearranged(splits.train, subject.seed))
    twice, by_chance = len(train) - len(set(train)), len(chance) - len(set(chance))
    if twice > max(2 * by_chance, 0.01 * len(train)):
        yield Finding(
            "duplicates",
            f"{twice:,} of {len(train):,} training sequences are exact copies of others",
            "copies count more than other sequences, and a part split off at random is no longer "
            "new",
            "take the copies out of data.path",
        )
    for name, part in (("validation", splits.validation), ("test", splits.test)):
        if part is None:
            continue
        hashes = _hashes(part)
        shared, by_chance = (
            sum(one in known for one in some)
            for some, known in (
                (hashes, set(train)),
                (_hashes(_rearranged(part, subject.seed + 1)), set(chance)),
            )
        )
        if shared > max(2 * by_chance, 0.01 * len(hashes)):
            yield Finding(
                "duplicates",
                f"{shared:,} of {len(hashes):,} {name} sequences are also in the training part",
                "what was learned by heart counts as understood: the score is too good",
                f"take the copies out of data.path{_other_file(subject, name)}",
            )


def _other_file(subject: Subject, name: str) -> str:
    apart = getattr(subject.splits, name).source != subject.splits.train.source
    return f" or data.{name}_path" if apart else ", or split by who or what was recorded"


def _hashes(part: Sequences) -> list[bytes]:
    """Return a hash of each sequence, over its own steps."""
    steps = part.x.shape[1]
    found = []
    for start, x in chunks(part.x):
        for row, sequence in enumerate(np.ascontiguousarray(x)):
            own = steps if part.lengths is None else int(part.lengths[start + row])
            found.append(blake2b(sequence[steps - own :].tobytes(), digest_size=16).digest())
    return found


def _rearranged(part: Sequences, seed: int) -> Sequences:
    """Return the sequences with the values of each column dealt out anew; none from the disk."""
    if isinstance(part.x, Mapped):
        return part.take(np.arange(0))
    rng, x = np.random.default_rng(seed), part.x.copy()
    count, steps, _ = x.shape
    held = np.ones((count, steps), bool)
    if part.lengths is not None:
        held = valid_steps(part.lengths, steps)
    for step in range(steps):
        there = held[:, step]
        x[there, step] = rng.permuted(x[there, step], axis=0)
    return Sequences(x, part.labels, part.source, lengths=part.lengths)


def window(subject: Subject) -> Iterator[Finding]:
    """Find windows of a series that are shorter than its period."""
    windows = subject.model.input_spec.windows
    if windows is None:
        return
    x = subject.splits.train.x
    assert not isinstance(x, Mapped)
    length = windows.sequence_length
    for name in windows.targets:
        feature = windows.columns.index(name)
        series = np.concatenate([x[0, :, feature], x[1:, -1, feature]])
        period, height = period_of(series)
        if period > length:
            yield Finding(
                "window",
                f"'{name}' repeats itself about every {period} rows (autocorrelation "
                f"{height:.2f}); a window has {length}",
                "the network never sees a whole period",
                f"set data.sequence_length to {period} or more",
            )


def period_of(series: Array) -> tuple[int, float]:
    """Return the lag at which a series is most like itself again, and how much; 0 for none.

    Only lags after the first at which it is not, and up to a third of the series, count.
    """
    mean, deviation = mean_and_deviation(series[:, np.newaxis])
    most = len(series) // 3
    z = (series - mean) / deviation
    spectrum = np.fft.rfft(z, 2 * len(z))
    alike = np.fft.irfft(np.abs(spectrum) ** 2)[: most + 1]
    alike /= len(z) - np.arange(most + 1)
    unlike = np.flatnonzero(alike <= 0)
    if not len(unlike):
        return 0, 0.0
    start = int(unlike[0])
    period = start + int(alike[start:].argmax())
    inside = period < most
    return (period, float(alike[period])) if inside and alike[period] > _PERIODIC else (0, 0.0)
