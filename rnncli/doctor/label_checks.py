"""Checks of the labels: their balance, and how well the inputs predict them."""

from collections.abc import Iterator

import numpy as np

from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Problem
from rnncli.doctor.label_data import LabelData, label_data, one_hot
from rnncli.doctor.simple_models import (
    correlation_in_standard_errors,
    cross_validated_correlations,
    skill_score,
)
from rnncli.doctor.trials import network_outputs
from rnncli.nn.arrays import Array

# The most frequent class may be this many times as frequent as the rarest one.
_MAX_IMBALANCE = 20
# The best of dozens of unrelated predictions stays below this many standard errors; with fewer
# sequences than the second constant, learnable labels do too.
_MIN_CORRELATION, _MIN_SEQUENCES = 4.5, 100
# A column leaks the label if its skill score is above the first constant, and above all others by
# the second one. Fewer labels than the third allow no judgement.
_LEAKING_SKILL, _MIN_LEAD, _MIN_LABELS = 0.95, 0.3, 40
# At most this many labels and columns are examined for leaks.
_MAX_LABELS, _MAX_COLUMNS = 500, 4096


def class_balance(examination: Examination) -> Iterator[Problem]:
    """Find a class that is far rarer than another.

    Labels of time steps are not examined: in such tasks one class is usually far more frequent.
    """
    task, y = examination.task, examination.train.y
    if task.kind == "regression" or y.ndim == 3:
        return
    counts = np.bincount(y[:, 0].astype(int), minlength=len(task.labels))
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] >= _MAX_IMBALANCE * max(1, counts[least]):
        yield Problem(
            f"{counts[most]:,} training sequences of class {task.labels[most]}, {counts[least]:,} "
            f"of {task.labels[least]}; always predicting {task.labels[most]} is correct "
            f"{counts[most] / counts.sum():.1%} of the time",
            "a high accuracy can mean that the rare class is never predicted",
            f"add sequences of class {task.labels[least]} to data.path, or oversample the class; "
            "judge by balanced_accuracy in 'rnn evaluate'",
        )


def unpredictable_labels(examination: Examination) -> Iterator[Problem]:
    """Find labels that neither simple models nor short training runs predict better than chance."""
    num_sequences = len(examination.sample_index)
    if num_sequences < _MIN_SEQUENCES:
        return
    best = max(cross_validated_correlations(label_data(examination)), default=0.0)
    if best < _MIN_CORRELATION:
        best = max([best, *_correlations_of_trials(examination)])
    if best < _MIN_CORRELATION:
        yield Problem(
            "a linear model, nearest neighbors and short training runs predict held-out labels no "
            f"better than a constant (at best {best:.1f} standard errors above chance, with "
            f"{num_sequences:,} sequences)",
            "the labels look shuffled: they seem to be unrelated to the inputs",
            "compare some rows of data.path with their source: labels or rows may have been "
            "sorted, shifted or joined wrongly, or data.label_column may be another column",
        )


def _correlations_of_trials(examination: Examination) -> Iterator[float]:
    """Yield how well the networks of the trials predict sequences that they did not train on."""
    held_out = examination.train.batch(examination.held_out_index)
    for trial in examination.rate_trials:
        with examination.parameters_set_to(trial.parameters) as network:
            z = network_outputs(network, held_out).astype(float)
        if examination.task.labels:
            z = examination.task.probabilities(z)
        labelled = ~np.isnan(held_out.targets[..., 0])
        if np.isfinite(z[labelled]).all():
            targets = one_hot(examination.task, held_out.targets[labelled])
            yield correlation_in_standard_errors(z[labelled], targets, len(held_out))


def label_leak(examination: Examination) -> Iterator[Problem]:
    """Find a column that alone predicts nearly all labels, while no other column comes close.

    The past of a forecast's own targets is not examined: that a series continues is no leak.
    """
    data = label_data(examination)
    num_labels, sequence_length, num_features = data.inputs.shape
    windows = examination.model.input_spec.windows
    targets = [] if windows is None else [windows.columns.index(name) for name in windows.targets]
    only_one_column = sequence_length * num_features < 2
    if only_one_column or num_labels < _MIN_LABELS or len(targets) == num_features:
        return
    skills = _skill_of_columns(data, examination.task.kind == "regression")
    suspects = skills.copy()
    suspects[:, targets] = -np.inf
    t, feature = np.unravel_index(suspects.argmax(), skills.shape)
    best = skills[t, feature]
    others = np.delete(skills, feature, axis=1) if num_features > 1 else np.delete(skills, t, 0)
    second = max(0.0, float(others.max()))
    if best < _LEAKING_SKILL or second > best - _MIN_LEAD:
        return
    everywhere = (skills[:, feature] > second + _MIN_LEAD).all()
    step = examination.model.input_spec.step_name
    place = "" if everywhere else f" at {step} {t} (of {sequence_length}, counted from 0)"
    yield Problem(
        f"{examination.input_name(int(feature))}{place} alone explains {best:.1%} of the labels "
        f"beyond a constant prediction, the best other column {second:.1%}",
        "it looks like a copy of the label, or like something that is known only afterwards",
        f"remove the column from data.path{'' if windows is None else ' or data.columns'}, unless "
        "it is known when predictions are made",
    )


def _skill_of_columns(data: LabelData, is_regression: bool) -> Array:
    """Return the skill score of each feature at each time step (T, D).

    If there are very many columns, only some time steps are examined; the others score 0.
    """
    num_labels, sequence_length, num_features = data.inputs.shape
    skills = np.zeros((sequence_length, num_features))
    half = min(num_labels // 2, _MAX_LABELS)
    inputs, targets = data.inputs[:half], data.targets[:half]
    new_inputs, new_targets = data.inputs[half : 2 * half], data.targets[half : 2 * half]
    num_time_steps = max(1, _MAX_COLUMNS // num_features)
    for t in np.unique(np.linspace(0, sequence_length - 1, num_time_steps).astype(int)):
        for feature in range(num_features):
            skills[t, feature] = skill_score(
                inputs[:, t, feature],
                targets,
                new_inputs[:, t, feature],
                new_targets,
                is_regression,
            )
    return skills
