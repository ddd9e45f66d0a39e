"""Initial values of the weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import NamedBlocks

Initialization = Literal["orthogonal", "uniform"]


def orthogonal(named: NamedBlocks, rng: np.random.Generator) -> None:
    """Fill a cell: orthogonal recurrent blocks and Glorot input blocks.

    All else is left as it is, which is zero in a new network.

    An orthogonal matrix keeps the norm of a state that is fed back through it, so that gradients
    neither vanish nor explode at the start.

    Sources: A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", ICLR 2014; X. Glorot & Y. Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS 2010.
    """
    for block in named.get("weight_ih", ()):
        block[...] = _glorot(block.shape, rng)
    for block in named.get("weight_hh", ()):
        q, r = np.linalg.qr(rng.standard_normal(block.shape))
        block[...] = q * np.sign(np.diag(r))  # the signs make q uniformly distributed


def uniform(named: NamedBlocks, rng: np.random.Generator) -> None:
    """Fill a cell as PyTorch does: uniform in +-1/sqrt(H), both biases included.

    Source: the documentation of ``torch.nn.RNN``. Two biases that are only ever added are
    stored as their sum.
    """
    bound = len(named["weight_ih"][0]) ** -0.5
    for blocks in named.values():
        for block in blocks:
            block[...] = rng.uniform(-bound, bound, block.shape)
    separate = len(named.get("bias_hh", ()))
    for block in named["bias_ih"][: len(named["bias_ih"]) - separate]:
        block += rng.uniform(-bound, bound, block.shape)


def glorot_head(weights: Array, rng: np.random.Generator) -> None:
    """Fill a head (O, F+1): Glorot uniform, zero bias."""
    weights[:, :-1] = _glorot(weights[:, :-1].shape, rng)
    weights[:, -1] = 0


def uniform_head(weights: Array, rng: np.random.Generator) -> None:
    """Fill a head (O, F+1) as ``torch.nn.Linear`` does: uniform in +-1/sqrt(F)."""
    bound = (weights.shape[1] - 1) ** -0.5
    weights[...] = rng.uniform(-bound, bound, weights.shape)


def _glorot(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    bound = (6 / sum(shape)) ** 0.5
    return rng.uniform(-bound, bound, shape)


@dataclass(frozen=True)
class Scheme:
    """How cells and head are filled, and whether the cell then sets biases of its own."""

    fill_cell: Callable[[NamedBlocks, np.random.Generator], None]
    fill_head: Callable[[Array, np.random.Generator], None]
    sets_biases: bool


INITIALIZATIONS: dict[Initialization, Scheme] = {
    "orthogonal": Scheme(orthogonal, glorot_head, sets_biases=True),
    "uniform": Scheme(uniform, uniform_head, sets_biases=False),
}
