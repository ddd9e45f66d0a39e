"""Networks, batches and planted mistakes for the tests of the core and of gradient checks."""

import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import TypeVar

import numpy as np
import pytest

from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS, Cell, MinGRU
from rnncli.nn.network import Network

Value = TypeVar("Value")

# How many outputs a network needs for each loss.
OUTPUTS = {"binary_cross_entropy": 1, "softmax_cross_entropy": 4, "mean_squared_error": 2}
READOUTS = ["last", "mean", "max", "every_step"]
LISTS = ["max, last", "mean, max, last", "last, inputs"]


# Cells with other than the default keys, for the tests that go through all formulas.
VARIANTS: dict[str, Cell] = {"mingru signed": MinGRU(signed=True)}


def number_of(cell: str) -> int:
    """Return the place of a cell in the tables, which `rotated` takes."""
    return [*CELLS, *VARIANTS].index(cell)


def rotated(values: Sequence[Value], number: int) -> list[Value]:
    """Return values from the one with a number on, and then those before it.

    Tests of many keys take other values together in each case, and all pairs in all cases, where
    the product of all values would check the same again and again.
    """
    start = number % len(values)
    return [*values[start:], *values[:start]]


def architecture(cell: str | Cell = "tanh", readout: str = "last", **keys: object) -> Architecture:
    """Return a small double-precision architecture; other keys are those of the config.

    A readout is the output every_step, or the poolings that the head reads; with "inputs" after
    them, it also reads the inputs of the last four time steps.
    """
    every_step = readout == "every_step"
    poolings = tuple(name for name in readout.split(", ") if name != "inputs")
    pooling = poolings if len(poolings) > 1 else poolings[0]
    return Architecture(
        **{
            "cell": (VARIANTS.get(cell) or CELLS[cell]()) if isinstance(cell, str) else cell,
            "hidden_size": 4,
            "pooling": "last" if every_step else pooling,
            "head_inputs": 4 if readout.endswith("inputs") else 0,
            "output": "every_step" if every_step else "sequence",
            "dtype": "float64",
        }
        | keys
    )


def network_for(loss: str, model: Architecture, inputs: int, rng: np.random.Generator) -> Network:
    """Return a network whose arrays are all away from zero."""
    network = Network(model, inputs, OUTPUTS[loss]).initialize(rng)
    for blocks in network.arrays.values():
        for block in blocks:
            block += 0.2 * rng.standard_normal(block.shape)
    return network


def targets(loss: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return random targets for a loss: of sequences (B,), or of their time steps (B, T)."""
    if loss == "mean_squared_error":
        return rng.standard_normal((*shape, OUTPUTS[loss]))
    return rng.integers(max(2, OUTPUTS[loss]), size=(*shape, 1)).astype(float)


def random_batch(
    loss: str,
    model: Architecture,
    inputs: int,
    rng: np.random.Generator,
    shape: tuple[int, int] = (4, 6),
    lengths: list[int] | None = None,
) -> Batch:
    """Return a random batch (B, T, D); shorter sequences are padded at their beginning."""
    size, sequence_length = shape
    x = rng.standard_normal((size, sequence_length, inputs))
    y = targets(loss, shape if model.predicts_every_step else shape[:1], rng)
    if lengths is None:
        return Batch(x, y)
    padding = np.arange(sequence_length) < sequence_length - np.array(lengths)[:, np.newaxis]
    x[padding] = 0
    if model.predicts_every_step:
        y[padding] = np.nan
    return Batch(x, y, np.array(lengths))


# A mistake: the class in which it is planted, the right code, and the wrong code.
Mistake = tuple[type, str, str]


def plant(monkeypatch: pytest.MonkeyPatch, mistake: Mistake) -> None:
    """Replace the right code by the wrong code in the methods of a class."""
    owner, right, wrong = mistake
    planted = False
    for name, member in list(vars(owner).items()):
        static = isinstance(member, staticmethod)
        method = member.__func__ if static else member
        made_by_dataclass = is_dataclass(owner) and name.startswith("__")
        if not inspect.isfunction(method) or made_by_dataclass:
            continue
        source = textwrap.dedent(inspect.getsource(method)).replace("@staticmethod\n", "")
        if right not in source:
            continue
        scope = dict(method.__globals__) | {owner.__name__: owner}
        # Within a function that has a variable __class__, super() works as in the class.
        body = textwrap.indent(source.replace(right, wrong), "    ")
        exec(f"def enclosing(__class__):\n{body}\n    return {name}", scope)
        changed = scope["enclosing"](owner)
        new = staticmethod(changed) if static else changed
        monkeypatch.setattr(owner, name, new)
        planted = True
    assert planted, f"{right!r} is not in {owner.__name__}"
