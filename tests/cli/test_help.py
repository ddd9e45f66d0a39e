"""The help texts: their examples work, they are short and quick, and mistakes lead to them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ALL_COMMANDS, EXAMPLE, REPOSITORY, Command, process
from helpers.shell import run_line

import rnncli
from rnncli.cli.commands import SECTIONS

SHORTER = {
    "train": " --set training.num_epochs=1 --set data.num_samples=200",
    "gradcheck": " --num-samples 2 --set model.hidden_size=4",
    "bench": " --set model.hidden_size=8",
}


def examples(text: str) -> list[str]:
    return re.findall(r"^\s+((?:head .*\| )?rnn [a-z].*)$", text, re.MULTILINE)


def train_on_names(rnn: Command, folder: Path) -> None:
    """Write names.csv, and names.npz with a model of its texts."""
    (folder / "names.csv").write_text("name,sex\nanna,f\nnat,m\ntan,m\n" * 5)
    (folder / "names.yaml").write_text(
        "data: {kind: csv, path: names.csv, text_column: name}\ntraining: {num_epochs: 1}\n"
    )
    run = Path(rnn("train", "-q", "-c", "names.yaml", "--runs", "others").out.strip())
    shutil.copy(run / "weights.npz", folder / "names.npz")


def train_on_text(rnn: Command, folder: Path, runs: str) -> None:
    """Write text.txt, a run of a language model of it, and its weights under two names."""
    (folder / "text.txt").write_text("Of Man's first disobedience, and the fruit\n" * 9)
    (folder / "text.yaml").write_text(
        "data: {kind: text, path: text.txt, sequence_length: 9}\ntraining: {num_epochs: 1}\n"
    )
    run = Path(rnn("train", "-q", "-c", "text.yaml", "--runs", runs).out.strip())
    for name in ("language_model.npz", "surnames.npz"):
        shutil.copy(run / "weights.npz", folder / name)


def train_on_sunspots(rnn: Command, folder: Path) -> None:
    """Write sunspots.csv, and sunspots.npz with a model that forecasts it."""
    shutil.copy(REPOSITORY / "tests/data/sunspots.csv", folder)
    (folder / "series.yaml").write_text(
        "data: {kind: series, path: sunspots.csv, columns: [SUNACTIVITY]}\n"
        "training: {num_epochs: 1}\n"
    )
    run = Path(rnn("train", "-q", "-c", "series.yaml", "--runs", "others").out.strip())
    shutil.copy(run / "weights.npz", folder / "sunspots.npz")


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_the_examples_in_the_help_work(
    name: str, here: Path, rnn: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCKS", 1)
    monkeypatch.setattr("rnncli.bench.machine._MEMORY_BYTES", 1 << 20)
    shutil.copytree(run_folder, run_folder.parent / EXAMPLE)
    (here / "configs").symlink_to(REPOSITORY / "configs")
    (here / "sequences.csv").write_text("1,2,3,4,5\n" * 5)
    (here / "labelled.csv").write_text("1,2,3,4,5,1\n-1,-2,-3,-4,-5,0\n" * 5)
    np.savez(here / "x.npz", x=np.ones((3, 5, 1)))
    for copy in ("model.npz", "other.npz"):
        (here / copy).write_bytes((run_folder / "weights.npz").read_bytes())
    if name == "predict":
        train_on_names(rnn, here)
        train_on_sunspots(rnn, here)
    if name in ("evaluate", "sample"):
        train_on_text(rnn, here, "runs" if name == "sample" else "others")
    lines = examples(ALL_COMMANDS[name].__doc__ or "")
    assert lines
    for example in lines:
        quick = example.replace("digits.yaml", "sum_sign.yaml")
        if name in SHORTER and "--resume" not in quick and "-w" not in quick:
            quick += SHORTER[name]
        result = run_line(rnn, monkeypatch, quick)
        assert result.code == 0, (example, result.err)


def test_the_list_of_commands_has_the_summary_of_each(rnn: Command) -> None:
    shown = rnn("--help").out
    for section, summaries in SECTIONS.items():
        assert f"\n{section}:\n" in shown
        for name, summary in summaries.items():
            assert f"  {name:9}  {summary}\n" in shown
    assert rnn().out == shown
    assert rnn().code == 2


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_the_first_line_of_a_help_text_is_one_sentence_that_fits(rnn: Command, name: str) -> None:
    first = (ALL_COMMANDS[name].__doc__ or "").partition("\n")[0]
    assert first.endswith(".")
    shown = rnn(*name.split(), "--help").out
    assert "Examples:\n  " in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in shown.partition("Commands:")[2]


def test_module_and_version() -> None:
    assert process("--version").stdout == f"rnn {rnncli.__version__}\n"


def test_the_help_imports_no_command_and_none_of_their_libraries() -> None:
    script = (
        "import sys; from rnncli.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "unwanted = {'numpy', 'yaml', 'pydantic', 'rich', 'rnncli.cli.train'}\n"
        "print(sorted(unwanted & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


def test_a_misspelled_command_of_a_group_is_corrected(rnn: Command) -> None:
    error = rnn("runs", "sow").err
    assert error == "error: runs: there is no command 'sow'; did you mean 'show'?\n"
