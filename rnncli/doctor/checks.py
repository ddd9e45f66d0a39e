"""The table of all checks.

A check is a function that takes an `Examination` and yields each problem that it finds. To add
one, write the function and add a line to `CHECKS`.
"""

from collections.abc import Callable, Iterator

from rnncli.blas import one_thread
from rnncli.doctor.duplicate_checks import duplicates
from rnncli.doctor.estimate import insufficient_memory
from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Finding, Problem
from rnncli.doctor.input_checks import constant_features, scale, window_shorter_than_period
from rnncli.doctor.label_checks import class_balance, label_leak, unpredictable_labels
from rnncli.doctor.network_checks import (
    dead_units,
    first_loss,
    gradients_through_time,
    learning_rate,
    overfit,
)
from rnncli.doctor.training_checks import few_updates, long_sequences, trend

CHECKS: dict[str, Callable[[Examination], Iterator[Problem]]] = {
    "memory": insufficient_memory,
    "scale": scale,
    "constants": constant_features,
    "duplicates": duplicates,
    "window": window_shorter_than_period,
    "trend": trend,
    "length": long_sequences,
    "balance": class_balance,
    "leak": label_leak,
    "labels": unpredictable_labels,
    "steps": few_updates,
    "first loss": first_loss,
    "overfit": overfit,
    "learning rate": learning_rate,
    "dead units": dead_units,
    "gradients": gradients_through_time,
}

# Checks of inputs that are numbers, and of sequences with labels.
_OF_NUMBERS = {"scale", "constants", "window", "trend", "length", "leak", "labels"}
_OF_LABELS = {"duplicates", "balance"}


def applicable_checks(examination: Examination) -> list[str]:
    """Return the names of the checks that the data allow."""
    has_symbols = examination.model.input_spec.vocabulary is not None
    excluded = (_OF_NUMBERS if has_symbols else set()) | (
        _OF_LABELS if examination.task.is_language_model else set()
    )
    return [name for name in CHECKS if name not in excluded]


def run_checks(examination: Examination) -> list[Finding]:
    """Return the findings of all applicable checks, in the order of the table."""
    with one_thread():
        return [
            Finding(name, *problem)
            for name in applicable_checks(examination)
            for problem in CHECKS[name](examination)
        ]
