"""Predictions of a model, one row per sequence or per time step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rnncli.datasets.mapped import Mapped
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Predictions:
    """M predictions of a model.

    Attributes
    ----------
    positions : dict of str to array (M,)
        For predictions per time step, ``sequence`` and ``step`` of each, both counted from 0;
        otherwise empty.
    values : array (M,) or (M, K)
        Predicted class labels, or predicted values.
    probabilities : array (M, C) or None
        The probability of each class, in the order of the task's labels; None for regression.
    labels : array (M,) or (M, K), or None
        The true class labels or values; None where they are not known.
    ids : dict of str to array (M,)
        The id of each prediction's sequence, by the name of the id column; empty without one.
    bounds : dict of str to array (M, K)
        The bounds of the prediction intervals, such as ``lower_80``; empty without intervals.
    """

    positions: dict[str, Array]
    values: Array
    probabilities: Array | None
    labels: Array | None = None
    ids: dict[str, Array] = field(default_factory=dict)
    bounds: dict[str, Array] = field(default_factory=dict)

    @property
    def known_labels(self) -> Array:
        """The true class labels or values; ``ValueError`` if they are not known."""
        if self.labels is None:
            raise ValueError("the predictions have no labels")
        return self.labels


def concatenated(parts: Sequence[Predictions]) -> Predictions:
    """Concatenate predictions of one model, all with labels or all without."""
    names = parts[0].positions
    return Predictions(
        {name: np.concatenate([part.positions[name] for part in parts]) for name in names},
        np.concatenate([part.values for part in parts]),
        _concatenate_known([part.probabilities for part in parts]),
        _concatenate_known([part.labels for part in parts]),
        {name: np.concatenate([part.ids[name] for part in parts]) for name in parts[0].ids},
        {name: np.concatenate([part.bounds[name] for part in parts]) for name in parts[0].bounds},
    )


def _concatenate_known(arrays: list[Array | None]) -> Array | None:
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if known else None


def predict_sequences(model: Model, sequences: Sequences, first: int) -> Predictions:
    """Return predictions for sequences in memory; `first` is the number of the first sequence."""
    return decode_outputs(model, model_outputs(model, sequences), sequences, first)


def model_outputs(model: Model, sequences: Sequences) -> Array:
    """Return the outputs of the head, (N, O) or (N, T, O), for sequences in memory."""
    assert not isinstance(sequences.x, Mapped)
    return model.outputs_of(sequences.x, sequences.lengths)


def decode_outputs(
    model: Model, z: Array, sequences: Sequences, first: int, targets: Array | None = None
) -> Predictions:
    """Decode the outputs of the head into predictions.

    Parameters
    ----------
    model : Model
        The model.
    z : array (N, O) or (N, T, O)
        Its outputs for the sequences, or for each of their time steps.
    sequences : Sequences
        The N sequences.
    first : int
        The number of the first sequence.
    targets : array (N, K) or (N, T, K), optional
        The encoded labels. With targets, time steps without a label are left out.
    """
    positions: dict[str, Array] = {}
    ids = {} if sequences.ids is None else {sequences.id_name: sequences.ids}
    if z.ndim == 3:
        num_sequences, sequence_length, _ = z.shape
        lengths = sequences.lengths
        if lengths is None:
            lengths = np.full(num_sequences, sequence_length)
        valid = valid_steps(lengths, sequence_length)
        if targets is not None:
            valid &= ~np.isnan(targets[:, :, 0])
            targets = targets[valid]
        sequence, step = np.nonzero(valid)
        padding = sequence_length - lengths[sequence]
        positions = {"sequence": first + sequence, "step": step - padding}
        ids = {name: texts[sequence] for name, texts in ids.items()}
        z = z[valid]
    task, offsets = model.task, model.offsets(sequences.x)
    values = task.decode(z, offsets)
    return Predictions(
        positions,
        values,
        None if task.kind == "regression" else task.probabilities(z),
        None if targets is None else task.decode_targets(targets, offsets),
        ids,
        {} if model.intervals is None else model.intervals.bounds(values),
    )
