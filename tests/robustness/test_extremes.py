"""Numerical extremes: each command works, or says in one line what it cannot calculate with."""

import json
import random
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from conftest import Command, Result
from helpers.campaign import sample_or_campaign
from helpers.shell import type_in

import rnncli
from rnncli.runs.weights import weights_of

RNG = np.random.default_rng(0)
N = 40
BASE, TARGETS = RNG.standard_normal((N, 20, 2)), RNG.standard_normal(N)
TINY, HUGE, BELOW = 1e-31, 1e30, np.nextafter(1e30, 0)


def with_first(values: Any, array: np.ndarray) -> np.ndarray:
    """Replace the first feature."""
    x = array.copy()
    x[:, :, 0] = values
    return x


def with_one(value: float, array: np.ndarray) -> np.ndarray:
    """Replace the last value."""
    changed = array.copy()
    changed.flat[-1] = value
    return changed


FEATURES = {
    **{f"{scale:g}": np.clip(BASE * scale, -HUGE, HUGE) for scale in (1, 5e-324, TINY, 1e20, HUGE)},
    "constant and huge": with_first(HUGE, BASE),
    "constant and tiny": with_first(TINY, BASE),
    "almost constant": with_one(BELOW, np.full_like(BASE, HUGE)),
    "one is huge": with_one(HUGE, np.zeros_like(BASE)),
    "both signs": np.where(BASE > 0, HUGE, -HUGE),
}
LABELS = {
    **{f"{scale:g}": np.clip(TARGETS * scale, -HUGE, HUGE) for scale in (1, 5e-324, 1e-29, HUGE)},
    "near the smallest": TARGETS * TINY,
    "constant and huge": np.full(N, HUGE),
    "constant and tiny": np.full(N, TINY),
    "almost constant": with_one(BELOW, np.full(N, HUGE)),
    "one is huge": with_one(HUGE, np.full(N, TINY)),
    "two columns": np.column_stack([TARGETS, np.full(N, -HUGE)]),
    "classes": (TARGETS > 0).astype(int),
}
CONFIG = """
data: {{kind: npz, path: d.npz, task: {task}, standardize: {standardize}}}
model: {{cell: {cell}, hidden_size: 4, dtype: {dtype}}}
training: {{num_epochs: 2}}
"""
CASES = list(product(FEATURES, LABELS, ("gru", "relu"), ("true", "false"), ("float32", "float64")))
random.Random(0).shuffle(CASES)


def not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not valid JSON")


def checked(result: Result, *codes: int) -> Result:
    assert result.code in codes, result
    assert "Traceback" not in result.err
    if result.code:
        errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, result.err
    return result


def check_case(
    rnn: Command, folder: Path, features: str, labels: str, cell: str, standardize: str, dtype: str
) -> str:
    """Train on one data set, use the weights, and return what became of the training run."""
    folder.mkdir()
    np.savez("d.npz", x=FEATURES[features], y=LABELS[labels])
    task = "classification" if labels == "classes" else "regression"
    keys = {"task": task, "standardize": standardize, "cell": cell, "dtype": dtype}
    Path("c.yaml").write_text(CONFIG.format(**keys))
    trained = checked(rnn("train", "-q", "-c", "c.yaml", "--runs", folder), 0, 1, 2)
    if trained.code == 2:
        assert not list(folder.iterdir())
        return "refused"
    (run,) = folder.iterdir()
    with np.load(run / "weights.npz") as arrays:
        assert all(np.isfinite(arrays[name]).all() for name in arrays.files)
    predicted = checked(rnn("predict", "-w", run, "-i", "d.npz"), 0, 2)
    assert "nan" not in predicted.out
    assert "inf" not in predicted.out
    checked(rnn("evaluate", "-w", run), 0, 2)
    evaluated = checked(rnn("evaluate", "-w", run, "--json"), 0, 2)
    if evaluated.code == 0:
        json.loads(evaluated.out, parse_constant=not_json)
    if trained.code == 0:
        checked(rnn("plot", run), 0)
    return "trained" if trained.code == 0 else "diverged"


@sample_or_campaign("count", 24, len(CASES))
def test_extremes_of_features_and_targets(rnn: Command, here: Path, count: int) -> None:
    fates = {
        check_case(rnn, here / str(number), *case) for number, case in enumerate(CASES[:count])
    }
    assert fates == {"trained", "diverged", "refused"}


@pytest.fixture
def growing(here: Path) -> Path:
    """A weights file of a network that multiplies its state in every time step."""
    np.savez("d.npz", x=BASE, y=TARGETS)
    data = {"kind": "npz", "path": "d.npz", "standardize": False}
    model = rnncli.train({"data": data, "model": {"cell": "relu", "pooling": "last"}})
    model.network.parameters *= 10
    weights_of(model).write(here / "growing.npz")
    return here / "growing.npz"


def test_inputs_for_which_the_outputs_overflow_are_one_line(
    rnn: Command, growing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez("far.npz", x=np.full_like(BASE, HUGE), y=TARGETS)
    type_in(monkeypatch, b"1e30,1e30\n" * 20)
    for words in (["predict", "-i", "far.npz"], ["evaluate", "-i", "far.npz"], ["predict"]):
        options = ["--stream"] if len(words) == 1 else words[1:]
        result = rnn(words[0], "-w", growing, *options)
        assert result.code == 2
        assert result.err.startswith("error: the outputs of the model are not finite; inputs like")
        assert result.err.count("\n") == 1
        assert "nan" not in result.out


def test_an_infinite_loss_is_null_in_json(rnn: Command, here: Path) -> None:
    np.savez("d.npz", x=BASE, y=TARGETS)
    np.savez("far.npz", x=BASE * 1e22, y=TARGETS)
    keys = {"task": "regression", "standardize": "false", "cell": "relu", "dtype": "float32"}
    Path("c.yaml").write_text(CONFIG.format(**keys))
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    result = rnn("evaluate", "-w", "latest", "-i", "far.npz", "--json")
    assert (result.code, result.err) == (0, "")
    metrics = json.loads(result.out, parse_constant=not_json)["metrics"]
    assert metrics["loss"] is None
    assert metrics["rmse"] > 1e19
