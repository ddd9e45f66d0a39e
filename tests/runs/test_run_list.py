"""The list of runs: read from their records alone, whatever else happens in the folder."""

import json
import shutil
from pathlib import Path
from time import perf_counter

import pytest
from conftest import Command, metrics
from helpers.run_copies import copied, entries

from rnncli.config.reading import read_config
from rnncli.runs import run_list
from rnncli.runs.lock import is_locked, locked
from rnncli.runs.resume import resume_run
from rnncli.runs.run_list import list_runs, summarize_run
from rnncli.runs.training_run import start_run
from rnncli.training.events import Epoch


def named(summaries: list[dict[str, object]]) -> list[object]:
    return [entry["name"] for entry in summaries]


def test_a_listed_run_shows_its_record(rnn: Command, run_folder: Path) -> None:
    (entry,) = entries(rnn)
    record, rows = json.loads((run_folder / "run.json").read_text()), metrics(run_folder)
    assert entry["name"] == run_folder.name
    assert (entry["status"], entry["started"]) == ("finished", record["started"])
    assert (entry["best_epoch"], entry["epochs"]) == (record["best_epoch"], 3)
    assert entry["loss"] == record["figures"]["val_loss"]
    assert entry["figure"] == record["figures"]["val_accuracy"]
    assert (entry["metric"], entry["held_out"]) == ("accuracy", True)
    assert (entry["cell"], entry["hidden_size"], entry["num_layers"]) == ("tanh", 8, 1)
    assert entry["seconds"] == float(rows[-1]["seconds"])
    table = rnn("runs").out
    assert run_folder.name in table
    assert f"{record['figures']['val_accuracy']:.2%}"[:-1] in table


def test_without_validation_the_last_training_results_are_listed(rnn: Command, small: Path) -> None:
    rnn("train", "-q", "-c", small, "--set", "data.validation_fraction=0")
    (entry,) = entries(rnn)
    assert (entry["held_out"], entry["best_epoch"]) == (False, 3)
    assert "(train)" in rnn("runs").out


