"""The streams of random numbers: one per purpose, spawned separately from the seed."""

import numpy as np

# A stream is identified by its position: append, never reorder, or the same seed gives other
# numbers.
_PURPOSES = (
    "data",
    "split",
    "weights",
    "shuffle",
    "dropout",
    "sample",
    "jitter",
    "scaling",
    "time_warp",
    "window_slice",
)


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the generator for a purpose; each `index`, such as an epoch, has its own stream."""
    key = (_PURPOSES.index(purpose), index)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
