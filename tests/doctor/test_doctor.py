"""The doctor finds every planted fault in real data, and says nothing of what is sound."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command, process

from rnncli.doctor import CHECKS, estimate

DATA = REPOSITORY / "tests" / "data"
RNG = np.random.default_rng(0)
DIGITS = """
data: {kind: csv, path: train.csv, validation_path: held.csv, input_size: 8, standardize: false}
model: {cell: tanh, hidden_size: 32, pooling: last}
training: {num_epochs: 30, optimizer: {kind: adam, learning_rate: 3e-3}}
"""
SUNSPOTS = f"""
data: {{kind: series, path: {DATA}/sunspots.csv, columns: [SUNACTIVITY], sequence_length: 30}}
"""
VOWELS = """
data: {kind: ts, path: train.ts, validation_fraction: 0}
model: {hidden_size: 16}
"""


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (N, 64) and labels (N,) of some of the shipped digits."""
    with gzip.open(DATA / "digits_train.csv.gz") as file:
        table = np.loadtxt(file, delimiter=",")
    return table[:500, :-1], table[:500, -1].astype(int)


def write(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    np.savetxt(path, np.column_stack([x, y]), delimiter=",", fmt="%g")


def found(rnn: Command, text: str, *overrides: str) -> dict[str, dict[str, str]]:
    """Return the findings on a config by their checks; the exit code must say the same."""
    Path("c.yaml").write_text(text)
    result = rnn("doctor", "-c", "c.yaml", "--json", *(w for o in overrides for w in ("--set", o)))
    assert result.err == ""
    report = json.loads(result.out)
    assert report["checks"] == list(CHECKS)
    assert report["healthy"] == (not report["findings"]) == (result.code == 0)
    assert result.code in (0, 1)
    assert report["estimate"]["seconds"] > 0
    assert all(all(finding.values()) for finding in report["findings"])
    return {finding["check"]: finding for finding in report["findings"]}


def on_digits(
    rnn: Command,
    spoil: Callable[[np.ndarray, np.ndarray], object] = lambda x, y: None,
    *overrides: str,
) -> dict[str, dict[str, str]]:
    """Return the findings on digits that were spoiled in place; the last hundred are held out."""
    x, y = digits()
    spoil(x, y)
    write(Path("train.csv"), x[:400], y[:400])
    write(Path("held.csv"), x[400:], y[400:])
    return found(rnn, DIGITS, *overrides)


@pytest.mark.parametrize(
    "name",
    ["sum_sign", "sum_sign_sgd", "digits", "japanese_vowels", "sunspots", "parity", "adding"],
)
def test_shipped_configs_are_healthy(rnn: Command, name: str) -> None:
    result = rnn("doctor", "-c", REPOSITORY / "configs" / f"{name}.yaml")
    assert result.code == 0, result.out
    assert result.out.startswith(f"no findings in {len(CHECKS)} checks\na run: ")


@pytest.mark.parametrize(
    "data",
    [
        "{kind: temporal_order, num_samples: 500, sequence_length: 40}",
        "{kind: adding, num_samples: 500, sequence_length: 40}",
        "{kind: parity, num_samples: 1000}",
        "{kind: copy, num_samples: 200, delay: 10}",
    ],
)
def test_hard_tasks_are_healthy(rnn: Command, here: Path, data: str) -> None:
    output = "every_step" if "copy" in data else "sequence"
    model = f"model: {{cell: gru, output: {output}}}"
    rate = "training: {num_epochs: 100, optimizer: {kind: adam, learning_rate: 5e-3}}"
    assert found(rnn, f"data: {data}\n{model}\n{rate}\n") == {}


def test_the_digits_that_are_spoiled_below_are_healthy(rnn: Command, here: Path) -> None:
    assert on_digits(rnn) == {}


def shuffle(x: np.ndarray, y: np.ndarray) -> None:
    y[:] = RNG.permutation(y)


def unscale(x: np.ndarray, y: np.ndarray) -> None:
    x *= 255 / 16


def hold_a_feature(x: np.ndarray, y: np.ndarray) -> None:
    x[:, 3::8] = 7


def leak_a_cell(x: np.ndarray, y: np.ndarray) -> None:
    x[:, 13] = y


def leak_noisily_everywhere(x: np.ndarray, y: np.ndarray) -> None:
    x[:, 5::8] = (y * 3 % 10)[:, np.newaxis] + RNG.uniform(-0.2, 0.2, (len(y), 8))


def thin_a_class(x: np.ndarray, y: np.ndarray) -> None:
    """Leave one of fifty of all but one class, copies of others in their places."""
    rare = np.flatnonzero(y != 3)[6:]
    x[rare] = x[RNG.choice(np.flatnonzero(y == 3), len(rare))] + RNG.normal(0, 0.5, (len(rare), 64))
    y[rare] = 3
    y[y != 3] = 4


def copy_within(x: np.ndarray, y: np.ndarray) -> None:
    x[:40], y[:40] = x[100:140], y[100:140]


def copy_across(x: np.ndarray, y: np.ndarray) -> None:
    x[400:410], y[400:410] = x[:10], y[:10]


@pytest.mark.parametrize(
    ("spoil", "check", "says"),
    [
        (shuffle, "labels", "look shuffled"),
        (unscale, "scale", "data.standardize: true"),
        (hold_a_feature, "constants", "feature 3: always 7"),
        (leak_a_cell, "leak", "feature 5 at step 1 (of 8, counted from 0)"),
        (leak_noisily_everywhere, "leak", "feature 5 alone"),
        (thin_a_class, "balance", "6 of 4"),
        (copy_within, "duplicates", "40 of 400 training sequences"),
        (copy_across, "duplicates", "10 of 100 validation sequences"),
    ],
)
def test_spoiled_digits(
    rnn: Command,
    here: Path,
    spoil: Callable[[np.ndarray, np.ndarray], None],
    check: str,
    says: str,
) -> None:
    findings = on_digits(rnn, spoil)
    assert says in " ".join(findings[check].values())
    cascades = (
        {"first loss", "learning rate", "by heart", "gradients"} if check == "scale" else set()
    )
    assert findings.keys() - cascades == {check}, findings


@pytest.mark.parametrize(("rate", "word"), [(0.3, "high"), (3e-5, "low")])
def test_a_learning_rate_far_off(rnn: Command, here: Path, rate: float, word: str) -> None:
    findings = on_digits(rnn, lambda x, y: None, f"training.optimizer.learning_rate={rate}")
    assert f"far too {word}" in findings["learning rate"]["meaning"]
    advised = float(findings["learning rate"]["change"].split("near ")[1].split(",")[0])
    assert advised * 10 <= rate if word == "high" else advised >= rate * 10
    assert findings.keys() <= {"learning rate", "by heart"}


def test_vowels_with_a_dead_microphone_and_shuffled_speakers(rnn: Command, here: Path) -> None:
    with gzip.open(DATA / "JapaneseVowels_TRAIN.ts.gz", "rt") as file:
        lines = file.read().splitlines()
    start = next(i for i, line in enumerate(lines) if line.lower().startswith("@data")) + 1
    fields = [line.split(":") for line in lines[start:]]

    def findings() -> set[str]:
        text = "\n".join([*lines[:start], *map(":".join, fields)])
        Path("train.ts").write_text(text + "\n")
        return set(found(rnn, VOWELS))

    assert findings() == set()
    labels = RNG.permutation([row[-1] for row in fields]).tolist()
    for row, label in zip(fields, labels, strict=True):
        row[2] = ",".join("0.5" for _ in row[2].split(","))
        row[-1] = label
    assert findings() == {"labels", "constants"}


def test_windows_shorter_than_the_suns_period(rnn: Command, here: Path) -> None:
    assert found(rnn, SUNSPOTS) == {}
    findings = found(rnn, SUNSPOTS, "data.sequence_length=5")
    assert findings["window"]["change"] == "set data.sequence_length to 10 or more"
    assert findings.keys() == {"window"}
    assert set(found(rnn, SUNSPOTS, "data.standardize=false")) == {"scale"}


def test_a_leak_from_tomorrow_in_a_table(rnn: Command, here: Path) -> None:
    """A column that holds the next value is a leak; that values go on as they were is none."""
    years, spots = np.loadtxt(DATA / "sunspots.csv", delimiter=",", skiprows=1, unpack=True)
    other = RNG.permutation(spots)
    text = "data: {kind: series, path: t.csv, targets: [spots], sequence_length: 12}"
    for name, column in (("other", other), ("tomorrow", np.roll(spots, -1))):
        table = np.column_stack([spots, column])[:-1]
        np.savetxt("t.csv", table, delimiter=",", header=f"spots,{name}", comments="")
        leak = found(rnn, text).get("leak")
        assert (leak is not None and "'tomorrow'" in leak["measured"]) == (name == "tomorrow")
    slow = np.sin(years / 50) + RNG.normal(0, 1e-3, len(years))
    table = np.column_stack([slow, other])
    np.savetxt("t.csv", table, delimiter=",", header="spots,other", comments="")
    assert "leak" not in found(rnn, text)


def start_from(recurrent: float, bias: float) -> None:
    """Write weights to start from, of a network for the sum of signs."""
    np.savez(
        "start.npz",
        **{
            "rnn.weight_ih_l0": RNG.normal(0, 0.5, (16, 1)),
            "rnn.weight_hh_l0": recurrent * np.eye(16),
            "rnn.bias_ih_l0": np.full(16, bias),
            "rnn.bias_hh_l0": np.zeros(16),
            "head.weight": RNG.normal(0, 0.1, (1, 16)),
            "head.bias": np.zeros(1),
        },
    )


@pytest.mark.parametrize(
    ("recurrent", "bias", "rate", "check", "says"),
    [
        (0.9, 0.0, 3e-3, None, None),
        (0.9, -50.0, 3e-3, "dead units", "100% of the units"),
        (0.1, 0.0, 1e-5, "gradients", "vanish"),
        (3.0, 0.0, 1e-5, "gradients", "explode"),
    ],
)
def test_dead_units_and_gradients_through_time(
    rnn: Command,
    here: Path,
    recurrent: float,
    bias: float,
    rate: float,
    check: str | None,
    says: str | None,
) -> None:
    start_from(recurrent, bias)
    text = (
        "data: {kind: sum_sign, num_samples: 500, sequence_length: 20}\n"
        "model: {cell: relu, hidden_size: 16}\n"
        f"training: {{start_from: start.npz, num_epochs: 50, optimizer: {{kind: adam, "
        f"learning_rate: {rate}}}}}\n"
    )
    findings = found(rnn, text)
    if check is None:
        assert findings == {}
    else:
        assert says is not None
        assert says in " ".join(findings[check].values())


def test_units_that_die_of_a_high_rate(rnn: Command, here: Path) -> None:
    text = "data: {kind: sum_sign, num_samples: 2000}\nmodel: {cell: relu}\n"
    assert found(rnn, text, "training.optimizer.learning_rate=0.01") == {}
    findings = found(rnn, text, "training.optimizer.learning_rate=1")
    assert "steps of training" in findings["dead units"]["measured"]
    assert "lower training.optimizer.learning_rate" in findings["dead units"]["change"]


def test_a_first_loss_far_above_knowing_nothing(rnn: Command, here: Path) -> None:
    """Pixels up to 255 go through a ReLU as they are."""
    findings = on_digits(rnn, unscale, "model.cell=relu")
    assert "2.3 (ln 10)" in findings["first loss"]["measured"]


def test_more_memory_than_there_is(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "memory_here", lambda: 10_000)
    result = rnn("doctor", "-c", small, "--set", "training.num_epochs=50")
    assert result.code == 1
    assert "lower training.batch_size" in result.out


def test_text_tells_what_was_measured_what_it_means_and_what_to_change(
    rnn: Command, here: Path
) -> None:
    Path("c.yaml").write_text(SUNSPOTS)
    result = rnn("doctor", "-c", "c.yaml", "--set", "data.sequence_length=5")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0] == "window"
    assert lines[3] == "  change: set data.sequence_length to 10 or more"
    assert [line.split(":")[0] for line in lines[1:4]] == ["  measured", "  meaning", "  change"]
    assert lines[4] == f"1 finding in {len(CHECKS)} checks"


