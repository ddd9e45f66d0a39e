"""Before a long run: checks of config, data and a new network, in one table.

A check is a function that yields what it finds; a new one is a function and a line in `CHECKS`.
"""

from collections.abc import Callable, Iterator

from rnncli.blas import threads_for
from rnncli.doctor.estimate import memory
from rnncli.doctor.finding import Finding
from rnncli.doctor.inputs import constants, duplicates, scale, window
from rnncli.doctor.labels import balance, leaks, shuffled_labels
from rnncli.doctor.network import (
    by_heart,
    dead_units,
    first_loss,
    gradients,
    learning_rate,
)
from rnncli.doctor.subject import Subject

CHECKS: dict[str, Callable[[Subject], Iterator[Finding]]] = {
    "memory": memory,
    "scale": scale,
    "constants": constants,
    "duplicates": duplicates,
    "window": window,
    "balance": balance,
    "leak": leaks,
    "labels": shuffled_labels,
    "first loss": first_loss,
    "by heart": by_heart,
    "learning rate": learning_rate,
    "dead units": dead_units,
    "gradients": gradients,
}


def examine(subject: Subject) -> list[Finding]:
    """Return what all checks find."""
    with threads_for(subject.network.architecture.hidden_size):
        return [finding for check in CHECKS.values() for finding in check(subject)]
