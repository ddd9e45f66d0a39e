"""Atomic, durable writes: a reader sees the old content or the new content, nothing between."""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from rnncli.errors import StorageError

# Names of files and folders that are not complete yet, as a pattern for `Path.match`.
TEMPORARY = ".*.tmp"
# With what is added to it, a stem of this length fits where names have at most 143 bytes.
_MAX_STEM_BYTES = 100
# Links to the open files of a process, on Linux.
_DESCRIPTORS = Path("/proc/self/fd")


class _Writable(Protocol):
    def write(self, content: memoryview, /) -> int | None: ...


@contextmanager
def replacing(path: Path, opener: Callable[[str, int], int] | None = None) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` when the block ends without an error.

    The content is on the disk before the file gets its name, and the name is on the disk before
    this returns. An existing file's mode is kept. A symbolic link is replaced, not followed, so
    that nothing outside the folder changes.

    Parameters
    ----------
    path : Path
        The file.
    opener : callable, optional
        As that of `open`; the file that it opens may have no name.

    Raises
    ------
    StorageError
        The file could not be written; `path` is unchanged and no temporary file is left.
    """
    temporary = temporary_name(path)
    with storage(path):
        try:
            with open(temporary, "xb", opener=opener) as file:
                _copy_mode(path, file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
                _give_name(file.fileno(), temporary)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that the user named for output, as `replacing` does.

    The target of a symbolic link is replaced and the link stays; a device or a pipe is written
    directly. Where files without a name are possible, nothing is left if the process is killed.

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
    with replacing(target, _open_unnamed) as file:
        yield file


def write_all(stream: _Writable, content: bytes | memoryview) -> None:
    """Write all of `content`, even if an unbuffered stream accepts only part of it at a time."""
    # If writing fails, the traceback must not keep a view of a buffer that is freed before it.
    with memoryview(content) as view:
        written = 0
        while written < len(view):
            with view[written:] as rest:
                written += stream.write(rest) or 0


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, as `replacing` does."""
    with replacing(path) as file:
        write_all(file, text.encode())


def append_line(path: Path, line: str) -> None:
    """Append a line to a file, completely or not at all.

    Raises
    ------
    StorageError
        The line could not be written; the file is unchanged.
    """
    with storage(path), open(path, "ab", buffering=0, opener=_open_without_link) as file:
        size = file.tell()
        try:
            write_all(file, line.encode())
        except BaseException:
            with suppress(OSError):
                file.truncate(size)
            raise


def temporary_name(path: Path) -> Path:
    """Return an unused name beside `path` for a file or folder that is not complete yet."""
    stem = path.name
    while len(os.fsencode(stem)) > _MAX_STEM_BYTES:
        stem = stem[:-1]
    return path.parent / f".{stem}.{secrets.token_hex(8)}.tmp"


def remove_temporary_files(folder: Path) -> None:
    """Remove temporary files left in a folder by a process that was killed."""
    with storage(folder):
        for path in folder.glob(TEMPORARY):
            if path.is_symlink() or path.is_file():
                path.unlink()


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, if it does not exist, and flush their names to the disk."""
    with storage(folder):
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:
            sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    with storage(path), open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk, where the file system supports this."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Convert an error of the operating system to a `StorageError` that names the file."""
    try:
        yield
    except OSError as error:
        raise StorageError(str(path), error) from error


def _copy_mode(source: Path, descriptor: int) -> None:
    """Give an open file the permissions of `source`, if that is a regular file."""
    # A file system without permissions has none to keep.
    with suppress(OSError):
        status = os.lstat(source)
        if stat.S_ISREG(status.st_mode) and os.name == "posix":
            os.fchmod(descriptor, status.st_mode & 0o777)


def _open_unnamed(path: str, flags: int) -> int:
    """Open a new file without a name in the folder of `path`, or elsewhere than on Linux `path`."""
    if hasattr(os, "O_TMPFILE") and _DESCRIPTORS.is_dir():
        # Not all file systems can do it; the real errors come up again below.
        with suppress(OSError):
            return os.open(Path(path).parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    return os.open(path, flags, 0o666)


def _give_name(descriptor: int, name: Path) -> None:
    """Give an open file a name, if it has none."""
    if not os.fstat(descriptor).st_nlink:
        # Python follows the link only if a folder's descriptor is given, even one without effect.
        link = _DESCRIPTORS / str(descriptor)
        os.link(link, name, src_dir_fd=descriptor, follow_symlinks=True)


def _open_without_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
