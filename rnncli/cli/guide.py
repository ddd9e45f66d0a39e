"""``rnn guide``."""

from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.completion import complete_topics

app = command_app()


@app.command()
def guide(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            help="The page to read; without it, the pages are listed.",
            autocompletion=complete_topics,
        ),
    ] = None,
) -> None:
    """Read the guide: a tour, backpropagation through time, and recipes.

    In a terminal, a page is shown in $PAGER, or else in less.

    \b
    Examples:
      rnn guide
      rnn guide bptt
      rnn guide recipes > recipes.txt
    """
    from rnncli.display.guide_pages import show_page, show_topics

    if topic is None:
        show_topics()
    else:
        show_page(topic)
