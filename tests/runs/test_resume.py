"""Resuming a run: to the same last bit, in place, and with no key changed on the way."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, assert_same, metrics, sha, write_csv

from rnncli.config.reading import read_config
from rnncli.nn.cells import CELLS
from rnncli.runs.checkpoint import saved_plan
from rnncli.runs.resume import resume_run
from rnncli.runs.training_run import start_run

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
    "model={hidden_size: 8, num_layers: 2, dropout: 0.3, head_dropout: 0.2, "
    "pooling: [mean, last], bidirectional: true}",
    "model.dtype=float64",
    "data.fresh=true",
    "data.validation_fraction=0",
    "data={kind: parity, num_samples: 100, sequence_length: 9}",
    "training.shuffle=false",
    "training.patience=1",
    "training.clip_norm=null",
    "training.augmentation=[jitter, scaling, time_warp, window_slice]",
    "training={num_epochs: 2, num_updates: 60, batch_size: null}",
    "training.checkpoint_every=4",
    "data={kind: text, path: text.txt, sequence_length: 7}",
    "data={kind: text, path: text.txt, sequence_length: 7, documents: lines}",
]


def stopped(config: Path, overrides: list[str], after: int, runs: str = "stopped") -> Path:
    """Train, and stop as a kill would: with a checkpoint after some events, and no more."""
    run = start_run(read_config(config, overrides), Path(runs), [])
    for count, _ in enumerate(run.events(), 1):
        if count == after:
            run.save()
            break
    return run.folder


def trained(config: Path, overrides: list[str], runs: str) -> Path:
    """Train without a stop."""
    run = start_run(read_config(config, overrides), Path(runs), [])
    for _ in run.events():
        pass
    return run.folder


@pytest.mark.parametrize("override", VARIANTS)
def test_a_stopped_run_ends_as_an_uninterrupted_one(small: Path, override: str) -> None:
    """Stops within the first epoch, at its end, and within and at the end of later ones."""
    if "kind: text" in override:
        lines = (f"{number:b} or {number:o}\n" for number in range(200))
        small.with_name("text.txt").write_text("".join(lines))
    uninterrupted = trained(small, [override], "uninterrupted")
    steps = int(metrics(uninterrupted)[0]["step"])
    places = (1, steps, steps + 1, 2 * steps + 1)
    # All four for one variant; of the others, one is within an epoch and one just after its end.
    for after in places if override == VARIANTS[0] else places[::2]:
        run = stopped(small, [override], after)
        for _ in resume_run(str(run), [], []).events():
            pass
        assert_same(run, uninterrupted)
        assert not list(run.glob(".*"))


def test_many_stops_on_the_way_change_nothing(small: Path) -> None:
    uninterrupted = trained(small, [], "uninterrupted")
    folder = stopped(small, [], 1)
    for after in (2, 1, 4, 1, 3):
        run = resume_run(str(folder), [], [])
        for count, _ in enumerate(run.events(), 1):
            if count == after:
                run.save()
                break
    for _ in resume_run(str(folder), [], []).events():
        pass
    assert_same(folder, uninterrupted)


def test_a_finished_run_can_be_extended(rnn: Command, run_folder: Path) -> None:
    before = metrics(run_folder)
    longer = rnn("train", "-q", "--resume", "latest", "--set", "training.num_epochs=5")
    assert longer.code == 0
    assert metrics(run_folder)[:3] == before
    assert len(metrics(run_folder)) == 5
    assert saved_plan(run_folder / "checkpoint.npz") == [([0], 3), ([18], 5)]


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
def test_changing_another_key_is_refused(rnn: Command, run_folder: Path, override: str) -> None:
    before = {path.name: sha(path) for path in run_folder.iterdir()}
    refused = rnn("train", "--resume", run_folder, "--set", override)
    assert refused.code == 2
    assert refused.err == (
        f"error: --set {override}: only training.num_epochs can be changed when a run is resumed\n"
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


def test_fewer_epochs_than_are_trained_are_refused(rnn: Command, run_folder: Path) -> None:
    fewer = rnn("train", "--resume", run_folder, "--set", "training.num_epochs=1")
    assert fewer.code == 2
    assert "3 epochs are already trained" in fewer.err


def test_a_run_with_changed_data_is_not_resumed(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((40, 5, 1))
    labels: list[object] = [i % 2 for i in range(40)]
    path = write_csv(here / "d.csv", x, labels)
    (here / "c.yaml").write_text("data: {kind: csv, path: d.csv}\ntraining: {num_epochs: 1}")
    run = Path(rnn("train", "-q", "-c", "c.yaml").out.strip())
    more = ("train", "-q", "--resume", run, "--set", "training.num_epochs=2")
    write_csv(path, x + 1, labels)
    assert "the run's data has changed" in rnn(*more).err
    write_csv(path, x, labels)
    assert rnn(*more).code == 0


def test_missing_weights_and_a_damaged_record_are_restored(rnn: Command, run_folder: Path) -> None:
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
