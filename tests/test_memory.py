"""No command uses more memory than it may: what would need more is refused in one line."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import PEAK_MEGABYTES

from rnncli.errors import InputError
from rnncli.memory import (
    available_memory,
    format_size,
    max_memory,
    memory_in_use,
    require_memory,
    within_memory,
)

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1000000", 1_000_000),
        ("2G", 2 << 30),
        ("2g", 2 << 30),
        ("1.5GiB", 3 << 29),
        ("500M", 500 << 20),
        ("500 MB".replace(" ", ""), 500 << 20),
        ("12k", 12 << 10),
        (" 1T ", 1 << 40),
    ],
)
def test_the_variable_sets_the_budget(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNN_MAX_MEMORY", text)
    assert max_memory() == size


@pytest.mark.parametrize("text", ["many", "-1", "0", "1e9", "2 G", "2GG", "nan", "\u0664G"])
def test_what_is_not_a_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_MAX_MEMORY", text)
    with pytest.raises(InputError, match="RNN_MAX_MEMORY: .* is not a size"):
        max_memory()


@pytest.mark.parametrize("text", [None, "", " "])
def test_the_default_is_half_of_the_memory(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RNN_MAX_MEMORY", raising=False)
    if text is not None:
        monkeypatch.setenv("RNN_MAX_MEMORY", text)
    assert max_memory() == available_memory() // 2


def test_a_control_group_may_allow_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr("rnncli.memory._CGROUP_LIMITS", (str(limit), str(tmp_path / "missing")))
    machine = available_memory()
    limit.write_text("max\n")
    assert available_memory() == machine
    limit.write_text("123456789\n")
    assert available_memory() == 123456789


def test_what_is_allocated_counts() -> None:
    before = memory_in_use()
    array = np.ones(16 * MEGABYTE)
    assert memory_in_use() - before > 0.9 * array.nbytes


def test_an_allocation_beyond_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_MAX_MEMORY", str(memory_in_use() + 64 * MEGABYTE))
    require_memory(32 * MEGABYTE, "x", "y")
    with pytest.raises(InputError, match=r"^x: .* y, or raise RNN_MAX_MEMORY$"):
        require_memory(128 * MEGABYTE, "x", "y")


def test_items_are_kept_up_to_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_MAX_MEMORY", str(memory_in_use() + 64 * MEGABYTE))
    kept = []
    with pytest.raises(InputError, match=r"^x: .* y, or raise RNN_MAX_MEMORY$"):
        kept.extend(within_memory((np.ones(MEGABYTE) for _ in range(100)), 2, "x", "y"))
    kept.clear()
    assert list(within_memory(range(5), 2, "x", "y")) == [0, 1, 2, 3, 4]


def test_sizes_format_size() -> None:
    assert [format_size(n) for n in (12e6, 999e6, 1e9, 12.34e9)] == [
        "12 MB",
        "999 MB",
        "1 GB",
        "12.3 GB",
    ]


def write_lines(name: str, header: str, line: str, count: int) -> None:
    with open(name, "w") as file:
        file.write(header)
        file.writelines(line for _ in range(count))


_FILES: dict[str, Callable[[str], None]] = {
    "one-line.csv": lambda name: write_lines(name, "", "1," * 4_000_000 + "1\n", 1),
    "series.csv": lambda name: write_lines(
        name, ",".join("abcdefghijklmnop") + "\n", "0.25," * 15 + "0.25\n", 150_000
    ),
    "large.ts": lambda name: write_lines(
        name, "@classLabel false\n@data\n", "1," * 200_000 + "1\n", 60
    ),
    "large.npz": lambda name: np.savez(
        name, x=np.zeros((2, 30_000_000, 1), np.uint8), y=np.array([0, 1])
    ),
}
LARGE_DATA = "--set data.num_samples=2000000"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"train -c small.yaml -q {LARGE_DATA} --set data.sequence_length=100", "lower data"),
        (
            "train -c small.yaml -q --set data.input_size=1000000 --set data.sequence_length=30",
            "lower data",
        ),
        ("train -c small.yaml -q --set model.hidden_size=4000", "lower model.hidden_size"),
        ("train -c small.yaml -q --set data.test_length=20000", "lower data.test_length"),
        (
            "train -c small.yaml -q --set data.sequence_length=20000 --set model.hidden_size=200",
            "lower training.batch_size or model.hidden_size",
        ),
        ("predict -w latest -i one-line.csv", "give shorter lines"),
        ("init --kind series series.csv", "give fewer rows or columns"),
        ("init large.npz", "an .npy file"),
        ("predict -w latest -i large.npz", "an .npy file"),
        ("predict -w latest -i large.ts", "give fewer or shorter sequences"),
    ],
)
def test_every_command_stays_within_the_budget(
    run_folder: Path, small: Path, here: Path, command: str, message: str
) -> None:
    """Each of these would take 300 MB at least."""
    name = command.split()[-1]
    if "test_length" in command:
        small.write_text("data: {kind: parity, num_samples: 100}")
    if name.startswith(("one-line", "series", "large")):
        _FILES[name](name)
    code = (
        "import sys; from rnncli.cli.main import main\n"
        f"try: main({command.split()!r})\n"
        f"finally: print({PEAK_MEGABYTES})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"RNN_MAX_MEMORY": "120M"},
    )
    assert result.returncode == 2, result
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert "RNN_MAX_MEMORY" in result.stderr
    assert int(result.stdout.split()[-1]) < 180
