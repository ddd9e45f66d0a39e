"""A model's answers, one a row: what it says of each sequence, or of each of its steps."""

from dataclasses import dataclass, field

import numpy as np

from rnncli.datasets.mapped import Mapped
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Predictions:
    """M answers of a model.

    Attributes
    ----------
    places : dict of str to array (M,)
        The sequence and the step of each, counted from 0, if they are answers for steps.
    answers : array (M,) or (M, K)
        Labels, or values.
    probabilities : array (M, C) or None
        Of the classes, in the order of the task's labels.
    truth : array (M,) or (M, K), or None
        The true labels or values, where they were asked for.
    ids : dict of str to array (M,)
        The id of the sequence of each, by the name of the id column; empty without one.
    """

    places: dict[str, Array]
    answers: Array
    probabilities: Array | None
    truth: Array | None = None
    ids: dict[str, Array] = field(default_factory=dict)


def answer(model: Model, part: Sequences, first: int) -> Predictions:
    """Return a model's answers for sequences in memory; the first has the given number."""
    return answers_from(outputs_for(model, part), model, part, first, None)


def outputs_for(model: Model, part: Sequences) -> Array:
    """Return the head's outputs for sequences in memory."""
    assert not isinstance(part.x, Mapped)
    return model.outputs(part.x, part.lengths)


def answers_from(
    z: Array, model: Model, part: Sequences, first: int, truth: Array | None
) -> Predictions:
    """Return the answers that outputs mean, beside the truth if its targets are given."""
    places: dict[str, Array] = {}
    ids = {} if part.ids is None else {part.id_name: part.ids}
    if z.ndim == 3:
        count, steps, _ = z.shape
        lengths = np.full(count, steps) if part.lengths is None else part.lengths
        there = valid_steps(lengths, steps)
        if truth is not None:
            there &= ~np.isnan(truth[:, :, 0])
            truth = truth[there]
        sequence, step = np.nonzero(there)
        places = {"sequence": first + sequence, "step": step - (steps - lengths[sequence])}
        ids = {name: texts[sequence] for name, texts in ids.items()}
        z = z[there]
    classes = model.task.kind != "regression"
    return Predictions(
        places,
        model.task.decode(z),
        model.task.probabilities(z) if classes else None,
        None if truth is None else model.task.true_answers(truth),
        ids,
    )
