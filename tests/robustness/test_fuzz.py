"""Everything that reads files of others, given mutants of valid files, and what fuzzing found."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from math import inf
from pathlib import Path

import numpy as np
import pytest
from helpers import hostile
from helpers.campaign import sample_or_campaign
from helpers.readers import Reader, defect, readers

from rnncli.errors import RnnError

Readers = dict[str, Reader]
# The readers are known only with their files; this list is compared with them.
NAMES = (
    *("config", "set", "csv", "long", "series", "ts", "parquet", "npz", "npy", "weights"),
    *("checkpoint", "record", "metrics", "state_dict", "stream"),
    *("text", "lines", "words", "language_model"),
)


@pytest.fixture(scope="module")
def all_readers(tmp_path_factory: pytest.TempPathFactory) -> Readers:
    return readers(tmp_path_factory.mktemp("readers"))


def test_all_readers_read_valid_files(all_readers: Readers) -> None:
    assert tuple(all_readers) == NAMES
    for name, reader in all_readers.items():
        for content in reader.seeds:
            assert defect(reader, content, max_seconds=inf) is None, name
            for use in reader.uses:
                use(reader.path)


@pytest.mark.parametrize("name", NAMES)
@sample_or_campaign("count", 20, 10_000)
def test_mutants_show_no_defect(all_readers: Readers, name: str, count: int) -> None:
    reader, rng = all_readers[name], random.Random(name)
    max_seconds = 2 if count > 1000 else inf
    for _ in range(count):
        content = rng.choice(reader.seeds)
        for _ in range(rng.choice([1, 1, 2, 3])):
            content = reader.mutate(content, rng)
        problem = defect(reader, content, max_seconds)
        assert problem is None, f"{content!r}: {problem}"


def long_wait(_: Path) -> None:
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass


def test_defects_are_seen(tmp_path: Path) -> None:
    """The negative control: each way in which a reader can be defective."""

    def problem_of(use: Callable[[Path], object], max_seconds: float = inf) -> str | None:
        reader = Reader(tmp_path / "a", [], (use,), lambda content, _: content)
        return defect(reader, b"content", max_seconds)

    def refuse(message: str) -> None:
        raise RnnError(message)

    assert problem_of(lambda path: path.read_bytes()) is None
    assert problem_of(lambda _: refuse("a.csv:1: wrong; right was expected")) is None
    assert "not one clear line" in str(problem_of(lambda _: refuse("")))
    assert "not one clear line" in str(problem_of(lambda _: refuse("a\x1b[31m")))
    assert "ZeroDivisionError" in str(problem_of(lambda _: 1 / 0))
    assert "MB for 7 bytes" in str(problem_of(lambda _: np.ones(20_000_000)))
    assert "seconds" in str(problem_of(long_wait, 0.05))


@pytest.mark.campaign
@pytest.mark.skipif(find_spec("atheris") is None, reason="needs 'pip install atheris'")
def test_coverage_guided_fuzzing_finds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, Path(__file__).with_name("fuzz.py"), "--seconds", "20"]
    done = subprocess.run([*command, "--finds", tmp_path], capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == list(NAMES)
    assert list(tmp_path.iterdir()) == []


def with_value(array: np.ndarray, value: float) -> np.ndarray:
    """Return a copy of an array with another first value."""
    changed = array.copy()
    changed.flat[0] = value
    return changed


NUMBERS = np.arange(60.0).reshape(20, 3)
# What fuzzing found: the reader, and the smallest content that showed the defect.
FINDS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a number whose square overflows": ("npy", lambda: hostile.npy(with_value(NUMBERS, 1e200))),
    "an infinite number": ("npy", lambda: hostile.npy(with_value(NUMBERS, np.inf))),
    "one value, to which a half adds nothing": (
        "metrics",
        lambda: (
            b"epoch,step,seconds,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,"
            b"grad_norm\n1,2,0,5e17,1,0,1,0,1\n"
        ),
    ),
    "a record without a best epoch": (
        "record",
        lambda: (
            b'{"status": "finished", "started": "2026-11-22T14:05:33+01:00", "cell": "gru",'
            b'"hidden_size": 2, "num_layers": 1, "epochs": 1, "seconds": 0.5}'
        ),
    ),
    "missing values alone": ("csv", lambda: b"x,y\n,a\n,b\n,a\n"),
}


@pytest.mark.parametrize("title", FINDS)
def test_what_fuzzing_found(all_readers: Readers, title: str) -> None:
    name, content = FINDS[title]
    problem = defect(all_readers[name], content(), max_seconds=inf)
    assert problem is None, problem
