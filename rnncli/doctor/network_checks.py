"""Checks of the new network: its first loss, short training runs, its units and its gradients."""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Problem
from rnncli.doctor.trials import Trial, active_units, input_gradient
from rnncli.nn.arrays import Array

_RATE_KEY = "training.optimizer.learning_rate"
# A first loss may be this many times the loss of an uninformed prediction.
_MAX_FIRST_LOSS = 3
# A share of dead units up to this does no harm; it is measured on a few hundred sequences.
_MAX_DEAD_SHARE = 0.3
_BATCH_SIZE, _NUM_BATCHES = 32, 8
# Bounds of the gradient at the first time step over that at the last one; the shipped configs are
# within them, at the start or after training.
_VANISHED, _EXPLODED = 1e-12, 1e4


def first_loss(examination: Examination) -> Iterator[Problem]:
    """Find an initial loss that is far above that of an uninformed prediction."""
    loss, uninformed = examination.initial_loss, examination.uninformed_loss
    if loss > _MAX_FIRST_LOSS * uninformed:
        num_classes = examination.num_classes
        name = f"ln {num_classes}" if num_classes else "the variance"
        yield Problem(
            f"loss {loss:.3g} before training; an uninformed prediction has {uninformed:.3g} "
            f"({name})",
            "the network starts with confident wrong predictions and has to unlearn them first",
            "set data.standardize: true if inputs are large, or model.initialization: orthogonal; "
            "check training.start_from",
        )


def overfit(examination: Examination) -> Iterator[Problem]:
    """Find a network that cannot overfit a few sequences."""
    trial = examination.overfit_trial
    if not trial.reached_target:
        yield Problem(
            f"loss {trial.loss:.3g} after {trial.num_updates} optimizer steps on the same "
            f"{trial.batch_size} sequences; {examination.overfit_loss:.2g} or less was expected",
            "a network that cannot overfit a few sequences learns nothing from many: the learning "
            "rate is too high or too low, or the units are dead",
            f"set {_RATE_KEY} to another value than {trial.learning_rate:g}; check "
            "training.start_from if it is set",
        )


def learning_rate(examination: Examination) -> Iterator[Problem]:
    """Find a learning rate that is far too high or far too low.

    It is too low if the whole run cannot get as far as the trial at a hundred times the rate, and
    the trial at ten times the rate is better already: a single good trial may be chance.
    """
    trials, configured = examination.rate_trials, examination.configured_trial
    best = min(trials, key=lambda trial: trial.loss)
    margin = examination.overfit_loss
    if configured.loss <= 2 * best.loss + margin:
        return
    if best.learning_rate > configured.learning_rate:
        next_higher = trials[trials.index(configured) + 1]
        too_short = _total_rate(examination) < best.learning_rate * best.num_updates
        if best is not trials[-1] or not too_short or next_higher.loss > configured.loss - margin:
            return
        verdict = (
            "far too low: the whole run gets less far than a short trial at a hundred times the "
            "rate"
        )
        alternative = ", or raise training.num_epochs"
    else:
        verdict, alternative = "far too high: a lower rate reaches a far lower loss", ""
    # Of the rates that do nearly as well as the best, the lowest is the safest in a long run.
    safe = next(trial for trial in trials if trial.loss <= best.loss + margin)
    losses = ", ".join(map(_loss_at_rate, trials))
    yield Problem(
        f"loss after {configured.num_updates} optimizer steps: {losses}",
        f"{configured.learning_rate:g} is {verdict}",
        f"set {_RATE_KEY} near {safe.learning_rate:g}{alternative}",
    )


def _loss_at_rate(trial: Trial) -> str:
    loss = f"{trial.loss:.3g}" if isfinite(trial.loss) else "diverged"
    return f"{loss} at rate {trial.learning_rate:g}"


def _total_rate(examination: Examination) -> float:
    """Return the sum of the learning rates of all optimizer steps of the run."""
    settings, num_updates = examination.settings, examination.num_updates
    steps = np.linspace(0, num_updates - 1, min(num_updates, 1000)).astype(int)
    factors = [settings.schedule.factor(int(step), num_updates) for step in steps]
    return settings.optimizer.learning_rate * num_updates * float(np.mean(factors))


