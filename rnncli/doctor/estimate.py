"""What a run is going to take."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from rnncli.datasets.mapped import Mapped
from rnncli.doctor.finding import Finding
from rnncli.doctor.subject import Subject

_PART_OF_MEMORY = 0.8
# A validation runs forward only.
_FORWARD = 1 / 3


@dataclass(frozen=True)
class Estimate:
    """What a run is going to take.

    Attributes
    ----------
    steps : int
        Steps of the optimizer.
    seconds : float
        Time on this machine, as it is now.
    megabytes : float
        Memory for the network, laid out for a batch, and for the data.
    """

    steps: int
    seconds: float
    megabytes: float


def estimate(subject: Subject) -> Estimate:
    """Return what the whole run is going to take, from the time of a short trial."""
    settings, tried, part = subject.settings, subject.given_trial, subject.splits.validation
    sequences = len(subject.train) + (0 if part is None else len(part) * _FORWARD)
    return Estimate(
        settings.num_epochs * -(-len(subject.train) // settings.batch_size),
        settings.num_epochs * sequences * tried.seconds / tried.batch_size,
        _bytes(subject) / 1e6,
    )


def _bytes(subject: Subject) -> int:
    network, settings, x = subject.network, subject.settings, subject.train.x
    batch = min(settings.batch_size, len(x))
    vectors = 4 + len(settings.optimizer.slots)
    data = 0
    if not isinstance(x, Mapped):
        raw = subject.splits.train.x
        data = x.nbytes + (0 if isinstance(raw, Mapped) else raw.nbytes)
    return network.bytes_unrolled(x.shape[1], batch) + vectors * network.parameters.nbytes + data


def memory(subject: Subject) -> Iterator[Finding]:
    """Find a run that needs more memory than the machine has."""
    needed, there = _bytes(subject), memory_here()
    if needed > _PART_OF_MEMORY * there:
        yield Finding(
            "memory",
            f"about {needed / 1e9:.1f} GB are needed; this machine has {there / 1e9:.1f}",
            "the run will be very slow, or stopped by the system",
            "lower training.batch_size or model.hidden_size, or keep the data in an .npy file, "
            "which is read batch by batch",
        )


def memory_here() -> int:
    """Return how many bytes of memory this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