def test_the_record_alone_is_read(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = summarize_run(run_folder)
    for name in ("metrics.csv", "config.yaml"):
        (run_folder / name).write_text("not read")
    assert summarize_run(run_folder) == before
    monkeypatch.setattr(run_list, "older_results", None)
    assert list_runs(run_folder.parent) == [before]


def test_three_hundred_runs_are_listed_fast(run_folder: Path) -> None:
    for number in range(300):
        copy = run_folder.parent / f"copy{number}"
        copy.mkdir()
        for name in ("run.json", "metrics.csv", "config.yaml"):
            (copy / name).write_bytes((run_folder / name).read_bytes())
    begun = perf_counter()
    assert len(list_runs(run_folder.parent)) == 301
    # It takes a tenth of this; reading configs or logs takes several times as long.
    assert perf_counter() - begun < 0.6


def test_a_run_being_trained_is_listed_as_of_its_last_save(small: Path) -> None:
    """What the list shows of a running or killed run is where resuming starts."""
    overrides = ["training.checkpoint_every=4", "training.num_epochs=5"]
    run = start_run(read_config(small, overrides), Path("runs"), [])
    assert (summarize_run(run.folder).status, summarize_run(run.folder).epochs) == ("running", 0)
    assert summarize_run(run.folder).loss is None
    for event in run.events():
        summary = summarize_run(run.folder)
        if isinstance(event, Epoch):
            assert summary.epochs == event.epoch
            rows = metrics(run.folder)
            assert summary.loss == min(float(row["val_loss"]) for row in rows)
            if event.epoch == 3:
                break


def test_a_killed_run_is_listed_as_it_is_resumed(small: Path) -> None:
    """Epochs that were logged after the last save do not count: they are trained again."""
    run = start_run(read_config(small), Path("runs"), [])
    events = run.events()
    next(event for event in events if isinstance(event, Epoch))
    run.save()
    next(event for event in events if isinstance(event, Epoch))
    killed = Path(shutil.copytree(run.folder, "runs/killed"))
    events.close()
    assert len(metrics(killed)) == 2
    summary = summarize_run(killed)
    assert (summary.status, summary.epochs, summary.best_epoch) == ("killed", 1, 1)
    assert resume_run(str(killed), [], []).setup.state.epoch == 1
    assert summarize_run(killed).epochs == 1


def test_order_filters_and_limit(rnn: Command, run_folder: Path) -> None:
    copied(run_folder, "old", started="2020-01-01T00:00:00+00:00", status="diverged")
    copied(run_folder, "older", started="2019-01-01T00:00:00-05:00")
    new = run_folder.name
    assert named(entries(rnn)) == [new, "old", "older"]
    assert named(entries(rnn, "--sort", "name")) == sorted([new, "old", "older"])
    assert named(entries(rnn, "--limit", 1)) == [new]
    assert named(entries(rnn, "--status", "diverged")) == ["old"]
    assert named(entries(rnn, "--name", "old")) == ["old", "older"]
    assert named(entries(rnn, "--name", "o?d*r")) == ["older"]
    copied(run_folder, "without epochs", figures=None, best_epoch=None)
    assert named(entries(rnn, "--sort", "loss"))[-1] == "without epochs"
    shutil.rmtree(run_folder.parent / "without epochs")
    for order in run_list.SORTS:
        assert len(entries(rnn, "--sort", order)) == 3
    assert rnn("runs", "--name", "nothing").out == ""
    for wrong in (["--sort", "los"], ["--status", "done"], ["--runs", "nowhere"]):
        result = rnn("runs", *wrong)
        assert (result.code, result.err.count("\n")) == (2, 1), result.err


def damage(path: Path, content: bytes | None) -> None:
    """Give a file another content: a folder, the first half, other bytes, or nothing at all."""
    before = path.read_bytes()
    path.unlink()
    if content == b"folder":
        path.mkdir()
    elif content is not None:
        # Cut within a key, a config is no longer valid YAML.
        half = before.find(b":", len(before) // 2) if path.suffix == ".yaml" else len(before) // 2
        path.write_bytes(before[:half] if content == b"half" else content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("run.json", content) for content in (None, b"", b"\x00\xff[", b"folder", b"half")),
        *(("metrics.csv", content) for content in (None, b"", b"folder")),
        *(("config.yaml", content) for content in (None, b"", b"folder")),
    ],
)
def test_a_damaged_run_is_listed_as_one(
    rnn: Command, run_folder: Path, name: str, content: bytes | None
) -> None:
    damage(copied(run_folder, "damaged") / name, content)
    good, bad = entries(rnn)
    assert (good["name"], good["status"]) == (run_folder.name, "finished")
    assert (bad["name"], bad["status"]) == ("damaged", "damaged")
    assert name in str(bad["problem"])
    assert "damaged" in rnn("runs").out
    shown = rnn("runs", "show", "damaged")
    assert (shown.code, shown.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("name", ["metrics.csv", "config.yaml"])
@pytest.mark.parametrize("content", [b"\x00\xff[", b"half"])
def test_a_damaged_config_or_log_is_refused_where_it_is_read(
    rnn: Command, run_folder: Path, name: str, content: bytes
) -> None:
    """The list does not read them, and so still shows the run."""
    damage(copied(run_folder, "damaged") / name, content)
    assert [entry["status"] for entry in entries(rnn)] == ["finished", "finished"]
    shown = rnn("runs", "show", "damaged")
    assert shown.code == 2
    assert name in shown.err


@pytest.mark.parametrize(
    "change",
    [
        {"cell": 3},
        {"hidden_size": "8"},
        {"epochs": True},
        {"seconds": None},
        {"metric": "loss"},
        {"figures": [1]},
        {"figures": {"val_loss": "low"}},
        {"best_epoch": 1.5},
        {"has_validation": None},
        {"status": "done"},
        {"started": "soon"},
    ],
)
def test_a_record_with_invalid_values_is_a_damaged_one(
    rnn: Command, run_folder: Path, change: dict[str, object]
) -> None:
    copied(run_folder, "damaged", **change)
    bad = entries(rnn)[-1]
    assert (bad["name"], bad["status"]) == ("damaged", "damaged")
    assert "run.json" in str(bad["problem"])


@pytest.mark.parametrize("rows", [0, 1])
def test_a_log_that_is_shorter_than_the_record_is_shown(
    rnn: Command, run_folder: Path, rows: int
) -> None:
    log = run_folder / "metrics.csv"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[: 1 + rows]))
    path = run_folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best_epoch": 10**9}))
    shown = rnn("runs", "show", "latest")
    assert (shown.code, shown.err.count("\n")) == (0, 2)
    for name in ("run.json: does not match", f"metrics.csv:{rows + 2}: missing or incomplete"):
        assert name in shown.err
    for words in (("show", "latest", "--json"), ("compare", "latest", "latest")):
        shown = rnn("runs", *words)
        assert (shown.code, shown.err) == (0, "")


