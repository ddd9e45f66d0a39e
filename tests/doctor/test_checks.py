"""The doctor reports nothing on sound configs, and all findings in one form."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY, Command, process
from helpers.doctor import SUNSPOTS, examination_of, findings_on, findings_on_digits, unchanged

from rnncli.doctor import examination
from rnncli.doctor.checks import CHECKS, run_checks
from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Finding, Problem


@pytest.mark.parametrize(
    "name",
    ["sum_sign", "sum_sign_sgd", "digits", "japanese_vowels", "sunspots", "parity", "adding"],
)
def test_shipped_configs_are_healthy(
    rnn: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With a fifth of the usual work per trial, which is quick and the harder test."""
    monkeypatch.setattr(examination, "_OPERATIONS", 1e10)
    result = rnn("doctor", "-c", REPOSITORY / "configs" / f"{name}.yaml")
    assert result.code == 0, result.out
    assert result.out.startswith(f"no findings in {len(CHECKS)} checks\na run: ")


@pytest.mark.parametrize(
    ("data", "output"),
    [
        ("{kind: temporal_order, num_samples: 300, sequence_length: 30}", "sequence"),
        ("{kind: adding, num_samples: 300, sequence_length: 30}", "sequence"),
        ("{kind: copy, num_samples: 200, delay: 5}", "every_step"),
    ],
)
def test_hard_tasks_are_healthy(rnn: Command, here: Path, data: str, output: str) -> None:
    model = f"model: {{cell: gru, output: {output}}}"
    rate = "training: {num_epochs: 100, optimizer: {kind: adam, learning_rate: 5e-3}}"
    assert findings_on(rnn, f"data: {data}\n{model}\n{rate}\n") == {}


def test_the_digits_that_other_tests_spoil_are_healthy(rnn: Command, here: Path) -> None:
    assert findings_on_digits(rnn, unchanged) == {}


def test_a_check_is_a_function_and_a_line_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def tiny(examined: Examination) -> Iterator[Problem]:
        yield Problem(f"{len(examined.train)} sequences", "too few", "add some")

    for name in list(CHECKS):
        monkeypatch.delitem(CHECKS, name)
    monkeypatch.setitem(CHECKS, "size", tiny)
    data = {"kind": "sum_sign", "num_samples": 20}
    findings = run_checks(examination_of({"data": data}))
    assert findings == [Finding("size", "18 sequences", "too few", "add some")]


def test_text_says_what_was_measured_what_it_means_and_what_to_change(
    rnn: Command, here: Path
) -> None:
    Path("c.yaml").write_text(SUNSPOTS)
    result = rnn("doctor", "-c", "c.yaml", "--set", "data.sequence_length=5")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0] == "window"
    assert lines[3] == "  change: set data.sequence_length to 11 or more"
    assert [line.split(":")[0] for line in lines[1:4]] == ["  measured", "  meaning", "  change"]
    assert lines[4] == f"1 finding in {len(CHECKS)} checks"


def test_findings_repeat_and_nothing_is_written(rnn: Command, small: Path, here: Path) -> None:
    before = sorted(here.rglob("*"))
    first, second = (json.loads(rnn("doctor", "-c", small, "--json").out) for _ in range(2))
    assert first["findings"] == second["findings"]
    assert first["findings"]
    assert sorted(here.rglob("*")) == before


def test_missing_data_is_an_error_but_little_data_is_not(rnn: Command, here: Path) -> None:
    Path("c.yaml").write_text("data: {kind: csv, path: none.csv}\n")
    result = rnn("doctor", "-c", "c.yaml")
    assert result.code == 2
    assert result.err.count("\n") == 1
    for count in (2, 9):
        little = f"data: {{kind: sum_sign, num_samples: {count}, validation_fraction: 0}}\n"
        assert "labels" not in findings_on(rnn, little)


def test_plain_text_in_a_plain_environment(small: Path) -> None:
    plain = {"TERM": "dumb", "COLUMNS": "20", "LC_ALL": "C"}
    done = process("doctor", "-c", small, env=plain)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
