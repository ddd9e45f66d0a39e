"""Files of a run that were changed after they were written: named by what reads them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY, Command, sha
from helpers.run_copies import without_hashes

from rnncli.config.reading import read_config
from rnncli.runs.changes import changes
from rnncli.runs.resume import resume_run
from rnncli.runs.run_record import read_record
from rnncli.runs.training_run import start_run


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# What is done to a file, and what the line that names it says.
EDITS: dict[str, tuple[Callable[[Path], None], str]] = {
    "status": (
        lambda run: edit(run / "run.json", '"seed": 0', '"seed": 1'),
        "run.json: does not match its own sha256",
    ),
    "comment": (
        lambda run: edit(run / "config.yaml", "seed: 0", "seed: 0  # mine"),
        "config.yaml: does not match its sha256 in run.json",
    ),
    "value": (
        lambda run: edit(run / "metrics.csv", "\n2,12,", "\n2,13,"),
        "metrics.csv:4: the lines up to this one do not match their sha256 in run.json",
    ),
    "row": (
        lambda run: edit(run / "metrics.csv", (run / "metrics.csv").read_text()[-5:], ""),
        "metrics.csv:4: ",
    ),
}
CHANGED = pytest.mark.parametrize("name", ["status", "comment", "value"])


@CHANGED
def test_show_warns_in_one_line(rnn: Command, run_folder: Path, name: str) -> None:
    before = rnn("runs", "show", "latest")
    assert (before.code, before.err) == (0, "")
    assert json.loads(rnn("runs", "show", "latest", "--json").out)["changes"] == []
    change, problem = EDITS[name]
    change(run_folder)
    shown = rnn("runs", "show", "latest")
    assert (shown.code, shown.err.count("\n")) == (0, 1)
    assert shown.err.startswith(f"warning: {run_folder}/{problem}")
    (line,) = json.loads(rnn("runs", "show", "latest", "--json").out)["changes"]
    assert f"warning: {line}\n" == shown.err


@pytest.mark.parametrize("name", EDITS)
def test_verify_refuses(rnn: Command, run_folder: Path, name: str) -> None:
    change, problem = EDITS[name]
    change(run_folder)
    refused = rnn("verify", "latest")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert refused.err.startswith(f"error: {run_folder}/{problem}")


def test_all_changed_files_are_named_at_once(rnn: Command, run_folder: Path) -> None:
    for name in ("status", "comment", "value"):
        EDITS[name][0](run_folder)
    lines = rnn("verify", "latest").err.splitlines()
    assert [line.split(": ")[1].removeprefix(f"{run_folder}/") for line in lines] == [
        *("run.json", "config.yaml", "metrics.csv:4")
    ]


def test_resume_warns_of_a_changed_record_and_replaces_it(rnn: Command, run_folder: Path) -> None:
    EDITS["status"][0](run_folder)
    done = rnn("train", "-q", "--resume", "latest")
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith(f"warning: {run_folder}/run.json: does not match its own sha256")
    assert changes(run_folder, read_record(run_folder)) == []
    assert rnn("train", "-q", "--resume", "latest").err == ""


def test_resume_refuses_a_changed_log_and_changes_nothing(rnn: Command, run_folder: Path) -> None:
    EDITS["value"][0](run_folder)
    before = {path.name: sha(path) for path in run_folder.iterdir()}
    refused = rnn("train", "--resume", "latest", "--set", "training.num_epochs=4")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"{run_folder}/metrics.csv:4: " in refused.err
    assert {path.name: sha(path) for path in run_folder.iterdir()} == before
    # A checkpoint of an older version cannot tell.
    without_hashes(run_folder)
    assert rnn("train", "-q", "--resume", "latest").code == 0


def test_the_number_of_epochs_may_be_edited_before_a_run_is_resumed(
    rnn: Command, run_folder: Path
) -> None:
    edit(run_folder / "config.yaml", "num_epochs: 3", "num_epochs: 5  # more")
    done = rnn("train", "-q", "--resume", "latest")
    assert (done.code, done.err) == (0, "")
    assert read_record(run_folder)["epochs"] == 5
    assert changes(run_folder, read_record(run_folder)) == []
    assert rnn("verify", "-q", "latest").out == "bit-identical\n"


def test_a_run_without_a_checkpoint_is_resumed_with_a_changed_config_and_a_warning(
    rnn: Command, small: Path
) -> None:
    run = start_run(read_config(small), Path("runs"), [])
    for _ in run.events():
        break
    edit(run.folder / "config.yaml", "hidden_size: 8", "hidden_size: 9")
    done = rnn("train", "-q", "--resume", run.folder)
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert f"{run.folder}/config.yaml: does not match its sha256 in run.json" in done.err
    assert changes(run.folder, read_record(run.folder)) == []


def test_a_run_that_is_being_trained_is_never_taken_for_a_changed_one(small: Path) -> None:
    run = start_run(read_config(small, ["training.checkpoint_every=4"]), Path("runs"), [])
    for count, _ in enumerate(run.events()):
        assert changes(run.folder, read_record(run.folder)) == []
        if count == 8:
            break
    resumed = resume_run(str(run.folder), ["training.num_epochs=5"], [])
    assert changes(run.folder, read_record(run.folder)) == []
    for _ in resumed.events():
        assert changes(run.folder, read_record(run.folder)) == []
    assert changes(run.folder, read_record(run.folder)) == []


def test_an_older_run_counts_as_unchanged(rnn: Command, here: Path) -> None:
    run = Path(shutil.copytree(REPOSITORY / "tests/golden/v1/exact", here / "runs" / "exact"))
    shown = rnn("runs", "show", "exact")
    assert (shown.code, shown.err) == (0, "")
    assert changes(run, read_record(run)) == []
