"""``rnn guide``."""

from typing import Annotated

import typer


def guide(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="A page; without one, what there is.")
    ] = None,
) -> None:
    """Read the longer pages: a tour, how backpropagation through time works here, recipes.

    \b
    Examples:
      rnn guide
      rnn guide bptt
      rnn guide recipes | less
    """
    from rnncli.display.pages import show_page, show_topics

    if topic is None:
        show_topics()
    else:
        show_page(topic)
