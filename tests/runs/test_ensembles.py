"""Ensembles in one run: what each member is, and that processes change nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from conftest import Command, assert_same, metrics, write_csv

import rnncli
from rnncli.config.reading import config_from, read_config
from rnncli.errors import InterruptError, StorageError
from rnncli.nn.state_dict import state_dict
from rnncli.runs.resume import resume_run
from rnncli.runs.run_record import read_record
from rnncli.runs.training_run import TrainingRun, start_run
from rnncli.training import fit, workers
from rnncli.training.events import Epoch, Step

ENSEMBLE = "training.ensemble=3"


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes take over after the first step."""
    monkeypatch.setattr(fit, "_TRIAL_SECONDS", 0.0)
    monkeypatch.setattr(fit, "_MIN_SHARED_SECONDS", 0.0)
    monkeypatch.setattr(workers, "num_cores", lambda: 2)


@pytest.fixture
def in_turn(small: Path) -> Path:
    """An ensemble that was trained in this process."""
    return trained(small, ENSEMBLE, runs="in_turn")


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    assert not children()


def children() -> list[int]:
    """Return the ids of the processes that this one has started and that still exist."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    pids = [int(pid) for pid in path.read_text().split()]
    return [pid for pid in pids if b"training.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def trained(config: Path, *overrides: str, runs: str = "runs") -> Path:
    run = start_run(read_config(config, list(overrides)), Path(runs), [])
    for _ in run.events():
        pass
    return run.folder


def file_config(here: Path, **training: object) -> dict[str, object]:
    """Return a config whose data and split do not depend on the seed."""
    rng = np.random.default_rng(0)
    labels = [i % 2 for i in range(60)]
    x = rng.standard_normal((60, 4, 1)) + np.array(labels)[:, np.newaxis, np.newaxis]
    path = str(write_csv(here / "d.csv", x, labels))
    return {
        "seed": 7,
        "data": {"kind": "csv", "path": path, "validation_path": path},
        "model": {"hidden_size": 4, "num_layers": 2, "dropout": 0.3},
        "training": {"num_epochs": 3} | training,
    }


def test_each_member_is_the_run_with_its_seed(here: Path) -> None:
    config = file_config(here)
    ensemble = rnncli.train(file_config(here, ensemble=3))
    assert len(ensemble.parts) == 3
    for number, member in enumerate(ensemble.parts):
        alone = rnncli.train(config | {"seed": 7 + number})
        np.testing.assert_array_equal(member.network.parameters, alone.network.parameters)


def test_each_member_of_a_forecast_starts_from_the_linear_model_with_its_seed(here: Path) -> None:
    values = np.sin(np.arange(60) / 3) + np.random.default_rng(0).normal(0, 0.1, 60)
    Path("s.csv").write_text("\n".join(["value", *map(str, values)]) + "\n")
    config = {
        "data": {"kind": "series", "path": "s.csv", "sequence_length": 8},
        "model": {"hidden_size": 4, "head_inputs": 8},
    }
    training = {"num_epochs": 2}
    ensemble = rnncli.train(config | {"seed": 7, "training": training | {"ensemble": 2}})
    first, second = (member.network.parameters for member in ensemble.parts)
    assert (first != second).any()
    for number, parameters in enumerate((first, second)):
        alone = rnncli.train(config | {"seed": 7 + number, "training": training})
        np.testing.assert_array_equal(parameters, alone.network.parameters)


def test_the_metrics_are_the_means_of_the_members(here: Path) -> None:
    config = file_config(here)
    runs = [
        start_run(config_from(config | {"seed": 7 + number}), Path("runs"), [])
        for number in range(2)
    ]
    ensemble = start_run(config_from(file_config(here, ensemble=2)), Path("runs"), [])
    for run in (*runs, ensemble):
        for _ in run.events():
            pass
    rows = [metrics(run.folder) for run in runs]
    for i, row in enumerate(metrics(ensemble.folder)):
        for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "grad_norm"):
            expected = (float(rows[0][i][name]) + float(rows[1][i][name])) / 2
            assert float(row[name]) == pytest.approx(expected, rel=1e-12)
        for name in ("epoch", "step", "learning_rate"):
            assert row[name] == rows[0][i][name]
    record = read_record(ensemble.folder)
    assert record["ensemble"] == 2
    assert record["best_epochs"] == [read_record(run.folder)["best_epoch"] for run in runs]


def test_the_weights_file_has_the_names_of_a_module_list(small: Path) -> None:
    run, alone = trained(small, ENSEMBLE), trained(small)
    with np.load(run / "weights.npz") as arrays, np.load(alone / "weights.npz") as plain:
        names = [name for name in plain.files if name != "metadata"]
        assert set(arrays.files) == {
            "metadata",
            *(f"members.{number}.{name}" for number in range(3) for name in names),
        }
        for name in names:
            np.testing.assert_array_equal(arrays[f"members.0.{name}"], plain[name])
        metadata = json.loads(arrays["metadata"].tobytes())
        assert metadata["members"] == 3
        assert "members" not in json.loads(plain["metadata"].tobytes())


def test_members_stop_when_their_patience_is_exhausted(small: Path) -> None:
    """They wait for the others, and count in the metrics with their last epoch."""
    config = ["training.num_epochs=40", "training.patience=2", "training.optimizer=sgd"]
    run = start_run(read_config(small, [*config, ENSEMBLE]), Path("runs"), [])
    for _ in run.events():
        pass
    epochs = [member.state.epoch for member in run.setup.members]
    best = run.setup.members.best_epochs
    assert len(metrics(run.folder)) == max(epochs)
    for number in range(3):
        assert epochs[number] in (40, best[number] + 2)


@pytest.mark.parametrize("after", [1, 13, 25])
def test_a_stopped_run_ends_as_an_uninterrupted_one(small: Path, after: int) -> None:
    """Each epoch has 18 steps: six of each member."""
    overrides = [ENSEMBLE, "training.patience=2", "model.dropout=0.2", "model.num_layers=2"]
    uninterrupted = trained(small, *overrides)
    run = start_run(read_config(small, overrides), Path("stopped"), [])
    for count, _ in enumerate(run.events(), 1):
        if count == after:
            run.save()
            break
    for _ in resume_run(str(run.folder), [], []).events():
        pass
    assert_same(run.folder, uninterrupted)


@pytest.mark.parametrize("count", [2, 3])
def test_any_number_of_processes_gives_the_same_bytes(
    small: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    overrides = (ENSEMBLE, "data.fresh=true", "training.patience=2")
    in_turn = trained(small, *overrides, runs="in_turn")
    request.getfixturevalue("processes")
    monkeypatch.setattr(workers, "num_cores", lambda: count)
    started = counted_starts(monkeypatch)
    assert_same(trained(small, *overrides), in_turn)
    assert len(started) == count


def counted_starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that receives the id of each process that is started."""
    started, start = [], workers._started

    def counted(*arguments: object) -> tuple[object, object]:
        connection, process = start(*arguments)
        started.append(process.pid)
        return connection, process

    monkeypatch.setattr(workers, "_started", counted)
    return started


