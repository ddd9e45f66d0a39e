"""Untrusted text, line by line, plain or compressed."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from rnncli.errors import InputError, place_in_file, unreadable
from rnncli.memory import require_memory

# What stands for standard input in place of a path, and its name in messages.
STANDARD_INPUT, STANDARD_INPUT_NAME = "-", "standard input"
LARGEST_LINE, _PIECE = 1 << 26, 1 << 20
# Text may always expand to this many bytes, and beyond that to at most this many times its
# compressed size.
_ALWAYS_ALLOWED, _LARGEST_RATIO = 1 << 20, 100
# Cells of one digit take the most memory for their text: a string and its place in a list.
_BYTES_PER_CHARACTER = 40
# Lines up to this length take too little memory for a check.
_SHORT_LINE = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_lines(path: Path) -> Iterator[Iterator[bytes]]:
    """Open a text file, plain or compressed, as its lines.

    Raises
    ------
    InputError
        The file cannot be read or is damaged, or a line or the content is too large.
    """
    try:
        with open(path, "rb") as file:
            yield decompressed_lines(file, str(path))
    except OSError as error:
        raise unreadable(path, error) from None


def standard_input_lines() -> Iterator[bytes]:
    """Yield the lines of standard input; errors are those of `open_lines`."""
    try:
        yield from decompressed_lines(cast(BufferedReader, sys.stdin.buffer), STANDARD_INPUT_NAME)
    except OSError as error:
        raise unreadable(STANDARD_INPUT_NAME, error) from None


def decompressed_lines(stream: BufferedReader, name: str) -> Iterator[bytes]:
    """Yield a stream's lines, decompressed if it is gzip data; it need not be seekable.

    Raises
    ------
    InputError
        The compressed data is damaged, or a line or the content is too large.
    """
    try:
        yield from _lines(stream, name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{name}: the gzip data is damaged ({error}); compress the file again"
        ) from None


def _lines(stream: BufferedReader, name: str) -> Iterator[bytes]:
    compressed = _Counted(stream) if stream.peek(2)[:2] == _GZIP_MAGIC else None
    text = stream if compressed is None else gzip.GzipFile(fileobj=cast(BinaryIO, compressed))
    number, expanded, pieces = 1, 0, list[bytes]()
    while piece := text.readline(_PIECE):
        if compressed is not None:
            expanded += len(piece)
            if expanded > max(_ALWAYS_ALLOWED, _LARGEST_RATIO * compressed.count):
                place = place_in_file(name, number, "line")
                raise InputError(
                    f"{place}: expands to over {_LARGEST_RATIO} times its size; decompress it "
                    "first, if you trust it"
                )
        if len(piece) == _PIECE and not piece.endswith(b"\n"):
            pieces.append(piece)
            if len(pieces) * _PIECE > LARGEST_LINE:
                place = place_in_file(name, number, "line")
                raise InputError(f"{place}: a line of over 64 MiB; shorter lines were expected")
            continue
        if pieces:
            piece = b"".join([*pieces, piece])
            pieces.clear()
        yield piece if len(piece) <= _SHORT_LINE else _checked(piece, name, number)
        number += 1
    if pieces:
        yield _checked(b"".join(pieces), name, number)


def _checked(line: bytes, name: str, number: int) -> bytes:
    """Return a long line, if the memory budget allows to split it into cells and parse them."""
    place = place_in_file(name, number, "line")
    require_memory(_BYTES_PER_CHARACTER * len(line), place, "give shorter lines")
    return line


class _Counted:
    """A stream that counts the bytes read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.count = stream, 0

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        self.count += len(content)
        return content


def exists(path: Path) -> bool:
    """Return whether a path exists; False also for one that is too long."""
    with suppress(OSError):
        return path.exists()
    return False
