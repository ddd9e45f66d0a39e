"""A run being trained: the files of its folder, and when they are saved."""

import json
import stat
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import Command, metrics, sha

import rnncli
from rnncli import blas
from rnncli.config.reading import read_config
from rnncli.inference.evaluation import evaluate
from rnncli.nn.network import Network
from rnncli.runs.checkpoint import saved_plan
from rnncli.runs.resume import resume_run
from rnncli.runs.training_run import start_run
from rnncli.runs.training_setup import set_up
from rnncli.training.events import Epoch


def test_a_run_folder_has_its_five_files(run_folder: Path) -> None:
    names = {path.name for path in run_folder.iterdir()}
    assert names == {"config.yaml", "run.json", "metrics.csv", "weights.npz", "checkpoint.npz"}
    assert datetime.strptime(run_folder.name[:19], "%Y-%m-%d_%H-%M-%S")
    assert run_folder.name[19:] == "_small"
    header = (run_folder / "metrics.csv").read_text().splitlines()[0]
    assert header == (
        "epoch,step,seconds,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,grad_norm"
    )
    assert [row["epoch"] for row in metrics(run_folder)] == ["1", "2", "3"]
    record = json.loads((run_folder / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["best_epoch"] in (1, 2, 3)
    assert len(record["data_sha256"]) == 64
    assert set(record["versions"]) == {"rnncli", "python", "numpy", "blas"}
    assert {"seed", "started", "ended", "processor", "command", "figures"} <= record.keys()
    config = yaml.safe_load((run_folder / "config.yaml").read_text())
    assert config["data"]["num_samples"] == 200
    assert config["training"]["optimizer"]["beta1"] == 0.9


def test_the_resolved_config_repeats_the_run(rnn: Command, run_folder: Path) -> None:
    again = rnn("train", "-c", run_folder / "config.yaml", "-q")
    assert sha(Path(again.out.strip()) / "weights.npz") == sha(run_folder / "weights.npz")


def test_the_best_epochs_weights_are_the_ones_saved(run_folder: Path) -> None:
    model = rnncli.load(run_folder)
    splits = read_config(run_folder / "config.yaml").data.read(0).splits
    assert splits.validation is not None
    best = min(float(row["val_loss"]) for row in metrics(run_folder))
    assert evaluate(model, [splits.validation]).metrics["loss"] == pytest.approx(best, rel=1e-6)


def test_python_and_command_train_the_same_weights(small: Path, run_folder: Path) -> None:
    trained = rnncli.train(small)
    loaded = rnncli.load(run_folder)
    np.testing.assert_array_equal(trained.network.parameters, loaded.network.parameters)
    assert len(list(run_folder.parent.iterdir())) == 1


def checkpoints(config: Path, *overrides: str) -> list[int]:
    """Return after which steps of a training run the checkpoint on the disk was a new one."""
    run = start_run(read_config(config, overrides), Path("runs"), [])
    path, seen, last = run.folder / "checkpoint.npz", [], None
    for event in run.events():
        now = path.stat().st_ino if path.exists() else None
        if now != last:
            step = run.setup.state.step
            seen.append(-step if isinstance(event, Epoch) else step)
            last = now
    return seen


def test_checkpoints_are_saved_every_n_steps_and_at_every_epoch(small: Path) -> None:
    # A negative number stands for the end of an epoch, which has six steps.
    assert checkpoints(small, "training.checkpoint_every=1") == [
        *(1, 2, 3, 4, 5, -6, 7, 8, 9, 10, 11, -12, 13, 14, 15, 16, 17, -18)
    ]
    assert checkpoints(small, "training.checkpoint_every=4") == [4, -6, 8, -12, 16, -18]


def test_saving_keeps_to_a_fiftieth_of_the_time(small: Path) -> None:
    """Epochs of less than a millisecond share a checkpoint; the last one always has its own."""
    epochs = 400
    saved = checkpoints(small, f"training.num_epochs={epochs}")
    assert len(saved) < epochs / 10
    (run,) = Path("runs").iterdir()
    assert len(metrics(run)) == epochs
    assert saved_plan(run / "checkpoint.npz") == [([0], epochs)]
    run = resume_run(str(run), [], [])
    assert run.setup.state.epoch == epochs


def test_links_in_a_run_folder_are_replaced_not_followed(
    rnn: Command, run_folder: Path, here: Path
) -> None:
    precious = here / "precious"
    precious.write_text("precious")
    before = sha(precious)
    for name in ("run.json", "metrics.csv", "weights.npz", "config.yaml", "checkpoint.npz"):
        kept = (run_folder / name).read_bytes()
        (run_folder / name).rename(here / name)
        (run_folder / name).symlink_to(here / name)
        (run_folder / f".{name}.0123456789abcdef.tmp").symlink_to(precious)
        done = rnn("train", "-q", "--resume", run_folder)
        assert done.code == 0, (name, done.err)
        assert (here / name).read_bytes() == kept
        assert sha(precious) == before
        (here / name).unlink()
        longer = rnn("train", "-q", "--resume", run_folder, "--set", "training.num_epochs=4")
        assert longer.code == 0, (name, longer.err)
        assert not [path for path in run_folder.iterdir() if path.is_symlink()]
        assert not list(run_folder.glob(".*"))


def test_a_resumed_run_keeps_the_modes_of_its_files(rnn: Command, run_folder: Path) -> None:
    for path in run_folder.iterdir():
        path.chmod(0o600)
    more = ("--set", "training.num_epochs=4")
    assert rnn("train", "-q", "--resume", run_folder, *more).code == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in run_folder.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_a_folder_named_like_a_temporary_file_is_left_alone(rnn: Command, run_folder: Path) -> None:
    (run_folder / ".mine.tmp").mkdir()
    assert rnn("train", "-q", "--resume", run_folder).code == 0
    assert (run_folder / ".mine.tmp").is_dir()


def test_initial_weights_are_drawn_with_one_thread_of_blas(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With several, which wait for each other, it may take longer than the training."""
    limits: list[int] = []
    initialize, limits_then = Network.initialize, []

    def observed(network: Network, rng: np.random.Generator) -> Network:
        limits_then.append(limits[:])
        return initialize(network, rng)

    monkeypatch.setattr(Network, "initialize", observed)
    monkeypatch.setattr(blas, "num_threads", lambda: 4)
    monkeypatch.setattr(blas, "_function", lambda name: limits.append)
    set_up(read_config(small))
    assert (limits_then, limits[:2]) == ([[1]], [1, 4])