def test_a_run_is_resumed_in_the_same_way_with_processes(
    small: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left, with processes at work, after a checkpoint within an epoch."""
    overrides = [ENSEMBLE, "training.checkpoint_every=2"]
    uninterrupted = trained(small, *overrides, runs="in_turn")
    request.getfixturevalue("processes")
    run = start_run(read_config(small, overrides), Path("stopped"), [])
    for event in run.events():
        if isinstance(event, Step) and event.epoch == 2 and event.step is not None:
            break
    monkeypatch.setattr(workers, "num_cores", lambda: 1)
    for _ in resume_run(str(run.folder), [], []).events():
        pass
    assert_same(run.folder, uninterrupted)


def test_a_killed_process_ends_the_run_which_can_be_resumed(
    small: Path, in_turn: Path, processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = counted_starts(monkeypatch)
    run = start_run(read_config(small, [ENSEMBLE]), Path("runs"), [])
    with pytest.raises(StorageError, match=r"ended unexpectedly \(killed by signal 9\)"):
        for event in run.events():
            if isinstance(event, Epoch) and event.epoch == 1:
                os.kill(started[0], signal.SIGKILL)
    assert read_record(run.folder)["status"] == "failed"
    monkeypatch.setattr(workers, "num_cores", lambda: 1)
    for _ in resume_run(str(run.folder), [], []).events():
        pass
    assert_same(run.folder, in_turn)


@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupt_saves_the_step_of_each_member(
    small: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    overrides = [ENSEMBLE, "data.num_samples=3000"]
    uninterrupted = trained(small, *overrides)
    request.getfixturevalue("processes")
    monkeypatch.setattr(workers, "num_cores", lambda: count)
    run = start_run(read_config(small, overrides), Path("stopped"), [])
    with pytest.raises(InterruptError, match="saved. To resume"):
        interrupt_in_second_epoch(run)
    steps = [member.state.step for member in run.setup.members]
    assert read_record(run.folder)["status"] == "interrupted"
    monkeypatch.setattr(workers, "num_cores", lambda: 1)
    resumed = resume_run(str(run.folder), [], [])
    assert [member.state.step for member in resumed.setup.members] == steps
    assert sum(steps) > 3 * 85
    for _ in resumed.events():
        pass
    assert_same(run.folder, uninterrupted)


def interrupt_in_second_epoch(run: TrainingRun) -> None:
    sent = False
    for event in run.events():
        if isinstance(event, Step) and event.epoch == 2 and not sent:
            os.kill(os.getpid(), signal.SIGINT)
            sent = True


KILLED = """
import sys
from rnncli.cli.main import main
from rnncli.training import fit
fit._TRIAL_SECONDS = fit._MIN_SHARED_SECONDS = 0.0
main(sys.argv[1:])
"""


def test_no_process_is_left_when_the_run_is_killed(small: Path) -> None:
    overrides = [ENSEMBLE, "training.num_epochs=6", "data.num_samples=3000"]
    uninterrupted = trained(small, *overrides)
    words = [word for override in overrides for word in ("--set", override)]
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, "train", "-q", "-c", small, "--runs", "killed", *words],
        env=os.environ | {"RNN_NUM_THREADS": "2"},
    )
    path = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    deadline = monotonic() + 30
    while not list(Path("killed").glob("*/checkpoint.npz")) and monotonic() < deadline:
        sleep(0.002)
    started = path.read_text().split()
    run.kill()
    run.wait()
    assert len(started) == 2
    while any(Path(f"/proc/{pid}").exists() for pid in started) and monotonic() < deadline:
        sleep(0.01)
    assert not any(is_running(pid) for pid in started)
    (folder,) = Path("killed").iterdir()
    for _ in resume_run(str(folder), [], []).events():
        pass
    assert_same(folder, uninterrupted)


def is_running(pid: str) -> bool:
    """Return whether a process exists and is not just waiting to be collected by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.usefixtures("processes")
def test_a_member_that_diverges_ends_the_run(
    small: Path, monkeypatch: pytest.MonkeyPatch, rnn: Command, count: int
) -> None:
    monkeypatch.setattr(workers, "num_cores", lambda: count)
    diverging = "training.optimizer={kind: sgd, learning_rate: 1e30}"
    words = ("--set", diverging, "--set", "training.clip_norm=null", "--set", "model.cell=relu")
    done = rnn("train", "-q", "-c", small, "--set", ENSEMBLE, *words)
    assert done.code == 1
    assert done.err.startswith("error: member 1 of 3: training diverged in epoch 1, step ")
    (folder,) = Path("runs").iterdir()
    assert read_record(folder)["status"] == "diverged"
    model = rnncli.load(folder)
    assert all(np.isfinite(part.network.parameters).all() for part in model.parts)


def test_a_finished_ensemble_is_verified_and_extended(rnn: Command, small: Path) -> None:
    run = trained(small, ENSEMBLE)
    more = ("--set", "training.num_epochs=4")
    assert rnn("train", "-q", "--resume", run, *more).code == 0
    assert len(metrics(run)) == 4
    verified = rnn("verify", "-q", run)
    assert (verified.code, verified.out) == (0, "bit-identical\n")


def test_commands_say_that_they_look_at_the_first_member(rnn: Command, small: Path) -> None:
    run = trained(small, ENSEMBLE)
    for words in (("gradcheck", "-w", run), ("trace", "-w", run)):
        done = rnn(*words)
        assert done.code == 0
        assert "the first of the 3 networks" in done.err
    assert "tanh, ensemble of 3" in rnn("runs").out
    assert json.loads(rnn("runs", "--json").out)["runs"][0]["ensemble"] == 3
    assert "ensemble" in rnn("runs", "show", run).out


def test_training_starts_from_the_first_member_of_a_file(small: Path) -> None:
    run = trained(small, ENSEMBLE)
    start = f"training.start_from={run / 'weights.npz'}"
    setup = start_run(read_config(small, [start, ENSEMBLE]), Path("runs"), []).setup
    expected = state_dict(rnncli.load(run).parts[0].network)
    for member in setup.members:
        np.testing.assert_equal(state_dict(member.network), expected)


def test_the_memory_budget_covers_all_members(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNN_MAX_MEMORY", "400M")
    words = ("train", "-q", "-c", small, "--set", "model.hidden_size=800", "--set", "training")
    refused = rnn(*words[:-1], "training={ensemble: 100, num_epochs: 1}")
    assert refused.code == 2
    assert "training.ensemble" in refused.err
    assert not list(here_runs())


def here_runs() -> list[Path]:
    return list(Path("runs").glob("*"))


@pytest.mark.usefixtures("processes")
def test_processes_that_do_not_fit_into_memory_are_not_started(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = counted_starts(monkeypatch)
    monkeypatch.setattr(workers, "max_memory", lambda: 1 << 27)
    trained(small, ENSEMBLE)
    assert not started


def test_a_language_model_has_no_ensemble(rnn: Command, here: Path) -> None:
    (here / "text.txt").write_text("to be or not to be\n" * 20)
    (here / "c.yaml").write_text(
        "data: {kind: text, path: text.txt, sequence_length: 8}\ntraining: {ensemble: 2}\n"
    )
    refused = rnn("train", "-c", "c.yaml")
    assert refused.code == 2
    assert refused.err.startswith("error: training.ensemble: a language model is a single network")


@pytest.mark.parametrize("ensemble", [ENSEMBLE, "training.ensemble=1"])
@pytest.mark.parametrize("number", ["many", "0", "1.5"])
def test_an_invalid_number_of_cores_is_refused_before_the_run_begins(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch, number: str, ensemble: str
) -> None:
    monkeypatch.setenv("RNN_NUM_THREADS", number)
    refused = rnn("train", "-c", small, "--set", ensemble)
    assert refused.code == 2
    assert refused.err.startswith(f"error: RNN_NUM_THREADS: '{number}' is not a number of cores")
    assert not Path("runs").exists()
