"""The pages of the guide: Markdown files that ship with the package."""

from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from rnncli.errors import InputError
from rnncli.suggestions import suggest

PAGES = Path(__file__).parent.parent / "guide"
_WIDEST = 100


def topics() -> dict[str, str]:
    """Return the pages by name, each with its title."""
    return {path.stem: _title(path) for path in sorted(PAGES.glob("*.md"))}


def show_topics() -> None:
    """List the pages on standard output."""
    for name, title in topics().items():
        print(f"{name:10} {title}")


def show_page(topic: str) -> None:
    """Show a page on standard output.

    Raises
    ------
    InputError
        There is no such page.
    """
    if topic not in topics():
        raise InputError(f"guide: there is no page '{topic}'; {suggest(topic, topics())}")
    console = Console(highlight=False)
    text = (PAGES / f"{topic}.md").read_text(encoding="utf-8")
    console.print(Markdown(text), width=min(console.width, _WIDEST))


def _title(path: Path) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().removeprefix("# ").strip()
