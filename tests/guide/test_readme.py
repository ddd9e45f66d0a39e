"""What the README shows works."""

import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY, Command
from helpers.pages import CODE, Shell, assert_shown, blocks, commands, make_workplace

from rnncli.display.guide_pages import topics

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
INSTALLATION = 2  # the first commands; .ci/run runs them in a new environment


class Recurrent:
    """Replaces ``torch.nn.RNN``: the names and shapes that loading requires."""

    def __init__(self, inputs: int, hidden: int, batch_first: bool = False) -> None:
        self.shapes = {
            "weight_ih_l0": (hidden, inputs),
            "weight_hh_l0": (hidden, hidden),
            "bias_ih_l0": (hidden,),
            "bias_hh_l0": (hidden,),
        }

    def load_state_dict(self, arrays: dict[str, Any]) -> None:
        assert {name: array.shape for name, array in arrays.items()} == self.shapes


def test_the_first_screen_has_the_two_commands() -> None:
    install, develop = commands(README)[:INSTALLATION]
    assert install.endswith(
        "pip install -e . && .venv/bin/rnn train --config configs/sum_sign.yaml"
    )
    assert develop == ".venv/bin/pip install -e '.[dev]' && .venv/bin/pytest"
    assert develop in README.splitlines()[:24]
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert 'pip" install --quiet -e .\n' in script
    assert 'rnn" train --config configs/sum_sign.yaml' in script


def test_the_commands_work_as_shown(
    here: Path, rnn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_workplace(here)
    shell = Shell(rnn, monkeypatch, here)
    for language, block in CODE.findall(README)[1:]:
        written = [shell.run(line) for line in commands(f"```{language}\n{block}```")]
        if language == "console":
            assert_shown(block, written)


def test_the_data_shown_is_that_of_the_file() -> None:
    data = (REPOSITORY / "tests" / "data" / "machines.csv").read_text(encoding="utf-8")
    shown = next(block for block in blocks(README, "") if block.startswith("machine;"))
    assert data.startswith(shown)


def test_the_python_code_works(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workplace(here)
    torch = SimpleNamespace(nn=SimpleNamespace(RNN=Recurrent), from_numpy=lambda array: array)
    monkeypatch.setitem(sys.modules, "torch", torch)
    train, load = blocks(README, "python")
    scope: dict[str, Any] = {}
    exec(train, scope)
    predicted = scope["model"].predict(scope["x"])
    assert predicted.shape == (5,)
    run = max((here / "runs").iterdir())
    (here / "model.npz").write_bytes((run / "weights.npz").read_bytes())
    hidden = np.load("model.npz")["rnn.weight_hh_l0"].shape[1]
    exec(load.replace("RNN(1, 32", f"RNN(1, {hidden}"), {})


def test_every_page_of_the_guide_is_listed() -> None:
    assert set(re.findall(r"^\| \[`(\w+)`\]", README, re.MULTILINE)) == set(topics())


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_and_pictures_that_are_named_exist(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    paths = re.findall(r"`((?:rnncli|configs|tests|\.ci)/[\w/.]+)`", text)
    for target in links + paths:
        assert (REPOSITORY / target).exists(), target


def test_names_in_contributing_are_defined_where_it_says() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## How to add")[2].partition("## Tests")[0]
    for paragraph in section.split("\n\n"):
        sources = [
            (REPOSITORY / path).read_text(encoding="utf-8")
            for path in re.findall(r"`(rnncli/[\w/]+\.py)`", paragraph)
        ]
        for name in re.findall(r"`(_?[A-Z]{3,})`", paragraph):
            assert any(re.search(rf"^{name}\b", source, re.MULTILINE) for source in sources), name


def test_every_folder_of_the_package_is_in_the_structure() -> None:
    tree = blocks((REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8"), "")[0]
    for folder in (REPOSITORY / "rnncli").glob("*/"):
        assert folder.name == "__pycache__" or f"\n  {folder.name}/" in tree, folder.name


def test_pictures_are_not_installed() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["exclude"] == ["rnncli/guide/*.svg"]
    assert {path.suffix for path in (REPOSITORY / "rnncli" / "guide").iterdir()} == {".md", ".svg"}


def test_nothing_outside_the_repository_is_named() -> None:
    files = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("configs/*")]
    for path in [*files, *REPOSITORY.glob("rnncli/**/*.py"), *REPOSITORY.glob("rnncli/**/*.md")]:
        assert "../shared" not in path.read_text(encoding="utf-8"), path
