"""Runs that diverge stop at once, report it, and save only finite numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, metrics

import rnncli
from rnncli.config.reading import read_config
from rnncli.errors import DivergedError
from rnncli.nn.cells import CELLS
from rnncli.runs.training_run import start_run

RATES = np.geomspace(1e3, 1e8, 6).tolist()


@pytest.fixture
def config(here: Path) -> Path:
    """A regression without clipping, with a checkpoint after every step."""
    rng = np.random.default_rng(0)
    np.savez("a.npz", x=rng.standard_normal((60, 5)), y=rng.standard_normal(60))
    path = here / "c.yaml"
    path.write_text(
        "data: {kind: npz, path: a.npz}\n"
        "model: {hidden_size: 6, pooling: last}\n"
        "training: {clip_norm: null, num_epochs: 400, batch_size: 16, checkpoint_every: 1,\n"
        "  schedule: {kind: constant}, optimizer: {kind: sgd, learning_rate: 1e3}}\n"
    )
    return path


def assert_all_finite(run: Path) -> None:
    for name in ("weights.npz", "checkpoint.npz"):
        if name == "checkpoint.npz" and not (run / name).exists():
            continue
        with np.load(run / name) as content:
            assert all(np.isfinite(content[key]).all() for key in content.files)
    for row in metrics(run):
        assert all(np.isfinite(float(value)) for value in row.values() if value)
    assert np.isfinite(rnncli.load(run).network.parameters).all()


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "rate",
    [
        RATES[0],
        RATES[-1],
        *(pytest.param(rate, marks=pytest.mark.campaign) for rate in RATES[1:-1]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.campaign)])
def test_a_run_that_diverges(
    rnn: Command, config: Path, cell: str, rate: float, momentum: float, dtype: str
) -> None:
    result = rnn(
        *("train", "-q", "-c", config, "--set", f"model.cell={cell}"),
        *("--set", f"model.dtype={dtype}"),
        *("--set", f"training.optimizer.learning_rate={rate}"),
        *("--set", f"training.optimizer.momentum={momentum}"),
    )
    assert result.code == 1, result
    assert result.err.startswith("error: training diverged in epoch ")
    assert result.err.count("\n") == 1
    (run,) = Path("runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "diverged"
    assert_all_finite(run)
    again = rnn("train", "-q", "--resume", run)
    assert again.code == 1
    assert_all_finite(run)


def test_it_stops_at_the_first_number_that_is_not_finite(config: Path) -> None:
    run = start_run(read_config(config), Path("runs"), [])
    seen = []
    with pytest.raises(DivergedError) as raised:
        for event in run.events():
            seen.append(event.train_loss if hasattr(event, "train_loss") else event.loss)
    assert np.isfinite(seen).all()
    state = run.setup.state
    place = f"epoch {state.step // 4 + 1}, step {state.step + 1}: "
    assert str(raised.value).startswith(f"training diverged in {place}")
    assert np.isfinite(run.setup.model.network.parameters).all()


def test_adam_with_a_state_that_overflows_is_not_saved(rnn: Command, config: Path) -> None:
    result = rnn(
        *("train", "-q", "-c", config, "--set", "training.num_epochs=60"),
        *("--set", "training.optimizer={kind: adam, learning_rate: 1e8}"),
        *("--set", "model.cell=relu"),
    )
    assert result.code == 1, result
    (run,) = Path("runs").iterdir()
    assert_all_finite(run)


def test_weights_that_are_not_finite_after_the_last_step(rnn: Command, config: Path) -> None:
    result = rnn(
        *("train", "-q", "-c", config, "--set", "training.num_epochs=1"),
        *("--set", "training.batch_size=60", "--set", "data.validation_fraction=0"),
        *("--set", "training.optimizer.learning_rate=1e300"),
    )
    assert result.code == 1
    assert "weights or sums that are not finite" in result.err
    (run,) = Path("runs").iterdir()
    assert_all_finite(run)
