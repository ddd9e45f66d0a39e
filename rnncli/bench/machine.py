"""The limits of the machine: the speed of a large matrix product, and that of memory."""

from time import perf_counter
from typing import Any

import numpy as np

from rnncli.memory import max_memory

# A product of square matrices of this size runs at the full speed of BLAS.
_PRODUCT_SIZE = 1024
# Three arrays of this size together are far larger than the caches of most processors.
_MEMORY_BYTES = 3 << 26
# With smaller arrays, the time of the call itself would count.
_SMALLEST_BYTES = 3 << 16


def product_gflops(dtype: np.dtype[Any], rounds: int) -> float:
    """Return the speed of the fastest of several large matrix products, in 1e9 operations/s."""
    a = np.ones((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype)
    out = np.empty_like(a)
    times = []
    for _ in range(rounds):
        start_time = perf_counter()
        np.dot(a, a, out=out)
        times.append(perf_counter() - start_time)
    return 2 * _PRODUCT_SIZE**3 / min(times) / 1e9


def memory_bandwidth(dtype: np.dtype[Any], rounds: int) -> float:
    """Return the speed of the fastest of several sums of arrays far larger than the caches.

    It is given in 1e9 bytes per second; see `sum_bandwidth`.
    """
    return sum_bandwidth(dtype, min(_MEMORY_BYTES, max_memory() // 4), rounds)


def sum_bandwidth(dtype: np.dtype[Any], num_bytes: int, rounds: int) -> float:
    """Return the speed of the fastest of several sums c = a + b, in 1e9 bytes per second.

    The bytes are those of the three arrays, as in the STREAM benchmark: that the processor may
    read c before it writes it is not counted.

    Parameters
    ----------
    dtype : dtype
        The type of the arrays.
    num_bytes : int
        The size of the three arrays together.
    rounds : int
        How many sums are timed.

    Sources: J. D. McCalpin, "Memory bandwidth and machine balance in current high performance
    computers", IEEE TCCA Newsletter (1995).
    """
    a = np.ones(max(num_bytes, _SMALLEST_BYTES) // 3 // dtype.itemsize, dtype)
    b, c = np.ones_like(a), np.ones_like(a)
    times = []
    for _ in range(rounds + 1):  # The first one fills the caches as far as they reach.
        start_time = perf_counter()
        np.add(a, b, out=c)
        times.append(perf_counter() - start_time)
    return 3 * a.nbytes / min(times) / 1e9
