"""Time training steps against PyTorch and JAX: the same work, in turn, in one run.

    pip install torch==2.13.0 jax
    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/peers.py

A step is forward, backpropagation through time and Adam, in float32 on one thread. PyTorch runs
eagerly with its fused Adam; JAX runs whole steps inside one compiled scan, and its compilation is
not counted. Rounds go by turns, so that a machine whose speed drifts is fair to all; a time is
the best round of each, and a ratio above 1 means that rnn is the faster one. A peer that is not
installed is left out.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import argparse
import json
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter
from typing import NamedTuple

import numpy as np

from rnncli import blas
from rnncli.datasets.task import Task
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep

ROUND_SECONDS = 0.2


class Shape(NamedTuple):
    """The size of a step's work."""

    cell: str
    batch: int
    steps: int
    inputs: int
    hidden: int


GRID = (
    Shape("tanh", 1, 10, 1, 32),
    Shape("tanh", 32, 10, 1, 32),
    Shape("tanh", 256, 10, 1, 32),
    Shape("tanh", 32, 50, 1, 128),
    Shape("tanh", 128, 28, 28, 128),
    Shape("tanh", 64, 100, 16, 256),
    *(
        Shape(cell, *sizes)
        for cell in ("lstm", "gru")
        for sizes in ((32, 10, 1, 32), (256, 10, 1, 32), (32, 50, 1, 128), (128, 28, 28, 128))
    ),
)

# A maker returns a function and how many training steps one call of it takes.
Maker = Callable[[Shape], tuple[Callable[[], object], int]]


def examples(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences (B, T, D) and classes (B, 1)."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((shape.batch, shape.steps, shape.inputs)).astype(np.float32)
    return x, (rng.random((shape.batch, 1)) > 0.5).astype(np.float32)


def make_rnn(shape: Shape) -> tuple[Callable[[], object], int]:
    """Return this project's step."""
    batch, rng = Batch(*examples(shape)), np.random.default_rng(0)
    task, settings = Task("binary", (0, 1)), Training(clip_norm=None)
    network = Network(Architecture(CELLS[shape.cell](), shape.hidden), shape.inputs, 1)
    network.initialize(rng)
    training = TrainingStep(network, LOSSES[task.loss], settings)
    state = TrainingState.initial(network, task, settings)

    def step() -> None:
        _, norm = training.gradient(batch)
        state.step += 1
        training.update(norm, state.slots, 1e-3, state.step)

    return step, 1


def make_torch(shape: Shape) -> tuple[Callable[[], object], int]:
    """Return PyTorch's step: eager, with the fused Adam."""
    import torch

    torch.set_num_threads(1)
    x, y = (torch.from_numpy(array) for array in examples(shape))
    x = x.transpose(0, 1).contiguous()
    kind = {"tanh": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[shape.cell]
    layer, head = kind(shape.inputs, shape.hidden), torch.nn.Linear(shape.hidden, 1)
    parameters = [*layer.parameters(), *head.parameters()]
    adam = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    loss = torch.nn.BCEWithLogitsLoss()

    def step() -> None:
        adam.zero_grad()
        loss(head(layer(x)[0][-1]), y).backward()
        adam.step()

    return step, 1


def make_jax(shape: Shape) -> tuple[Callable[[], object], int]:
    """Return JAX's steps: many of them in one compiled scan, Adam written out."""
    import jax
    import jax.numpy as jnp

    x, y = examples(shape)
    many = max(4, min(200, 2_000_000 // (shape.batch * shape.steps * shape.hidden)))
    xs = jnp.asarray(np.broadcast_to(x.transpose(1, 0, 2), (many, *x.transpose(1, 0, 2).shape)))
    ys = jnp.asarray(np.broadcast_to(y, (many, *y.shape)))
    rng = np.random.default_rng(0)
    gates = {"tanh": 1, "lstm": 4, "gru": 3}[shape.cell] * shape.hidden
    sizes = {
        "wx": (shape.inputs, gates),
        "wh": (shape.hidden, gates),
        "b": (gates,),
        "bn": (shape.hidden,),
        "wo": (shape.hidden, 1),
        "bo": (1,),
    }
    start = {k: jnp.asarray(0.1 * rng.standard_normal(s), jnp.float32) for k, s in sizes.items()}

    def loss(p, x, y):
        def tanh(h, xt):
            return jnp.tanh(xt @ p["wx"] + h @ p["wh"] + p["b"]), None

        def lstm(state, xt):
            h, c = state
            i, f, g, o = jnp.split(xt @ p["wx"] + h @ p["wh"] + p["b"], 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        def gru(h, xt):
            xr, xz, xn = jnp.split(xt @ p["wx"] + p["b"], 3, axis=1)
            hr, hz, hn = jnp.split(h @ p["wh"], 3, axis=1)
            r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
            n = jnp.tanh(xn + r * (hn + p["bn"]))
            return n + z * (h - n), None

        zeros = jnp.zeros((shape.batch, shape.hidden))
        cell = {"tanh": tanh, "lstm": lstm, "gru": gru}[shape.cell]
        h, _ = jax.lax.scan(cell, (zeros, zeros) if shape.cell == "lstm" else zeros, x)
        h = h[0] if shape.cell == "lstm" else h
        z = h @ p["wo"] + p["bo"]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def step(state, batch):
        p, m, v, t = state
        value, g = jax.value_and_grad(loss)(p, *batch)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), p, m, v)
        return (p, m, v, t), value

    run = jax.jit(lambda state: jax.lax.scan(step, state, (xs, ys)))
    zero = jax.tree.map(jnp.zeros_like, start)
    state = (start, zero, zero, jnp.float32(0))
    return lambda: jax.block_until_ready(run(state)), many


PEERS: dict[str, Maker] = {"torch": make_torch, "jax": make_jax}


def compare(shape: Shape, names: list[str], rounds: int) -> dict[str, float]:
    """Return the microseconds per step of each contestant: the best of alternating rounds."""
    makers: dict[str, Maker] = {"rnn": make_rnn} | {name: PEERS[name] for name in names}
    contestants = {name: make(shape) for name, make in makers.items()}
    calls, best = {}, {}
    for name, (function, _) in contestants.items():
        function()
        begun = perf_counter()
        function()
        calls[name] = max(1, int(ROUND_SECONDS / (perf_counter() - begun)))
        best[name] = float("inf")
    for _ in range(rounds):
        for name, (function, many) in contestants.items():
            begun = perf_counter()
            for _ in range(calls[name]):
                function()
            spent = (perf_counter() - begun) / calls[name] / many
            best[name] = min(best[name], spent * 1e6)
    return best


def main() -> None:
    """Print a table, or one JSON object per shape."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    names = [name for name in PEERS if find_spec(name)]
    if not arguments.json:
        print(f"{blas.describe()}; microseconds per step, and how many times as fast rnn is")
        print("cell   batch steps inputs hidden      rnn" + "".join(f"{n:>16}" for n in names))
    for shape in GRID:
        found = compare(shape, names, arguments.rounds)
        if arguments.json:
            print(json.dumps(shape._asdict() | found))
            continue
        ours = found["rnn"]
        others = "".join(f"{found[n]:>9.1f} {found[n] / ours:>5.2f}x" for n in names)
        sizes = f"{shape.batch:>5} {shape.steps:>5} {shape.inputs:>6} {shape.hidden:>6}"
        print(f"{shape.cell:<6} {sizes} {ours:>8.1f}{others}", flush=True)


if __name__ == "__main__":
    main()
