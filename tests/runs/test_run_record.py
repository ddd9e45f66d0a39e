"""``run.json``: always valid JSON, with every session in which a run was trained."""

import json
from pathlib import Path

import pytest
from conftest import Command
from helpers.run_copies import without_hashes

from rnncli.runs.run_record import read_record, sessions_of, start_time, write_record

SESSION_KEYS = {"command", "started", "ended", "versions", "processor", "threads"}


def strict(path: Path) -> dict[str, object]:
    """Read JSON as other programs do, which know neither NaN nor infinity."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    content: dict[str, object] = json.loads(path.read_text(), parse_constant=refuse)
    return content


def test_a_new_record_has_what_the_list_shows_and_one_session(run_folder: Path) -> None:
    record = strict(run_folder / "run.json")
    assert record["status"] == "finished"
    assert (record["cell"], record["hidden_size"], record["num_layers"]) == ("tanh", 8, 1)
    assert (record["metric"], record["has_validation"], record["epochs"]) == ("accuracy", True, 3)
    assert set(record["figures"]) == {  # type: ignore[call-overload]
        *("train_loss", "train_accuracy", "val_loss", "val_accuracy")
    }
    (session,) = record["sessions"]  # type: ignore[misc]
    assert set(session) == SESSION_KEYS
    assert session == {key: record[key] for key in SESSION_KEYS}


def test_resuming_adds_a_session_and_keeps_the_earlier_ones(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "run.json"
    first = strict(path)
    first["command"] = first["sessions"][0]["command"] = ["rnn", "train", "-c", "x.yaml"]  # type: ignore[index]
    path.write_text(json.dumps(first))
    more = ("--set", "training.num_epochs=4")
    assert rnn("train", "-q", "--resume", run_folder, *more).code == 0
    record = strict(path)
    for key in SESSION_KEYS - {"ended"}:
        assert record[key] == first[key], key
    old, new = record["sessions"]  # type: ignore[misc]
    assert old == first["sessions"][0]  # type: ignore[index]
    assert new["started"] >= old["ended"]
    assert record["ended"] == new["ended"]
    assert record["epochs"] == 4


def test_an_older_record_becomes_the_first_session(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "run.json"
    older = strict(path)
    older = {key: older[key] for key in ("status", "started", "ended", "command", "versions")}
    path.write_text(json.dumps(older | {"command": ["rnn", "old"]}))
    assert rnn("train", "-q", "--resume", run_folder).code == 0
    record = strict(path)
    assert record["command"] == ["rnn", "old"]
    assert [session["command"] == ["rnn", "old"] for session in record["sessions"]] == [True, False]  # type: ignore[attr-defined]


def test_numbers_that_are_not_finite_never_get_into_a_record(
    rnn: Command, run_folder: Path
) -> None:
    log = run_folder / "metrics.csv"
    rows = [row.split(",") for row in log.read_text().splitlines()]
    for row in rows[1:]:
        row[5], row[6] = "nan", "inf"
    log.write_text("".join(",".join(row) + "\n" for row in rows))
    without_hashes(run_folder)
    assert rnn("train", "-q", "--resume", run_folder).code == 0
    figures = strict(run_folder / "run.json")["figures"]
    assert isinstance(figures, dict)
    assert (figures["train_accuracy"], figures["val_loss"]) == (None, None)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_record(run_folder, {"seconds": float("nan")})


def test_a_record_with_such_numbers_is_read_without_them(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "run.json"
    record = json.loads(path.read_text())
    record["figures"] |= {"val_loss": float("nan"), "train_loss": float("-inf")}
    path.write_text(json.dumps(record).replace('"seed": 0', '"seed": 1e999'))
    assert read_record(run_folder)["seed"] is None
    for words in (("runs", "--json"), ("runs", "show", "latest", "--json")):
        result = rnn(*words)
        assert result.code == 0
        assert "NaN" not in result.out
        assert "Infinity" not in result.out


def test_sessions_that_are_invalid_are_left_out() -> None:
    assert sessions_of({"sessions": [1, {"started": "x"}, None]}) == [{"started": "x"}]
    assert sessions_of({"sessions": "x", "started": "y"}) == [{"started": "y"}]
    assert sessions_of({}) == []
    assert start_time({"started": None}) is None
