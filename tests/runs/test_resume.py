"""Going on with a run: to the same last bit, in place, and with nothing changed on the way."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, assert_same, metrics, sha, write_csv

from rnncli.config.reading import read_config
from rnncli.errors import InputError
from rnncli.nn.cells import CELLS
from rnncli.runs.checkpoint import saved_plan
from rnncli.runs.session import new_session, resumed_session
from rnncli.training.events import Epoch

OPTIMIZERS = [
    "{kind: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 1e-3}",
    "{kind: sgd, learning_rate: 0.1}",
    "{kind: adam, learning_rate: 3e-3}",
    "{kind: adamw, learning_rate: 3e-3}",
]
SCHEDULES = ["{kind: constant, warmup_steps: 7}", "{kind: cosine, warmup_steps: 5}"]
VARIANTS = [
    *(f"training.optimizer={optimizer}" for optimizer in OPTIMIZERS),
    *(f"training.schedule={schedule}" for schedule in SCHEDULES),
    *(f"model.cell={cell}" for cell in CELLS),
    "model={hidden_size: 8, num_layers: 2, dropout: 0.3, bidirectional: true}",
    "model.dtype=float64",
    "data.fresh=true",
    "data.validation_fraction=0",
    "data={kind: parity, num_samples: 100, sequence_length: 9}",
    "training.shuffle=false",
    "training.patience=1",
    "training.clip_norm=null",
    "training.checkpoint_every=4",
]


def stopped(config: Path, overrides: list[str], after: int, runs: str = "stopped") -> Path:
    """Train, and stop as a kill would: with a checkpoint after some events, and no more."""
    session = new_session(read_config(config, overrides), Path(runs), [])
    for count, _ in enumerate(session.events(), 1):
        if count == after:
            session.recorder.save()
            break
    return session.folder


@pytest.mark.parametrize("override", VARIANTS)
def test_a_stopped_run_ends_as_a_straight_one(rnn: Command, small: Path, override: str) -> None:
    made = rnn("train", "-q", "-c", small, "--set", override)
    assert made.code == 0, made.err
    straight = Path(made.out.strip())
    steps = metrics(straight)[0]["step"]
    for after in (1, int(steps), int(steps) + 1, 2 * int(steps) + 1):
        run = stopped(small, [override], after)
        assert rnn("train", "-q", "--resume", run).code == 0
        assert_same(run, straight)
        assert not list(run.glob(".*"))


def test_many_stops_on_the_way_change_nothing(rnn: Command, small: Path) -> None:
    straight = Path(rnn("train", "-q", "-c", small).out.strip())
    run = stopped(small, [], 1)
    for after in (2, 1, 4, 1, 3):
        session = resumed_session(str(run), [], [])
        for count, _ in enumerate(session.events(), 1):
            if count == after:
                session.recorder.save()
                break
    assert rnn("train", "-q", "--resume", run).code == 0
    assert_same(run, straight)


def test_a_finished_run_can_be_made_longer(rnn: Command, run_folder: Path) -> None:
    before = metrics(run_folder)
    longer = rnn("train", "-q", "--resume", "latest", "--set", "training.num_epochs=5")
    assert longer.code == 0
    assert metrics(run_folder)[:3] == before
    assert len(metrics(run_folder)) == 5
    assert saved_plan(run_folder / "checkpoint.npz") == [[0, 3], [18, 5]]


@pytest.mark.parametrize(
    "override",
    [
        "model.hidden_size=9",
        "seed=1",
        "training.optimizer={kind: sgd, learning_rate: 1}",
        "training.schedule.kind=constant",
        "data.num_samples=100",
        "training={num_epochs: 5}",
        "nonsense",
    ],
)
def test_another_key_is_refused_by_name(rnn: Command, run_folder: Path, override: str) -> None:
    before = {path.name: sha(path) for path in run_folder.iterdir()}
    refused = rnn("train", "--resume", run_folder, "--set", override)
    assert refused.code == 2
    assert refused.err == (
        f"error: --set {override}: only training.num_epochs can change when a run goes on\n"
    )
    assert {path.name: sha(path) for path in run_folder.iterdir()} == before


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("clip_norm: 1.0", "clip_norm: 2.0", "training.clip_norm: is 2.0, was 1.0; only training"),
        ("seed: 0", "seed: 1", "seed: is 1, was 0"),
        ("kind: cosine", "kind: constant", "training.schedule.final_fraction: unknown key"),
        ("name: small", "name: other", "name: is 'other', was 'small'"),
        ("beta1: 0.9", "beta1: 0.8", "training.optimizer.beta1: is 0.8, was 0.9"),
    ],
)
def test_a_key_changed_in_the_file_is_refused_by_name(
    rnn: Command, run_folder: Path, old: str, new: str, problem: str
) -> None:
    path = run_folder / "config.yaml"
    path.write_text(path.read_text().replace(old, new))
    before = {path.name: sha(path) for path in run_folder.iterdir()}
    for words in (("train", "--resume"), ("verify",)):
        refused = rnn(*words, run_folder)
        assert refused.code == 2
        assert problem in refused.err
    assert {path.name: sha(path) for path in run_folder.iterdir()} == before


def test_epochs_can_not_be_taken_back(rnn: Command, run_folder: Path) -> None:
    fewer = rnn("train", "--resume", run_folder, "--set", "training.num_epochs=1")
    assert fewer.code == 2
    assert "has 3 epochs already" in fewer.err


def test_changed_data_is_noticed(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((40, 5, 1))
    labels: list[object] = [i % 2 for i in range(40)]
    path = write_csv(here / "d.csv", x, labels)
    (here / "c.yaml").write_text("data: {kind: csv, path: d.csv}\ntraining: {num_epochs: 1}")
    run = Path(rnn("train", "-q", "-c", "c.yaml").out.strip())
    more = ("train", "-q", "--resume", run, "--set", "training.num_epochs=2")
    write_csv(path, x + 1, labels)
    assert "the run's data changed since" in rnn(*more).err
    write_csv(path, x, labels)
    assert rnn(*more).code == 0


def test_a_run_that_is_being_trained_is_not_taken_up_twice(small: Path) -> None:
    session = new_session(read_config(small), Path("runs"), [])
    with pytest.raises(InputError, match="another process is training in this run"):
        resumed_session(str(session.folder), [], [])
    for _ in session.events():
        pass
    for _ in resumed_session(str(session.folder), [], []).events():
        pass


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: "", "is not the loss log of the 3 epochs trained"),
        (lambda text: text.replace("\n2,", "\n7,"), "metrics.csv:3: is no row of epoch 2"),
        (lambda text: text.replace("0.", "zero."), "metrics.csv:2: is no row of epoch 1"),
        (lambda text: text.replace("epoch", "époque"), "is no loss log"),
        (lambda text: text[: len(text) // 2], "is not the loss log of the 3 epochs trained"),
    ],
)
def test_a_damaged_loss_log_is_not_gone_on_with(
    rnn: Command, run_folder: Path, damage: Callable[[str], str], problem: str
) -> None:
    path = run_folder / "metrics.csv"
    path.write_text(damage(path.read_text()), "utf-8")
    before = path.read_bytes()
    refused = rnn("train", "--resume", run_folder, "--set", "training.num_epochs=4")
    assert refused.code == 2
    assert problem in refused.err
    assert path.read_bytes() == before


def test_lost_weights_and_record_come_back(rnn: Command, run_folder: Path) -> None:
    before, record = sha(run_folder / "weights.npz"), (run_folder / "run.json").read_text()
    (run_folder / "weights.npz").unlink()
    (run_folder / "run.json").write_text("{")
    (run_folder / ".weights.npz.0123456789abcdef.tmp").write_bytes(b"half")
    with open(run_folder / "metrics.csv", "a") as file:
        file.write("4,2")  # torn, and of an epoch that no checkpoint knows
    assert rnn("train", "-q", "--resume", run_folder).code == 0
    assert sha(run_folder / "weights.npz") == before
    now = json.loads((run_folder / "run.json").read_text())
    for key in ("status", "best_epoch", "figures", "data_sha256"):
        assert now[key] == json.loads(record)[key]
    assert len(metrics(run_folder)) == 3
    assert not list(run_folder.glob(".*"))


def checkpoints(config: Path, *overrides: str) -> list[int]:
    """Return after which steps of a training the checkpoint on the disk was a new one."""
    session = new_session(read_config(config, overrides), Path("runs"), [])
    path, seen, last = session.folder / "checkpoint.npz", [], None
    for event in session.events():
        now = path.stat().st_ino if path.exists() else None
        if now != last:
            step = session.experiment.progress.step
            seen.append(-step if isinstance(event, Epoch) else step)
            last = now
    return seen


def test_a_checkpoint_every_so_many_steps_and_at_every_epoch(small: Path) -> None:
    # Epochs, of six steps, are the negative ones.
    assert checkpoints(small, "training.checkpoint_every=1") == [
        *(1, 2, 3, 4, 5, -6, 7, 8, 9, 10, 11, -12, 13, 14, 15, 16, 17, -18)
    ]
    assert checkpoints(small, "training.checkpoint_every=4") == [4, -6, 8, -12, 16, -18]


def test_saving_keeps_to_a_fiftieth_of_the_time(small: Path) -> None:
    """Epochs of less than a millisecond share a checkpoint; the last one always has its own."""
    epochs = 1500
    saved = checkpoints(small, f"training.num_epochs={epochs}")
    assert len(saved) < epochs / 10
    (run,) = Path("runs").iterdir()
    assert len(metrics(run)) == epochs
    assert saved_plan(run / "checkpoint.npz") == [[0, epochs]]
    session = resumed_session(str(run), [], [])
    assert session.experiment.progress.epoch == epochs
