"""The pages of the guide: Markdown files that are installed with the package."""

from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, ImageItem, Markdown
from rich.segment import Segment
from rich.text import Text

from rnncli.display.console import drawing_width, output_console
from rnncli.display.pager import show_in_pager
from rnncli.display.terminal import stdout_is_terminal
from rnncli.errors import InputError
from rnncli.suggestions import suggest

PAGES = Path(__file__).parent.parent / "guide"
# Longer lines than these are hard to read.
_MAX_WIDTH = 100


class _UnwrappedCode(CodeBlock):
    """A code block whose lines are never wrapped, so that commands can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        style = console.get_style(self.style_name)
        for line in str(self.text).rstrip().splitlines():
            yield Segment(f"  {line}", style)
            yield Segment.line()


class _PathOfPicture(ImageItem):
    """A picture as its description and the path of its file."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        path = PAGES / self.destination
        # Pictures are part of the repository, not of an installed package.
        place = path if path.is_file() else f"rnncli/guide/{self.destination} in the repository"
        yield Text.assemble("picture: ", self.text or "", f" ({place})", end="", overflow="fold")


class _Page(Markdown):
    elements = Markdown.elements | {
        "code_block": _UnwrappedCode,
        "fence": _UnwrappedCode,
        "image": _PathOfPicture,
    }


def topics() -> dict[str, str]:
    """Return the title of each page, by its name."""
    return {path.stem: _title(path) for path in sorted(PAGES.glob("*.md"))}


def show_topics() -> None:
    """List the pages on standard output."""
    for name, title in topics().items():
        print(f"{name:10} {title}")


def show_page(topic: str) -> None:
    """Show a page on standard output; in a terminal, in a pager.

    Raises
    ------
    InputError
        There is no such page.
    """
    if topic not in topics():
        raise InputError(f"guide: there is no page '{topic}'; {suggest(topic, topics())}")
    console = output_console()
    page = _Page((PAGES / f"{topic}.md").read_text(encoding="utf-8"))
    width = min(drawing_width(), _MAX_WIDTH)
    if not stdout_is_terminal():
        console.print(page, width=width, crop=False)
        return
    with console.capture() as capture:
        console.print(page, width=width, crop=False)
    show_in_pager(capture.get())


def _title(path: Path) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().removeprefix("# ").strip()
