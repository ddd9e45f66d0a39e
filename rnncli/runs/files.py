"""Writing files so that a reader sees the old content or the new, and nothing between."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rnncli.errors import StorageError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    The content is on the disk before the name changes, and the name before this returns. A link
    is replaced, not followed, so that nothing outside the folder changes.

    Raises
    ------
    StorageError
        The file could not be written; `path` is as before, and nothing else is left.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}.tmp"
    with storage(path):
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Open what a user named as output, as `replacing` does.

    A link stays one, and its target is replaced; what is no file (a device, a pipe) is written
    directly.

    Raises
    ------
    StorageError
        The file could not be written.
    """
    with storage(path):
        if path.exists() and not path.is_file():
            with open(path, "wb") as file:
                yield file
            return
        target = path.resolve()
    with replacing(target) as file:
        yield file


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, as `replacing` does."""
    with replacing(path) as file:
        file.write(text.encode())


def append_line(path: Path, line: str) -> None:
    """Add a line to a file, all of it or nothing.

    Raises
    ------
    StorageError
        The line could not be written; the file is as before.
    """
    with storage(path), open(path, "ab", buffering=0, opener=_no_link) as file:
        before = file.tell()
        try:
            content = line.encode()
            if file.write(content) != len(content):
                file.write(content[file.tell() - before :])
        except BaseException:
            with suppress(OSError):
                file.truncate(before)
            raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while it wrote."""
    with storage(folder):
        for path in folder.glob(".*.tmp"):
            if path.is_symlink() or path.is_file():
                path.unlink()


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def sync_file(path: Path) -> None:
    """Bring a file's content to the disk."""
    with storage(path), open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into a `StorageError` that names the file."""
    try:
        yield
    except OSError as error:
        raise StorageError(str(path), error) from error
