"""Starting values of the weights."""

from collections.abc import Callable

import numpy as np

from rnncli.nn.arrays import Array


def orthogonal(weights: Array, gates: int, rng: np.random.Generator) -> None:
    """Fill a layer (G*H, D+H+1): orthogonal recurrent blocks, Glorot input blocks, zero bias.

    An orthogonal matrix neither shrinks nor stretches a state that is fed back through it, which
    gives gradients the longest way before they vanish or explode.

    Sources: A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", ICLR 2014; X. Glorot & Y. Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS 2010.
    """
    hidden = len(weights) // gates
    size = weights.shape[1] - hidden - 1
    for block in weights.reshape(gates, hidden, -1):
        block[:, :size] = _glorot(hidden, size, rng)
        q, r = np.linalg.qr(rng.standard_normal((hidden, hidden)))
        block[:, size:-1] = q * np.sign(np.diag(r))  # the signs make q uniformly distributed
        block[:, -1] = 0


def uniform(weights: Array, gates: int, rng: np.random.Generator) -> None:
    """Fill a layer as PyTorch does: uniform in +-1/sqrt(H), both biases included.

    Source: the documentation of ``torch.nn.RNN``. The two biases act as their sum, which is what
    the layer holds.
    """
    bound = (len(weights) // gates) ** -0.5
    weights[...] = rng.uniform(-bound, bound, weights.shape)
    weights[:, -1] += rng.uniform(-bound, bound, len(weights))


def glorot_head(weights: Array, rng: np.random.Generator) -> None:
    """Fill a head (O, H+1): Glorot uniform, zero bias."""
    weights[:, :-1] = _glorot(len(weights), weights.shape[1] - 1, rng)
    weights[:, -1] = 0


def uniform_head(weights: Array, rng: np.random.Generator) -> None:
    """Fill a head (O, H+1) as ``torch.nn.Linear`` does: uniform in +-1/sqrt(H)."""
    bound = (weights.shape[1] - 1) ** -0.5
    weights[...] = rng.uniform(-bound, bound, weights.shape)


def _glorot(fan_out: int, fan_in: int, rng: np.random.Generator) -> Array:
    bound = (6 / (fan_in + fan_out)) ** 0.5
    return rng.uniform(-bound, bound, (fan_out, fan_in))


LayerFiller = Callable[[Array, int, np.random.Generator], None]
HeadFiller = Callable[[Array, np.random.Generator], None]

INITIALIZATIONS: dict[str, tuple[LayerFiller, HeadFiller]] = {
    "orthogonal": (orthogonal, glorot_head),
    "uniform": (uniform, uniform_head),
}
