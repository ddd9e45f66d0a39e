"""Many runs: the list, one in full, comparisons, and what may be deleted."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Command, metrics, process

from rnncli.errors import InputError
from rnncli.runs import lock, run_list
from rnncli.runs.lock import is_locked, locked


def entries(rnn: Command, *options: object) -> list[dict[str, object]]:
    result = rnn("runs", "--json", *options)
    assert result.code == 0, result.err
    found: list[dict[str, object]] = json.loads(result.out)["runs"]
    return found


def named(found: list[dict[str, object]]) -> list[object]:
    return [entry["name"] for entry in found]


def copied(run: Path, name: str, **record: object) -> Path:
    """Copy a run under another name, with another record."""
    copy = run.parent / name
    shutil.copytree(run, copy)
    path = copy / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    return copy


def test_an_entry_says_what_the_records_say(rnn: Command, run_folder: Path) -> None:
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


def test_without_validation_the_last_epoch_of_the_training_part_counts(
    rnn: Command, small: Path
) -> None:
    rnn("train", "-q", "-c", small, "--set", "data.validation_fraction=0")
    (entry,) = entries(rnn)
    assert (entry["held_out"], entry["best_epoch"]) == (False, 3)
    assert "(train)" in rnn("runs").out


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
    (run_folder / "metrics.csv").write_text(
        (run_folder / "metrics.csv").read_text().splitlines()[0] + "\n"
    )
    assert named(entries(rnn, "--sort", "loss"))[-1] == new  # it has none any more
    for order in run_list.SORTS:
        assert len(entries(rnn, "--sort", order)) == 3
    assert rnn("runs", "--name", "nothing").out == ""
    for wrong in (["--sort", "los"], ["--status", "done"], ["--runs", "nowhere"]):
        result = rnn("runs", *wrong)
        assert (result.code, result.err.count("\n")) == (2, 1), result.err


@pytest.mark.parametrize("name", ["run.json", "metrics.csv", "config.yaml"])
@pytest.mark.parametrize("content", [None, b"", b"\x00\xff[", b"folder", b"half"])
def test_a_damaged_run_is_listed_as_one(
    rnn: Command, run_folder: Path, name: str, content: bytes | None
) -> None:
    damaged = copied(run_folder, "damaged")
    path = damaged / name
    before = path.read_bytes()
    path.unlink()
    if content == b"folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(before[: len(before) // 2] if content == b"half" else content)
    good, bad = entries(rnn)
    assert (good["name"], good["status"]) == (run_folder.name, "finished")
    assert (bad["name"], bad["status"]) == ("damaged", "damaged")
    assert name in str(bad["problem"])
    assert "damaged" in rnn("runs").out
    shown = rnn("runs", "show", "damaged")
    assert (shown.code, shown.err.count("\n")) == (2, 1)


def test_what_is_no_run_is_not_listed(rnn: Command, run_folder: Path) -> None:
    (run_folder.parent / "notes").mkdir()
    (run_folder.parent / "file").touch()
    run_folder.parent.joinpath(".half.tmp").mkdir()
    (run_folder.parent / ".half.tmp" / "run.json").touch()
    assert named(entries(rnn)) == [run_folder.name]


def test_a_run_that_nobody_trains_was_killed(rnn: Command, run_folder: Path) -> None:
    run = copied(run_folder, "begun", status="running")
    assert entries(rnn, "--status", "killed")[0]["name"] == "begun"
    with locked(run):
        assert is_locked(run)
        assert entries(rnn, "--status", "running")[0]["name"] == "begun"
        refused = rnn("runs", "delete", "begun", "--yes")
        assert (refused.code, run.is_dir()) == (2, True)
    assert not is_locked(run)


def test_a_training_waits_for_who_only_looks(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = os.open(run_folder, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    with pytest.raises(InputError, match="another process"), locked(run_folder):
        pass
    monkeypatch.setattr(lock, "sleep", lambda _: os.close(looking))
    with locked(run_folder):
        assert is_locked(run_folder)


def test_a_model_section_of_any_form_is_read(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "config.yaml"
    head, _, rest = path.read_text().partition("model:\n")
    tail = rest[rest.index("training:") :]
    path.write_text(f"{head}model: {{cell: gru, hidden_size: 5, num_layers: 2}}\n{tail}")
    assert entries(rnn)[0]["hidden_size"] == 5
    assert "2x5" in rnn("runs").out
    path.write_text(f"{head}model:\n  cell: [\n{tail}")
    assert "config.yaml" in str(entries(rnn)[0]["problem"])


def test_show_gives_record_figures_and_config(rnn: Command, run_folder: Path) -> None:
    found = json.loads(rnn("runs", "show", "latest", "--json").out)
    assert found["record"] == json.loads((run_folder / "run.json").read_text())
    assert found["config"]["model"]["hidden_size"] == 8
    assert [row["epoch"] for row in found["metrics"]] == [1, 2, 3]
    text = rnn("runs", "show", run_folder).out
    for part in ("finished", "val_accuracy", "hidden_size: 8", "█", found["record"]["data_sha256"]):
        assert part in text


def test_compare_names_the_keys_that_differ_and_no_others(
    rnn: Command, small: Path, run_folder: Path
) -> None:
    other = rnn("train", "-q", "-c", small, "--set", "model.cell=gru", "--set", "seed=3").out
    found = json.loads(rnn("runs", "compare", run_folder, other.strip(), "--json").out)
    assert found["config"] == {"seed": [0, 3], "model.cell": ["tanh", "gru"]}
    assert found["figures"]["val_loss"] == [run["loss"] for run in entries(rnn)[::-1]]
    assert "model.cell" in rnn("runs", "compare", run_folder, other.strip()).out
    assert "the same" in rnn("runs", "compare", run_folder, run_folder).out
    assert rnn("runs", "compare", run_folder).code == 2


def test_delete_takes_runs_and_damaged_ones(rnn: Command, run_folder: Path) -> None:
    damaged = copied(run_folder, "damaged")
    (damaged / "config.yaml").unlink()
    (damaged / ".weights.npz.0123.tmp").touch()
    result = rnn("runs", "delete", "damaged", run_folder, "damaged", "--yes")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [str(damaged.resolve()), str(run_folder.resolve())]
    assert list(run_folder.parent.iterdir()) == []


def test_delete_takes_nothing_else(rnn: Command, run_folder: Path, here: Path) -> None:
    runs, outside = run_folder.parent, here / "outside"
    shutil.copytree(run_folder, outside)
    shutil.copytree(run_folder, runs / "deep" / "run")
    (runs / "link").symlink_to(outside)
    (runs / "inner").symlink_to(run_folder.name)
    (runs / "plain").mkdir()
    (copied(run_folder, "noted") / "notes.txt").touch()
    (copied(run_folder, "nested") / "weights").mkdir()
    inside = str(run_folder)
    before = sorted(path for path in here.rglob("*"))
    for wrong in (
        *(outside, "../outside", "runs/../outside", f"{inside}/..", ".", "", "..", "/", "nothing"),
        *("link", "inner", "runs/link/", "plain", "noted", "nested", "deep/run", "deep", "a\0b"),
    ):
        result = rnn("runs", "delete", inside, wrong, "--yes")
        assert (result.code, result.err.count("\n")) == (2, 1), (wrong, result)
        assert result.out == ""
        assert sorted(path for path in here.rglob("*")) == before, wrong
    # The negative control: a run that may be deleted, by a way round.
    assert rnn("runs", "delete", f"runs/plain/../{run_folder.name}", "--yes").code == 0
    assert not run_folder.exists()
    assert outside.is_dir()


def test_delete_asks_and_without_a_terminal_refuses(run_folder: Path, here: Path) -> None:
    refused = process("runs", "delete", "latest", input="y\n")
    assert (refused.returncode, run_folder.is_dir()) == (2, True)
    assert "--yes" in refused.stderr
    for answer, code in (("n", 1), ("y", 0)):
        assert on_terminal(["runs", "delete", "latest"], f"{answer}\n")[0] == code
        assert run_folder.is_dir() == (answer == "n")


def on_terminal(words: list[str], typed: str = "", columns: int = 80) -> tuple[int, str]:
    """Run the command in a terminal; return its exit code and what it wrote."""
    first, second = os.openpty()
    termios.tcsetwinsize(second, (24, columns))
    os.write(first, typed.encode())
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *words],
        **dict.fromkeys(("stdin", "stdout", "stderr"), second),
        env=environment,
    ) as child:
        os.close(second)
        written = b""
        with suppress(OSError):  # how a terminal says that nobody writes any more
            while piece := os.read(first, 1 << 16):
                written += piece
    os.close(first)
    return child.returncode, written.decode()


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_the_list_fits_the_terminal(run_folder: Path, columns: int) -> None:
    code, text = on_terminal(["runs"], columns=columns)
    assert code == 0
    assert run_folder.name in text
    assert ("when" in text) == (columns == 200)
    assert ("status" in text) == (columns > 20)


def test_options_of_the_list_are_not_lost_before_a_sub_command(
    rnn: Command, run_folder: Path
) -> None:
    result = rnn("runs", "--runs", "elsewhere", "show", "latest")
    assert (result.code, result.err.count("\n")) == (2, 1)


def test_names_that_are_no_words_do_no_harm(rnn: Command, run_folder: Path) -> None:
    copied(run_folder, "[red]\x1b[31m")
    assert "[red]\\x1b[31m" in rnn("runs").out
    assert "\x1b" not in rnn("plot", run_folder, "runs/[red]\x1b[31m").out
