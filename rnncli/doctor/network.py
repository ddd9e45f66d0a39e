"""Checks of the new network: its first loss, its gradients, its units, and short trainings."""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from rnncli.doctor.finding import Finding
from rnncli.doctor.subject import Subject, Trial
from rnncli.nn.arrays import Array
from rnncli.training.events import Steps

_RATE = "training.optimizer.learning_rate"
_BATCH = 32
_FAR_ABOVE = 3
_DEAD = 0.3
# Of the first step's gradient over the last's; the states of shipped configs end within them.
_VANISHED, _EXPLODED = 1e-12, 1e4


def first_loss(subject: Subject) -> Iterator[Finding]:
    """Find a loss at the start that is far above that of knowing nothing."""
    loss, theory = subject.loss_on(subject.learned), subject.theory
    if loss > _FAR_ABOVE * theory:
        name = f"ln {len(subject.task.labels)}" if subject.task.labels else "the variance"
        yield Finding(
            "first loss",
            f"loss {loss:.3g} before the first step, where knowing nothing has {theory:.3g} "
            f"({name})",
            "the network begins with confident wrong answers, and first has to unlearn them",
            "set data.standardize: true if inputs are large, model.initialization: orthogonal, "
            "or look at training.start_from",
        )


def by_heart(subject: Subject) -> Iterator[Finding]:
    """Find a network that can not even learn a few sequences by heart."""
    found = subject.by_heart
    if not found.enough:
        yield Finding(
            "by heart",
            f"loss {found.loss:.3g} after {found.steps} steps on the same {found.batch_size} "
            f"sequences; {subject.near_zero:.2g} or less was expected",
            "what can not learn a few sequences by heart learns nothing from many: the step is "
            "too long or too short, or the network is dead",
            f"give another {_RATE} than {found.rate:g}; look at training.start_from if it is given",
        )


def learning_rate(subject: Subject) -> Iterator[Finding]:
    """Find a learning rate that is far too high or far too low.

    Too low is one with which the whole run goes less far than a trial at a hundred times the rate,
    where ten times is better already: a single lucky trial says nothing.
    """
    found, given = subject.trials, subject.given_trial
    best = min(found, key=lambda one: one.loss)
    if given.loss <= 2 * best.loss + subject.near_zero:
        return
    if best.rate > given.rate:
        higher = found[found.index(given) + 1]
        short = best is found[-1] and _reach(subject) < best.rate * best.steps
        if not short or higher.loss > given.loss - subject.near_zero:
            return
        meaning, besides = (
            "low: the whole run does not come as far",
            ", or raise training.num_epochs",
        )
    else:
        meaning, besides = "high: it jumps over what lower rates find", ""
    # Of rates that do nearly as well, the lowest is the safest in a long run.
    safe = next(one for one in found if one.loss <= best.loss + subject.near_zero)
    yield Finding(
        "learning rate",
        f"loss after {given.steps} steps: " + ", ".join(map(_told, found)),
        f"{given.rate:g} is far too {meaning}",
        f"set {_RATE} near {safe.rate:g}{besides}",
    )


def _told(found: Trial) -> str:
    loss = f"{found.loss:.3g}" if isfinite(found.loss) else "diverged"
    return f"{loss} at rate {found.rate:g}"


def _reach(subject: Subject) -> float:
    """Return the sum of the learning rates of all steps of the run."""
    settings = subject.settings
    total = settings.num_epochs * -(-len(subject.train) // settings.batch_size)
    places = np.linspace(0, total - 1, min(total, 1000)).astype(int)
    factors = [settings.schedule.factor(int(step), total) for step in places]
    return settings.optimizer.learning_rate * total * float(np.mean(factors))


def dead_units(subject: Subject) -> Iterator[Finding]:
    """Find ReLUs that no sequence opens, at the start or after a short training."""
    if subject.network.architecture.cell != "relu":
        return
    given = subject.given_trial
    trained = f"after {given.steps} steps of training"
    states = [("at the start", subject.start, "look at training.start_from and data.standardize")]
    if isfinite(given.loss):
        states.append((trained, given.parameters, f"lower {_RATE}"))
    for when, parameters, change in states:
        dead = _share_of_dead(subject, parameters)
        if dead > _DEAD:
            yield Finding(
                "dead units",
                f"{dead:.0%} of the units are zero for all sequences and steps {when}",
                "a ReLU that never opens has no gradient and stays dead",
                f"{change}, or use model.cell: tanh",
            )
            return


def _share_of_dead(subject: Subject, parameters: Array) -> float:
    """Return the share of units that are zero at each step of a few hundred sequences."""
    network = subject.network
    network.parameters[...] = parameters
    opened = [np.zeros(len(weights), bool) for weights in network.layer_weights]
    index = subject.learned
    for start in range(0, min(len(index), 8 * _BATCH), _BATCH):
        steps = Steps(network, subject.task, subject.settings)
        with np.errstate(all="ignore"):
            steps.forward(subject.train.take(index[start : start + _BATCH]))
        for seen, layer in zip(opened, steps.unrolled.layers, strict=True):
            seen |= (layer.outputs > 0).any(axis=(0, 2))
    network.parameters[...] = subject.start
    return float(1 - np.concatenate(opened).mean())


def gradients(subject: Subject) -> Iterator[Finding]:
    """Find gradients that vanish or explode on their way to the first steps, and go on doing so.

    Many a sound network begins with gradients that vanish and learns to keep them, so they are
    measured once more when a few sequences were learned by heart.
    """
    ratios = []
    for parameters in (subject.start, subject.by_heart.parameters):
        ratio, steps = gradient_ratio(subject, parameters)
        ratios.append(ratio)
    if any(_VANISHED < ratio < _EXPLODED for ratio in ratios):
        return
    vanish = ratio <= _VANISHED
    yield Finding(
        "gradients",
        "the loss's derivative with respect to the input of the first step is "
        f"{ratio:.1e} times that of the last, step {steps}, also after {subject.by_heart.steps} "
        "steps of training",
        f"gradients {'vanish' if vanish else 'explode'} through time: the first steps "
        f"{'are not learned from' if vanish else 'drown all others'}",
        "use model.cell: gru or lstm, model.pooling: mean, model.initialization: orthogonal, or "
        "shorter sequences; look at training.start_from if it is given",
    )


def gradient_ratio(subject: Subject, parameters: Array) -> tuple[float, int]:
    """Return the norm of dL/dx at the first step over that at the last, and how many steps lie in.

    Of sequences of different lengths, the longest are asked. Without any gradient, the ratio is 1.
    """
    network, lengths = subject.network, subject.train.lengths
    index = subject.learned
    if lengths is not None:
        index = index[lengths[index] == lengths[index].max()]
    batch = subject.train.take(index[:_BATCH])
    network.parameters[...] = parameters
    steps = Steps(network, subject.task, subject.settings)
    with np.errstate(all="ignore"):
        _, slope, _, _ = steps.forward(batch)
        steps.unrolled.backward(slope, to_inputs=True)
    network.parameters[...] = subject.start
    gradient = steps.unrolled.input_gradient.astype(float)
    count = gradient.shape[0] if batch.lengths is None else int(batch.lengths.max())
    norms = np.sqrt(np.square(gradient[-count:]).sum(axis=(1, 2)))
    return (float(norms[0] / norms[-1]) if norms[-1] else 1.0), count
