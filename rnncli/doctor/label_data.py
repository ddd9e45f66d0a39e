"""Labels of the examined sequences, with the inputs that simple models predict them from."""

from dataclasses import dataclass

import numpy as np

from rnncli.datasets.sequences import valid_steps
from rnncli.datasets.task import Task
from rnncli.doctor.examination import Examination
from rnncli.nn.arrays import Array

# Products of two features are calculated for no more features than this.
_MAX_FEATURES_FOR_PRODUCTS = 16
# Single inputs are statistics of their own if a sequence has no more than this.
_MAX_SINGLE_INPUTS = 256
# Of labels per time step, no more than this are examined.
_MAX_LABELS = 4000


@dataclass(frozen=True)
class LabelData:
    """M labels, and the inputs that belong to each.

    Attributes
    ----------
    inputs : array (M, T, D)
        The inputs of the sequence; for a label of a time step, only those of that time step
        (T = 1).
    statistics : array (M, P)
        Standardized statistics of the sequence, or of its part up to the time step.
    targets : array (M, K)
        Values, or one-hot classes.
    sequences : array (M,)
        The index of the sequence that each label belongs to.
    """

    inputs: Array
    statistics: Array
    targets: Array
    sequences: Array


def label_data(examination: Examination) -> LabelData:
    """Return the labels of the examined sequences with their inputs."""
    sample, task = examination.sample, examination.task
    x, y = sample.x.astype(float), sample.targets
    num_sequences, sequence_length, _ = x.shape
    lengths = sample.lengths
    if lengths is None:
        lengths = np.full(num_sequences, sequence_length)
    if y.ndim == 2:
        statistics = standardized(sequence_statistics(x, lengths))
        return LabelData(x, statistics, one_hot(task, y), np.arange(num_sequences))
    labelled = valid_steps(lengths, sequence_length) & ~np.isnan(y[:, :, 0])
    sequence, t = np.nonzero(labelled)
    rng = np.random.default_rng(examination.seed)
    chosen = rng.permutation(len(sequence))[:_MAX_LABELS]
    sequence, t = sequence[chosen], t[chosen]
    steps_so_far = t - (sequence_length - lengths[sequence]) + 1
    mean_so_far = x.cumsum(axis=1)[sequence, t] / steps_so_far[:, np.newaxis]
    statistics = np.column_stack([x[sequence, t], mean_so_far, steps_so_far])
    inputs = x[sequence, t][:, np.newaxis]
    return LabelData(inputs, standardized(statistics), one_hot(task, y[sequence, t]), sequence)


def sequence_statistics(x: Array, lengths: Array) -> Array:
    """Return statistics (N, P) of sequences (N, T, D) with the given lengths (N,).

    Sums, means, standard deviations, the first and the last inputs, the length, the mean products
    of two features, and the single inputs of short sequences. Sums determine parities; products of
    two features determine sums of what one of them marks.
    """
    num_sequences, sequence_length, num_features = x.shape
    length = lengths[:, np.newaxis]
    valid = valid_steps(lengths, sequence_length)[:, :, np.newaxis]
    sums = x.sum(axis=1)
    means = sums / length
    deviations = np.sqrt((np.square(x - means[:, np.newaxis]) * valid).sum(axis=1) / length)
    first = x[np.arange(num_sequences), sequence_length - lengths]
    statistics = [sums, means, deviations, first, x[:, -1], length]
    if num_features <= _MAX_FEATURES_FOR_PRODUCTS:
        pairs = np.triu_indices(num_features)
        products = x.transpose(0, 2, 1) @ x
        statistics.append(products[:, pairs[0], pairs[1]] / length)
    if sequence_length * num_features <= _MAX_SINGLE_INPUTS:
        statistics.append(x.reshape(num_sequences, -1))
    return np.concatenate(statistics, axis=1)


def standardized(values: Array) -> Array:
    """Return columns (M, P) with mean 0 and standard deviation 1, without constant ones."""
    deviation = values.std(axis=0)
    varies = deviation > 1e-9 * (np.abs(values).max(axis=0) + 1e-300)
    result: Array = (values[:, varies] - values[:, varies].mean(axis=0)) / deviation[varies]
    return result


def one_hot(task: Task, y: Array) -> Array:
    """Return class indices (M, 1) as one-hot rows (M, C), and values (M, K) unchanged."""
    num_classes = len(task.labels)
    return np.eye(num_classes)[y[:, 0].astype(int)] if num_classes else y.astype(float)
