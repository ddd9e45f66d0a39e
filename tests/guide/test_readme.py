"""What the README says is so."""

import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from conftest import ALL_COMMANDS, EXAMPLE, REPOSITORY, Command
from helpers.shell import run_line

import rnncli
from rnncli.config.config import Config
from rnncli.datasets import Data
from rnncli.nn.network import Architecture
from rnncli.training.optimizers import Optimizer
from rnncli.training.schedules import Schedule
from rnncli.training.settings import Training

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
PAGES = sorted((REPOSITORY / "rnncli" / "guide").glob("*.md"))


def test_every_command_has_an_example() -> None:
    for name in ALL_COMMANDS:
        assert any(line.startswith(f"rnn {name} ") for line in SHOWN), name


def test_the_commands_shown_work(here: Path, rnn: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("configs", "tests"):
        (here / folder).symlink_to(REPOSITORY / folder)
    np.savetxt("sequences.csv", np.random.default_rng(0).standard_normal((9, 10)), delimiter=",")
    trained = rnn("train", "-c", "configs/sum_sign.yaml", "-q")
    assert trained.code == 0
    shutil.copytree(trained.out.strip(), here / "example")
    for line in SHOWN:
        if EXAMPLE in line:
            shutil.copytree(here / "example", here / "runs" / EXAMPLE, dirs_exist_ok=True)
        if "train" in line and "configs/digits" in line:
            line += " --set training.num_epochs=2"
        line = line.replace("training.num_epochs=60", "training.num_epochs=3")
        if line.startswith("rnn train --config"):
            continue  # the one above
        if line.startswith("rnn bench"):
            continue  # an example of its help, which is run with those
        if line.startswith(("rnn predict", "rnn gradcheck -w")):
            small = ("--set", "model.hidden_size=8", "--set", "data.num_samples=500")
            assert rnn("train", "-c", "configs/sum_sign.yaml", "-q", *small).code == 0
        if "gradcheck" in line and "-w" not in line:
            line += " --num-samples 2 --set model.hidden_size=4"
        result = run_line(rnn, monkeypatch, line)
        assert result.code == 0, (line, result.err)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_the_guide_work(
    here: Path, rnn: Command, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run them in their order; long trainings are cut short."""
    (here / "configs").symlink_to(REPOSITORY / "configs")
    for line in re.findall(r"^\$ (.+)$", page.read_text("utf-8"), re.MULTILINE):
        if "rnn train" in line and "sum_sign" not in line and "--resume" not in line:
            line += " --set training.num_epochs=1"
        if "adding" in line:
            line += " --set data.num_samples=500"
        if "gradcheck" in line and "-w" not in line:
            line += " --num-samples 2 --set model.hidden_size=4"
        result = run_line(rnn, monkeypatch, line)
        assert result.code == 0, (line, result.err)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_guide_names_what_is_there(rnn: Command, page: Path) -> None:
    text = page.read_text("utf-8")
    for path in re.findall(r"`((?:rnncli|configs|tests)/[\w/.]+)`", text):
        assert (REPOSITORY / path).exists(), path
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (page.parent / target).is_file(), target
    shown = rnn("guide", page.stem)
    assert shown.code == 0
    title = text.splitlines()[0].removeprefix("# ")
    assert title in shown.out
    assert f"{page.stem:10} {title}" in rnn("guide").out
    assert "did you mean" in rnn("guide", page.stem + "x").err


@pytest.mark.parametrize(
    "section",
    [Config, Architecture, Training, *get_args(Data), *get_args(Optimizer), *get_args(Schedule)],
    ids=lambda section: section.__name__,
)
def test_the_config_reference_is_complete(section: type) -> None:
    reference = README[README.index("## Config") : README.index("## The run folder")]
    for field in fields(section):
        assert f"`{field.name}`" in reference or f"`{field.name}:" in reference, field.name


def test_pictures_and_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (REPOSITORY / target).is_file(), target


def test_the_python_lines_work(here: Path) -> None:
    (here / "configs").symlink_to(REPOSITORY / "configs")
    rnncli.train("configs/sum_sign.yaml", runs="runs")
    code = README[README.index("## From Python") :]
    code = code[code.index("```python") + 9 :]
    scope = {"x": np.ones((2, 10, 1))}
    exec(code[: code.index("```")], scope)
    assert scope["model"].predict(scope["x"]).tolist() == [1, 1]


def test_nothing_outside_the_repository_is_named() -> None:
    for path in [*REPOSITORY.glob("rnncli/**/*.py"), *REPOSITORY.glob("configs/*")]:
        assert "../shared" not in path.read_text(encoding="utf-8"), path
