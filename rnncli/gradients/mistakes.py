"""Known mistakes, recognized by the values that each gives in place of the correct ones.

A derivative is a product of factors or a sum of terms. A common mistake changes one of them: it is
left out, or another quantity of the same shape is used in its place.
"""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import UnrolledCell

# For each factor of a product: the expected one first, then those used by mistake, by name.
Factors = list[dict[str, Array]]
# Mistakes by name, with the values that each gives.
Candidates = Iterator[tuple[str, Array]]
# Values are equal within this fraction of the largest value, or of the largest sum of the
# magnitudes of its terms.
_TOLERANCE, _ROUNDING = 1e-9, 1e-13


def equal(calculated: Array, expected: Array, magnitudes: Array | None = None) -> bool:
    """Return whether two arrays are equal up to rounding.

    Parameters
    ----------
    calculated, expected : array
        The arrays.
    magnitudes : array, optional
        The sums of the magnitudes of the terms that were added up.
    """
    tolerance = _TOLERANCE * np.abs(expected).max()
    if magnitudes is not None:
        tolerance = max(tolerance, _ROUNDING * magnitudes.max())
    return bool((np.abs(calculated - expected) <= tolerance).all())


def diagnose(calculated: Array, expected: Array, candidates: Candidates) -> str | None:
    """Return the mistake that explains the calculated values, if a known one does."""
    if equal(calculated, expected):
        return None
    if not calculated.any():
        return "it is zero: left out"
    with np.errstate(all="ignore"):
        for name, values in candidates:
            if equal(calculated, values):
                return name
        factor = float(np.vdot(calculated, expected) / np.vdot(expected, expected))
        if isfinite(factor) and equal(calculated, factor * expected):
            return f"it is {factor:.6g} times the correct value"
    return None


def output_mistakes(expected: Array, z: Array) -> Candidates:
    """Yield mistakes in the gradient (O, N) of the mean loss with respect to the outputs z."""
    has_target = expected.any(axis=0)
    count = max(int(has_target.sum()), 1)
    # For cross-entropy the gradient is (p - y) / N, whatever y is.
    exponentials = np.exp(z - np.maximum(z.max(axis=0), 0))
    p = 1 / (1 + np.exp(-z)) if len(z) == 1 else exponentials / exponentials.sum(axis=0)
    y = p - expected * count
    logit = "the logit is used in place of the probability"
    yield logit, (z - y) * has_target / count
    yield logit, (z - y) / (z * (1 - z)) * has_target / count
    yield logit, expected * z * (1 - z)
    yield "the derivative of the sigmoid is applied twice", expected * p * (1 - p)
    yield "the derivative of the sigmoid is left out", expected / (p * (1 - p))
    yield "the sum over the batch is used in place of the mean", expected * count


def factor_mistakes(factors: Factors) -> Candidates:
    """Yield the products in which one factor is replaced or left out."""
    for place, factor in enumerate(factors):
        expected, *_ = factor
        others = product(factors[:place] + factors[place + 1 :])
        for name, wrong in factor.items():
            if name != expected:
                yield f"{name} is used in place of {expected}", others * wrong
        yield f"{expected} is left out", others * np.ones_like(factor[expected])


def vector_mistakes(blocks: list[Factors]) -> Candidates:
    """Yield mistakes in the gradient (n*H,) of n blocks beside the weight matrix, one at a time."""
    sums = [vector_gradient([factors]) for factors in blocks]
    for place, factors in enumerate(blocks):
        for name, wrong in factor_mistakes(factors):
            yield name, np.concatenate([*sums[:place], wrong.sum((0, 2)), *sums[place + 1 :]])


def vector_gradient(blocks: list[Factors]) -> Array:
    """Return the gradient (n*H,) of n blocks beside the weight matrix."""
    return np.concatenate([product(factors).sum(axis=(0, 2)) for factors in blocks])


def product(factors: Factors) -> Array:
    """Return the product of the expected factors."""
    value: Array = np.ones(1)
    for factor in factors:
        value = value * next(iter(factor.values()))
    return value


def sum_mistakes(cell: UnrolledCell) -> Candidates:
    """Yield mistakes in dW = sum over t of dz_t states_t^T (R*H, D+H+1)."""
    states, dz = cell.states.transpose(0, 2, 1), cell.dz
    yield "h_t is paired with dz_t in place of h_(t-1)", (dz @ states[1:]).sum(axis=0)
    early = np.concatenate([np.zeros_like(states[:1]), states[:-2]])
    yield "h_(t-2) is paired with dz_t in place of h_(t-1)", (dz @ early).sum(axis=0)
    yield "only the last time step is counted", dz[-1] @ states[-2]
