"""The streams of random numbers: one for each purpose, spawned separately from one seed."""

import numpy as np

# A stream is known by its place: append, never reorder, or every seed gives other numbers.
_PURPOSES = ("data", "split", "weights", "shuffle", "dropout")


def generator(seed: int, purpose: str, part: int = 0) -> np.random.Generator:
    """Return the generator for a purpose and, where that has parts (epochs), for one of them."""
    key = (_PURPOSES.index(purpose), part)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
