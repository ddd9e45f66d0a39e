"""Starting values of the weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells import Blocks


def orthogonal(blocks: Blocks, rng: np.random.Generator) -> None:
    """Fill a layer: orthogonal recurrent blocks, Glorot input blocks, zero biases.

    An orthogonal matrix neither shrinks nor stretches a state that is fed back through it, which
    gives gradients the longest way before they vanish or explode.

    Sources: A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", ICLR 2014; X. Glorot & Y. Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS 2010.
    """
    for block in blocks["weight_ih"]:
        block[...] = _glorot(block.shape, rng)
    for block in blocks["weight_hh"]:
        q, r = np.linalg.qr(rng.standard_normal(block.shape))
        block[...] = q * np.sign(np.diag(r))  # the signs make q uniformly distributed


def uniform(blocks: Blocks, rng: np.random.Generator) -> None:
    """Fill a layer as PyTorch does: uniform in +-1/sqrt(H), both biases included.

    Source: the documentation of ``torch.nn.RNN``. Two biases that act as their sum are held as
    their sum.
    """
    bound = len(blocks["weight_hh"][0]) ** -0.5
    for views in blocks.values():
        for block in views:
            block[...] = rng.uniform(-bound, bound, block.shape)
    apart = len(blocks.get("bias_hh", ()))
    for block in blocks["bias_ih"][: len(blocks["bias_ih"]) - apart]:
        block += rng.uniform(-bound, bound, block.shape)


def glorot_head(weights: Array, rng: np.random.Generator) -> None:
    """Fill a head (O, H+1): Glorot uniform, zero bias."""
    weights[:, :-1] = _glorot(weights[:, :-1].shape, rng)
    weights[:, -1] = 0


def uniform_head(weights: Array, rng: np.random.Generator) -> None:
    """Fill a head (O, H+1) as ``torch.nn.Linear`` does: uniform in +-1/sqrt(H)."""
    bound = (weights.shape[1] - 1) ** -0.5
    weights[...] = rng.uniform(-bound, bound, weights.shape)


def _glorot(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    bound = (6 / sum(shape)) ** 0.5
    return rng.uniform(-bound, bound, shape)


@dataclass(frozen=True)
class Initialization:
    """How layers and head are filled, and whether the cell then sets biases of its own."""

    fill_layer: Callable[[Blocks, np.random.Generator], None]
    fill_head: Callable[[Array, np.random.Generator], None]
    cell_biases: bool


INITIALIZATIONS = {
    "orthogonal": Initialization(orthogonal, glorot_head, cell_biases=True),
    "uniform": Initialization(uniform, uniform_head, cell_biases=False),
}