@pytest.mark.parametrize("name", ["run.json", "metrics.csv", "config.yaml"])
def test_a_run_that_vanishes_meanwhile_is_not_listed(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    gone = copied(run_folder, "gone")
    real = run_list.read_record

    def vanishing(folder: Path) -> dict[str, object]:
        if folder == gone and name == "run.json":
            shutil.rmtree(gone)
        record = real(folder)
        if folder == gone:
            shutil.rmtree(gone)
        return record

    monkeypatch.setattr(run_list, "read_record", vanishing)
    assert [run.name for run in list_runs(run_folder.parent)] == [run_folder.name]


def test_other_folders_and_files_are_not_listed(rnn: Command, run_folder: Path) -> None:
    (run_folder.parent / "notes").mkdir()
    (run_folder.parent / "file").touch()
    run_folder.parent.joinpath(".half.tmp").mkdir()
    (run_folder.parent / ".half.tmp" / "run.json").touch()
    assert named(entries(rnn)) == [run_folder.name]


def test_a_running_run_without_a_process_was_killed(rnn: Command, run_folder: Path) -> None:
    run = copied(run_folder, "begun", status="running")
    assert entries(rnn, "--status", "killed")[0]["name"] == "begun"
    with locked(run):
        assert is_locked(run)
        assert entries(rnn, "--status", "running")[0]["name"] == "begun"
        refused = rnn("runs", "delete", "begun", "--yes")
        assert (refused.code, run.is_dir()) == (2, True)
    assert not is_locked(run)


def without_results(run: Path) -> None:
    """Replace a run's record by that of an older version, which has no results."""
    keys = ("epochs", "seconds", "cell", "hidden_size", "num_layers", "metric", "has_validation")
    path = run / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({key: record[key] for key in record if key not in keys}))


def test_an_older_run_is_listed_from_its_config_and_log(rnn: Command, small: Path) -> None:
    rnn("train", "-q", "-c", small)
    rnn("train", "-q", "-c", small, "--set", "data.validation_fraction=0")
    before = list_runs(Path("runs"))
    for run in Path("runs").iterdir():
        without_results(run)
    assert list_runs(Path("runs")) == before
    (run,) = (run for run in Path("runs").iterdir() if run.name == before[0].name)
    log = run / "metrics.csv"
    log.write_text(log.read_text().splitlines()[0] + "\n")
    (run / "config.yaml").write_text("model: {cell: gru, hidden_size: 5, num_layers: 2}")
    entry = summarize_run(run)
    assert (entry.epochs, entry.loss, entry.cell, entry.hidden_size) == (0, None, "gru", 5)


def test_an_older_run_that_is_damaged_is_listed_as_one(rnn: Command, run_folder: Path) -> None:
    without_results(run_folder)
    for name, content in (("config.yaml", "model: {cell: gru}"), ("metrics.csv", "epoch")):
        before = (run_folder / name).read_text()
        (run_folder / name).write_text(content)
        (entry,) = entries(rnn)
        assert entry["status"] == "damaged"
        assert name in str(entry["problem"])
        (run_folder / name).write_text(before)


def test_show_has_record_metrics_and_config(rnn: Command, run_folder: Path) -> None:
    shown = json.loads(rnn("runs", "show", "latest", "--json").out)
    assert shown["record"] == json.loads((run_folder / "run.json").read_text())
    assert shown["config"]["model"]["hidden_size"] == 8
    assert [row["epoch"] for row in shown["metrics"]] == [1, 2, 3]
    text = rnn("runs", "show", run_folder).out
    for part in ("finished", "val_accuracy", "hidden_size: 8", "█", shown["record"]["data_sha256"]):
        assert part in text


def test_options_of_the_list_are_not_lost_before_a_sub_command(
    rnn: Command, run_folder: Path
) -> None:
    result = rnn("runs", "--runs", "elsewhere", "show", "latest")
    assert (result.code, result.err.count("\n")) == (2, 1)


def test_control_characters_in_names_are_escaped(rnn: Command, run_folder: Path) -> None:
    copied(run_folder, "[red]\x1b[31m")
    assert "[red]\\x1b[31m" in rnn("runs").out
    assert "\x1b" not in rnn("plot", run_folder, "runs/[red]\x1b[31m").out
