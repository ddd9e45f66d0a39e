"""Checks of the labels: whether they are balanced, and come from the inputs or stand in them."""

from collections.abc import Iterator

import numpy as np

from rnncli.doctor.finding import Finding
from rnncli.doctor.relations import (
    answered,
    one_hot,
    simple_strengths,
    skill_of_column,
    strength,
)
from rnncli.doctor.subject import Subject
from rnncli.inference.outputs import outputs
from rnncli.nn.arrays import Array

_MOST_UNEQUAL = 20
# In standard errors, the best of dozens of answers by chance; and how many sequences that needs.
_NO_STRENGTH, _FEWEST_TO_DOUBT = 4.5, 100
# What a leaking column tells, how far it is above the others, and how many answers that needs.
_ALMOST_ALL, _FAR_ABOVE, _FEWEST_TO_SUSPECT = 0.95, 0.3, 40
# How many rows and columns are asked for leaks.
_ROWS, _COLUMNS = 500, 4096


def balance(subject: Subject) -> Iterator[Finding]:
    """Find a class that is far rarer than another.

    Labels of steps are left alone: that most steps are of one class is how such tasks are.
    """
    task, y = subject.task, subject.train.y
    if task.kind == "regression" or y.ndim == 3:
        return
    counts = np.bincount(y[:, 0].astype(int), minlength=len(task.labels))
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] >= _MOST_UNEQUAL * max(1, counts[least]):
        yield Finding(
            "balance",
            f"{counts[most]:,} training sequences of class {task.labels[most]}, {counts[least]:,} "
            f"of {task.labels[least]}; always answering {task.labels[most]} is right "
            f"{counts[most] / counts.sum():.1%} of the time",
            "a high accuracy can mean that the rare class is never found",
            f"add sequences of class {task.labels[least]} to data.path, or repeat those there are; "
            "judge by balanced_accuracy in 'rnn evaluate'",
        )


def shuffled_labels(subject: Subject) -> Iterator[Finding]:
    """Find labels that neither simple models nor short trainings can foretell at all."""
    if len(subject.order) < _FEWEST_TO_DOUBT:
        return
    answers = answered(subject)
    best = max(simple_strengths(answers), default=0.0)
    if best < _NO_STRENGTH:
        best = max([best, *_strengths_of_trials(subject)])
    if best < _NO_STRENGTH:
        yield Finding(
            "labels",
            "a linear model, nearest neighbours and short trainings foretell held-out labels no "
            f"better than a constant (at best {best:.1f} standard errors above chance, of "
            f"{len(subject.order):,} sequences)",
            "the labels look shuffled: nothing in the inputs seems to tell them",
            "compare some rows of data.path with their source: labels or rows sorted, "
            "shifted or joined apart, or data.label_column at another column",
        )


def _strengths_of_trials(subject: Subject) -> Iterator[float]:
    """Yield how well the networks of the trials foretell what they have not seen."""
    network, held = subject.network, subject.train.take(subject.held_out)
    for found in subject.trials:
        network.parameters[...] = found.parameters
        with np.errstate(all="ignore"):
            z = outputs(network, held.x, held.lengths).astype(float)
        network.parameters[...] = subject.start
        if subject.task.labels:
            z = subject.task.probabilities(z)
        there = ~np.isnan(held.y[..., 0])
        if np.isfinite(z[there]).all():
            yield strength(z[there], one_hot(subject, held.y[there]), len(held))


def leaks(subject: Subject) -> Iterator[Finding]:
    """Find a column that alone tells almost all of the labels, where no other comes near it.

    Not asked of a forecast's own past: that a series goes on as it was is no leak.
    """
    answers = answered(subject)
    count, steps, features = answers.columns.shape
    windows = subject.model.input_spec.windows
    own = [] if windows is None else [windows.columns.index(name) for name in windows.targets]
    if steps * features < 2 or count < _FEWEST_TO_SUSPECT or len(own) == features:
        return
    skills = _skills(answers.columns, answers.targets, subject.task.kind)
    suspects = skills.copy()
    suspects[:, own] = -np.inf
    step, feature = np.unravel_index(suspects.argmax(), skills.shape)
    best = skills[step, feature]
    others = np.delete(skills, feature, axis=1) if features > 1 else np.delete(skills, step, axis=0)
    second = max(0.0, float(others.max()))
    if best < _ALMOST_ALL or second > best - _FAR_ABOVE:
        return
    everywhere = (skills[:, feature] > second + _FAR_ABOVE).all()
    place = "" if everywhere else f" at step {step} (of {steps}, counted from 0)"
    yield Finding(
        "leak",
        f"{subject.name(int(feature))}{place} alone tells {best:.1%} of what there is to learn of "
        f"the labels, the best of the others {second:.1%}",
        "it looks like a copy of the label, or something known only after it",
        f"take the column out of data.path{'' if windows is None else ' or data.columns'}, unless "
        "it is known when the model is to answer",
    )


def _skills(columns: Array, targets: Array, kind: str) -> Array:
    """Return the skill of each step's features (T, D); of very many columns, of some steps.

    Those of steps that are not asked are 0.
    """
    count, steps, features = columns.shape
    skills = np.zeros((steps, features))
    half = min(count // 2, _ROWS)
    known, asked = slice(half), slice(half, 2 * half)
    for step in np.unique(np.linspace(0, steps - 1, max(1, _COLUMNS // features)).astype(int)):
        for feature in range(features):
            column = columns[:, step, feature]
            skills[step, feature] = skill_of_column(
                column[known], targets[known], column[asked], targets[asked], kind
            )
    return skills
