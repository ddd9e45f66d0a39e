"""The training step in JAX: many steps in one compiled loop, with Adam written out.

XLA reads its number of threads before it starts: see `rnncli.bench.peers.children`.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnncli.bench.peers.own import LEARNING_RATE, Steps, Work, examples

VERSION = f"JAX {jax.__version__}"
# One call takes as many steps as work through so many numbers, but at least 4 and at most 200.
_NUMBERS_PER_CALL = 2_000_000


def _plain(activation: Any, p: Any, h: Any, xt: Any) -> Any:
    h = activation(xt @ p["wx"] + h @ p["wh"] + p["b"])
    return h, h


def _lstm(p: Any, state: Any, xt: Any) -> Any:
    h, c = state
    i, f, g, o = jnp.split(xt @ p["wx"] + h @ p["wh"] + p["b"], 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def _gru(p: Any, h: Any, xt: Any) -> Any:
    xr, xz, xn = jnp.split(xt @ p["wx"] + p["b"], 3, axis=1)
    hr, hz, hn = jnp.split(h @ p["wh"], 3, axis=1)
    r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
    n = jnp.tanh(xn + r * (hn + p["bn"]))
    h = n + z * (h - n)
    return h, h


_CELLS: dict[str, Any] = {
    "tanh": partial(_plain, jnp.tanh),
    "relu": partial(_plain, jax.nn.relu),
    "lstm": _lstm,
    "gru": _gru,
}


def _direction(work: Work, p: Any, x: Any, needs_all: bool, reverse: bool) -> Any:
    """Return the outputs (T, B, H) of one direction of a layer, or None, and the last one."""
    zeros = jnp.zeros((work.batch, work.hidden), x.dtype)

    def step(state: Any, xt: Any) -> Any:
        state, h = _CELLS[work.cell](p, state, xt)
        return state, h if needs_all else None

    start = (zeros, zeros) if work.cell == "lstm" else zeros
    state, outputs = jax.lax.scan(step, start, x, reverse=reverse)
    return outputs, state[0] if work.cell == "lstm" else state


def _outputs(work: Work, p: Any, x: Any) -> Any:
    """Return the outputs of the head (B, O), or (T, B, O)."""
    if work.symbols:
        x = p["embedding"][x]
    for number, directions in enumerate(p["layers"]):
        needs_all = work.every_step or number < work.layers - 1
        results = [
            _direction(work, weights, x, needs_all, bool(reverse))
            for reverse, weights in enumerate(directions)
        ]
        all_outputs, last = zip(*results, strict=True)
        if needs_all:
            x = jnp.concatenate(all_outputs, axis=2)
    return (x if work.every_step else jnp.concatenate(last, axis=1)) @ p["wo"] + p["bo"]


def _loss(work: Work, p: Any, x: Any, y: Any) -> Any:
    z = _outputs(work, p, x)
    if work.loss == "softmax_cross_entropy":
        picked = jnp.take_along_axis(jax.nn.log_softmax(z), y.astype(int), axis=-1)
        return -jnp.mean(picked)
    if work.loss == "mean_squared_error":
        return jnp.mean((z - y) ** 2)
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def _parameters(work: Work) -> Any:
    """Return random weights: a tree of arrays."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        return jnp.asarray(0.1 * rng.standard_normal(shape), work.dtype)

    gates = {"lstm": 4, "gru": 3}.get(work.cell, 1) * work.hidden
    num_directions = 1 + work.bidirectional
    sizes = [work.inputs, *[num_directions * work.hidden] * (work.layers - 1)]

    def cell(size: int) -> Any:
        weights = {"wx": draw(size, gates), "wh": draw(work.hidden, gates), "b": draw(gates)}
        return weights | ({"bn": draw(work.hidden)} if work.cell == "gru" else {})

    tree = {
        "layers": [[cell(size) for _ in range(num_directions)] for size in sizes],
        "wo": draw(num_directions * work.hidden, work.outputs),
        "bo": draw(work.outputs),
    }
    return tree | ({"embedding": draw(work.symbols, work.inputs)} if work.symbols else {})


def peer_steps(work: Work, threads: int) -> Steps:
    """Return the steps; the number of threads is set before XLA starts."""
    jax.config.update("jax_enable_x64", work.dtype == "float64")
    x, y = examples(work)
    x = np.swapaxes(x, 0, 1)
    y = np.swapaxes(y, 0, 1) if work.every_step else y
    many = max(4, min(200, _NUMBERS_PER_CALL // (work.batch * work.steps * work.hidden)))
    xs, ys = (jnp.asarray(np.broadcast_to(array, (many, *array.shape))) for array in (x, y))

    def step(state: Any, batch: Any) -> Any:
        p, m, v, t = state
        value, g = jax.value_and_grad(partial(_loss, work))(p, *batch)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), p, m, v)
        return (p, m, v, t), value

    run = jax.jit(lambda state: jax.lax.scan(step, state, (xs, ys)))
    start = _parameters(work)
    zero = jax.tree.map(jnp.zeros_like, start)
    state = (start, zero, zero, jnp.zeros((), work.dtype))
    return lambda: jax.block_until_ready(run(state)), many
