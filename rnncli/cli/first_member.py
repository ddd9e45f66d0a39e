"""The note of commands that look at one network of an ensemble."""

from rnncli.display.terminal import write_message


def note_first_member(num_members: int) -> None:
    """Say on standard error that only the first of several networks is looked at."""
    if num_members > 1:
        write_message(f"note: this is about the first of the {num_members} networks of an ensemble")
