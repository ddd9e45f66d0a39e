"""The standard streams: what they can show, and messages to the user."""

import codecs
import io
import os
import sys
from contextlib import suppress

# Each standard stream with its mode, and the flags with which /dev/null takes its place if it is
# closed: reading from standard input and writing to standard output then fail, as they should, and
# messages on standard error are discarded.
_STREAMS = (
    ("stdin", "r", os.O_WRONLY),
    ("stdout", "w", os.O_RDONLY),
    ("stderr", "w", os.O_WRONLY),
)


def prepare_streams() -> None:
    """Make the standard streams safe to use.

    A closed stream is opened again: otherwise the next file that is opened would get its
    descriptor, and with it what libraries write to standard error. Characters that the encoding of
    a stream lacks are replaced, and names of files that are not valid text can be written.
    """
    for descriptor, (name, mode, flags) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            encoding = codecs.lookup(stream.encoding).name
            if encoding == "ascii":  # the C locale, in which terminals show UTF-8 all the same
                encoding = "utf-8"
            escapes = "backslashreplace" if name == "stderr" else "surrogateescape"
            errors = escapes if encoding == "utf-8" else "replace"
            stream.reconfigure(encoding=encoding, errors=errors)


def stdout_is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def stderr_can_redraw() -> bool:
    """Return whether standard error is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def printable(text: str) -> str:
    """Return a text in which control characters, which could move the cursor, are replaced."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\ufffd"
        for character in text
    )


def write_message(text: str) -> None:
    """Write a line to standard error; a full standard error is ignored."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
