"""Writing files so that a reader sees the old content or the new, and nothing between."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rnncli.errors import StorageError


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    The content is on the disk before the name changes, and the name before this returns. A link
    stays one, and its target is replaced; what is no file (a device, a pipe) is written directly.

    Raises
    ------
    StorageError
        The file could not be written; `path` is as before, and nothing else is left.
    """
    with storage(path):
        if path.exists() and not path.is_file():
            with open(path, "wb") as file:
                yield file
            return
        path = path.resolve()
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with open(temporary, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while it wrote."""
    for path in folder.glob(".*.tmp"):
        path.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, atomically."""
    with atomic_write(path) as file:
        file.write(text.encode())


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
        raise StorageError(str(error.filename or path), error) from error
