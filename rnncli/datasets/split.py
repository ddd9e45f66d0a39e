"""Splitting off validation data at random, with the same proportion of every class."""

import numpy as np

from rnncli.datasets.sequences import Sequences
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.random_streams import generator


def split(
    sequences: Sequences, task: Task, fraction: float, seed: int
) -> tuple[Sequences, Sequences]:
    """Return the training and the validation split; both keep the order of the file.

    Raises
    ------
    InputError
        Either split would be empty.
    """
    chosen = stratified_choice(class_indices(sequences, task), fraction, generator(seed, "split"))
    if not 0 < chosen.sum() < len(chosen):
        raise InputError(
            f"{sequences.source}: validation_fraction {fraction:g} of {len(chosen)} sequences "
            "leaves the training or the validation split empty; give more data or another "
            "fraction"
        )
    return sequences.take(np.flatnonzero(~chosen)), sequences.take(np.flatnonzero(chosen))


def class_indices(sequences: Sequences, task: Task) -> Array:
    """Return the class index of each sequence (N,); 0 for regression and labels per time step."""
    if task.kind == "regression" or sequences.per_step:
        return np.zeros(len(sequences), int)
    return task.encode(sequences, int)[:, 0]


def stratified_choice(classes: Array, fraction: float, rng: np.random.Generator) -> Array:
    """Return a mask (N,) that chooses a fraction of all members, and the same of each class.

    The number chosen from a class is its share rounded down, plus one for the classes with the
    largest remainders, until the total is the rounded fraction of all.
    """
    names, counts = np.unique(classes, return_counts=True)
    share = counts * fraction
    sizes = np.floor(share).astype(int)
    remaining = round(len(classes) * fraction) - sizes.sum()
    sizes[np.argsort(sizes - share, kind="stable")[:remaining]] += 1
    chosen = np.zeros(len(classes), bool)
    for name, size in zip(names, sizes, strict=True):
        chosen[rng.permutation(np.flatnonzero(classes == name))[:size]] = True
    return chosen
