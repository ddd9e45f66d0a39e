"""Nothing is written outside the run folder, whatever names and links say."""

from pathlib import Path

import pytest
from conftest import Command, sha

import rnncli
from rnncli.errors import InputError

NAMES = [
    "../x",
    "/x",
    "a/b",
    "..",
    ".",
    "",
    "a\0b",
    "a" * 300,
    "a\nb",
    "-x",
    "ü",
    "a b",
    "~",
    "$HOME",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_that_is_none_is_refused(rnn: Command, small: Path, here: Path, name: str) -> None:
    before = sorted(here.rglob("*"))
    for words in (["--name", name], ["--set", f"name={name!r}"]):
        result = rnn("train", "-q", "-c", small, *words)
        assert result.code == 2, result
        assert result.err.startswith("error: ")
        assert result.err.count("\n") == 1
    with pytest.raises(InputError, match="name"):
        rnncli.train({"name": name, "data": {"kind": "sum_sign"}}, runs=here / "runs")
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("stem", ["..x", "a b", "ü" * 80, "-n", "x" * 200, "con\\x"])
def test_a_files_name_is_made_safe(rnn: Command, small: Path, here: Path, stem: str) -> None:
    small.rename(here / f"{stem}.yaml")
    done = rnn("train", "-q", "-c", here / f"{stem}.yaml")
    assert done.code == 0, done.err
    (run,) = (here / "runs").iterdir()
    assert run == here / done.out.strip()


@pytest.mark.parametrize("run", ["../x", "a\0b", "x" * 300, "/", "", "no/such", "latest/../x"])
def test_a_run_that_is_none_is_refused(rnn: Command, here: Path, run: str) -> None:
    for words in (["train", "--resume", run], ["verify", run], ["evaluate", "-w", run]):
        result = rnn(*words)
        assert result.code == 2, result
        assert result.err.count("\n") == 1


def test_links_planted_in_a_run_are_replaced_not_followed(
    rnn: Command, run_folder: Path, here: Path
) -> None:
    precious = here / "precious"
    precious.write_text("precious")
    before = sha(precious)
    for name in ("run.json", "metrics.csv", "weights.npz", "config.yaml", "checkpoint.npz"):
        kept = (run_folder / name).read_bytes()
        (run_folder / name).rename(here / name)
        (run_folder / name).symlink_to(here / name)
        (run_folder / f".{name}.0123456789abcdef.tmp").symlink_to(precious)
        done = rnn("train", "-q", "--resume", run_folder)
        assert done.code == 0, (name, done.err)
        assert (here / name).read_bytes() == kept
        assert sha(precious) == before
        (here / name).unlink()
        longer = rnn("train", "-q", "--resume", run_folder, "--set", "training.num_epochs=4")
        assert longer.code == 0, (name, longer.err)
        assert not [path for path in run_folder.iterdir() if path.is_symlink()]
        assert not list(run_folder.glob(".*"))


def test_a_folder_named_like_a_leftover_is_left_alone(rnn: Command, run_folder: Path) -> None:
    (run_folder / ".mine.tmp").mkdir()
    assert rnn("train", "-q", "--resume", run_folder).code == 0
    assert (run_folder / ".mine.tmp").is_dir()