def dead_units(examination: Examination) -> Iterator[Problem]:
    """Find ReLU units that are zero everywhere, at the start or after a short training run."""
    if examination.network.architecture.cell.kind != "relu":
        return
    trial = examination.configured_trial
    states = [
        (
            "at the start",
            examination.initial_parameters,
            "check training.start_from and data.standardize",
        )
    ]
    if isfinite(trial.loss):
        when = f"after {trial.num_updates} optimizer steps"
        states.append((when, trial.parameters, f"lower {_RATE_KEY}"))
    for when, parameters, change in states:
        share = _share_of_dead_units(examination, parameters)
        if share > _MAX_DEAD_SHARE:
            yield Problem(
                f"{share:.0%} of the units are zero at all time steps of all sequences {when}",
                "a ReLU unit that is always zero has no gradient and stays dead",
                f"{change}, or use model.cell: tanh",
            )
            return


def _share_of_dead_units(examination: Examination, parameters: Array) -> float:
    """Return the share of units that are zero at each time step of a few hundred sequences."""
    index = examination.fitted_index[: _BATCH_SIZE * _NUM_BATCHES]
    active = []
    with examination.parameters_set_to(parameters) as network:
        for start in range(0, len(index), _BATCH_SIZE):
            batch = examination.train.batch(index[start : start + _BATCH_SIZE])
            active.append(np.concatenate(active_units(network, batch)))
    return float(1 - np.any(active, axis=0).mean())


def gradients_through_time(examination: Examination) -> Iterator[Problem]:
    """Find gradients that vanish or explode between the last time step and the first.

    Many sound networks start with gradients that vanish and learn to preserve them. Therefore the
    gradients are a problem only if they vanish or explode after overfitting a few sequences, too.
    """
    trial = examination.overfit_trial
    at_start, num_time_steps = gradient_ratio(examination, examination.initial_parameters)
    trained, _ = gradient_ratio(examination, trial.parameters)
    if any(_VANISHED < ratio < _EXPLODED for ratio in (at_start, trained)):
        return
    step = examination.model.input_spec.step_name
    vanishes = [ratio <= _VANISHED for ratio in (at_start, trained)]
    if all(vanishes):
        meaning = f"vanish through time: the first {step}s have no effect on the training"
    elif not any(vanishes):
        meaning = f"explode through time: the first {step}s outweigh all others"
    else:
        first, then = ("vanish", "explode") if vanishes[0] else ("explode", "vanish")
        meaning = f"{first} through time at the start and {then} after training"
    yield Problem(
        f"the norm of the gradient with respect to the inputs of the first {step} is "
        f"{at_start:.1e} times that of the last, {step} {num_time_steps}; after "
        f"{trial.num_updates} optimizer steps {trained:.1e} times",
        f"gradients {meaning}",
        "use model.cell: gru or lstm, model.pooling: mean, model.initialization: orthogonal, or "
        "shorter sequences; check training.start_from if it is set",
    )


def gradient_ratio(examination: Examination, parameters: Array) -> tuple[float, int]:
    """Return the norm of dL/dx at the first time step over that at the last, and the length.

    It is measured without dropout, on a batch of the longest sequences. Without any gradient at
    the last time step the ratio is 1.

    Returns
    -------
    ratio : float
    num_time_steps : int
        The time steps of the sequences.
    """
    index, lengths = examination.fitted_index, examination.train.lengths
    if lengths is not None:
        index = index[lengths[index] == lengths[index].max()]
    batch = examination.train.batch(index[:_BATCH_SIZE])
    with examination.parameters_set_to(parameters) as network:
        gradient = input_gradient(network, examination.task, batch)
    num_time_steps = len(gradient) if batch.lengths is None else int(batch.lengths.max())
    norms = np.sqrt(np.square(gradient[-num_time_steps:]).sum(axis=(1, 2)))
    return (float(norms[0] / norms[-1]) if norms[-1] else 1.0), num_time_steps
