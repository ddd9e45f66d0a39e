"""What the pages of the guide show works."""

import re
from pathlib import Path

import pytest
from conftest import ALL_COMMANDS, REPOSITORY, Command
from helpers.pages import Shell, blocks, commands, make_workplace

from rnncli.cli.unexpected import EXIT_CODE
from rnncli.datasets import DATA
from rnncli.errors import DivergedError, InputError, StorageError

PAGES = sorted((REPOSITORY / "rnncli" / "guide").glob("*.md"))
COMMANDS_PAGE, DATA_PAGE = (
    (REPOSITORY / "rnncli" / "guide" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("commands", "data")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_work(
    page: Path, here: Path, rnn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_workplace(here)
    monkeypatch.setattr("rnncli.bench.machine._MEMORY_BYTES", 1 << 20)
    shell = Shell(rnn, monkeypatch, here)
    for line in commands(page.read_text(encoding="utf-8")):
        shell.run(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_listed_and_shown(rnn: Command, page: Path) -> None:
    title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    assert f"{page.stem:10} {title}" in rnn("guide").out
    shown = rnn("guide", page.stem)
    assert shown.code == 0
    assert title in shown.out
    assert "did you mean" in rnn("guide", page.stem + "x").err


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_and_pictures_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:rnncli|configs|tests)/[\w/.]+)`", text):
        assert (REPOSITORY / path).exists(), path
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (page.parent / target).is_file(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_that_are_named_exist(page: Path) -> None:
    named = set(re.findall(r"`rnn guide (\w+)`", page.read_text(encoding="utf-8")))
    assert named <= {other.stem for other in PAGES}


def test_every_picture_is_shown() -> None:
    texts = [page.read_text(encoding="utf-8") for page in [*PAGES, REPOSITORY / "README.md"]]
    for picture in (REPOSITORY / "rnncli" / "guide").glob("*.svg"):
        assert any(picture.name in text for text in texts), picture.name


def test_every_command_has_a_section_with_an_example() -> None:
    shown = commands(COMMANDS_PAGE)
    for name in ALL_COMMANDS:
        assert f"\n## rnn {name.split()[0]}\n" in COMMANDS_PAGE, name
        assert any(
            f"{line} ".startswith(f"rnn {name} ") or f"| rnn {name} " in line for line in shown
        )


def test_every_kind_of_data_is_described() -> None:
    for kind in DATA:
        assert f"`{kind}`" in DATA_PAGE or f"kind: {kind}`" in DATA_PAGE, kind


def test_the_data_sections_are_valid(rnn: Command, here: Path) -> None:
    for number, block in enumerate(blocks(DATA_PAGE, "yaml")):
        (here / f"{number}.yaml").write_text(block, encoding="utf-8")
        assert rnn("config", "show", "-c", f"{number}.yaml").code == 0


def test_the_exit_codes_are_those_of_the_errors() -> None:
    codes = [error.exit_code for error in (DivergedError, InputError, StorageError)]
    for code in (*codes, EXIT_CODE):
        assert f"\n| {code} | " in COMMANDS_PAGE
