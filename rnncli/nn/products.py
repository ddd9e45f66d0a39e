"""The matrix products of a time step, divided by rows where that is faster.

The kernels of OpenBLAS for AVX-512 are of two sorts: those for small matrices calculate with the
matrices as they are, those for large ones copy them first. The product of a weight matrix and the
states of a small batch is often just too large for the first sort, and is then faster as several
products of some rows each.

Measured on an Intel Sapphire Rapids, single precision, microseconds as one product and in parts:
(512, 130) (130, 32) 42.2 and 29.6 in four; (384, 130) (130, 32) 33.0 and 21.9 in two; (128, 512)
(512, 32) 41.7 and 35.6 in four; (128, 34) (34, 256) 24.2 and 19.3 in two; nothing gained for (512,
156) (156, 128). With the kernels for AVX2 (Haswell, Zen) two parts are 0 to 9 % slower.
"""

import numpy as np

from rnncli.blas import kernels
from rnncli.nn.arrays import Array

# The kernels that have others for small matrices, up to so many multiplications.
_KERNELS, _SMALL = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"}), 1_000_000
# Products of more multiplications gain nothing.
_LARGE = 2_500_000
_PARTS = (2, 4)

Product = tuple[Array, Array]


def num_parts(rows: int, columns: int, batch_size: int) -> int:
    """Return in how many parts to divide the rows of a matrix in a product in single precision.

    It depends on the kernels of BLAS and on the shapes alone, so that results repeat.

    Parameters
    ----------
    rows, columns : int
        The shape of the matrix on the left.
    batch_size : int
        The columns of the other one.
    """
    multiplications = rows * columns * batch_size
    if not _SMALL < multiplications < _LARGE or kernels() not in _KERNELS:
        return 1
    return next((n for n in _PARTS if multiplications <= n * _SMALL and rows % n == 0), 1)


def products(left: Array, results: Array) -> list[list[Product]]:
    """Return, for each result, the pairs of rows of the matrix on the left and of the result.

    With the other factor b (k, B), ``dot(left, b, result)`` is ``dot(rows, b, part)`` for each
    pair.

    Parameters
    ----------
    left : array (n, k)
        The matrix on the left.
    results : array (T, n, B)
        The results of all time steps.
    """
    count = 1
    if left.dtype == np.float32:
        rows, columns = left.shape
        count = num_parts(rows, columns, results.shape[2])
    if count == 1:
        return [[(left, result)] for result in results]
    parts_of_left = np.split(left, count)
    return [list(zip(parts_of_left, np.split(result, count), strict=True)) for result in results]