def test_the_same_twice_and_nothing_written(rnn: Command, small: Path, here: Path) -> None:
    before = sorted(here.rglob("*"))
    first, second = (json.loads(rnn("doctor", "-c", small, "--json").out) for _ in range(2))
    assert first["findings"] == second["findings"]
    assert first["findings"]
    assert sorted(here.rglob("*")) == before


def test_no_data_and_few_data(rnn: Command, here: Path) -> None:
    Path("c.yaml").write_text("data: {kind: csv, path: none.csv}\n")
    result = rnn("doctor", "-c", "c.yaml")
    assert result.code == 2
    assert result.err.count("\n") == 1
    for count in (2, 3, 9):
        few = f"data: {{kind: sum_sign, num_samples: {count}, validation_fraction: 0}}\n"
        assert "labels" not in found(rnn, few)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"COLUMNS": "20"}, {"LC_ALL": "C"}])
def test_plain_surroundings(small: Path, environment: dict[str, str]) -> None:
    done = process("doctor", "-c", small, env=environment)
    assert done.returncode == 1, done.stderr
    assert "\x1b" not in done.stdout


def test_a_pipe_that_is_closed(small: Path) -> None:
    shell = f"{sys.executable} -m rnncli doctor -c {small} | head -1"
    cut = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=os.environ)
    assert cut.stderr == ""
