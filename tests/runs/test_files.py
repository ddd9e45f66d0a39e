"""Writing files: completely or not at all, durably, and with the mode that they had."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest

from rnncli.errors import StorageError
from rnncli.runs import files
from rnncli.runs.files import (
    append_line,
    output_file,
    replacing,
    sync_folder,
    write_all,
    write_text,
)


class TakesThreeBytes:
    """A stream that takes at most three bytes at a time, as a raw file may."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: memoryview) -> int:
        self.content += content[:3]
        return min(3, len(content))


def test_a_partial_write_is_repeated_until_all_is_written() -> None:
    stream = TakesThreeBytes()
    write_all(stream, b"all of this content")
    assert stream.content == b"all of this content"


def test_a_line_that_is_written_in_pieces_is_appended_completely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_text("first\n")
    real_open = open

    class Raw:
        def __init__(self, *arguments: object, **options: object) -> None:
            self.file = real_open(*arguments, **options)  # type: ignore[call-overload]

        def __enter__(self) -> "Raw":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def tell(self) -> int:
            return self.file.tell()

        def write(self, content: memoryview) -> int:
            return self.file.write(content[:2])

    monkeypatch.setattr(files, "open", Raw, raising=False)
    append_line(path, "second line\n")
    assert path.read_text() == "first\nsecond line\n"


@pytest.mark.parametrize("write", [replacing, output_file])
def test_a_replaced_file_keeps_its_mode(
    tmp_path: Path, write: Callable[[Path], AbstractContextManager[BinaryIO]]
) -> None:
    for mode in (0o600, 0o640, 0o664):
        path = tmp_path / oct(mode)
        path.touch()
        path.chmod(mode)
        with write(path) as file:
            file.write(b"new")
        assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) == (mode, b"new")


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "new")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_link_is_replaced_but_an_output_goes_to_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with output_file(link) as file:
        file.write(b"output")
    assert (link.is_symlink(), target.read_text()) == (True, "output")
    with replacing(link) as file:
        file.write(b"replaced")
    assert (link.is_symlink(), target.read_text()) == (False, "output")


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_folders_is_tolerated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    real_sync = os.fsync

    def fails_on_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(error, os.strerror(error))
        real_sync(descriptor)

    monkeypatch.setattr(os, "fsync", fails_on_folders)
    write_text(tmp_path / "a", "content")
    assert (tmp_path / "a").read_text() == "content"


def test_another_error_of_syncing_a_folder_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"):
        sync_folder(tmp_path)


@pytest.mark.parametrize("write", [replacing, output_file])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, write: Callable[[Path], AbstractContextManager[BinaryIO]]
) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(StorageError, match=str(path)), write(path) as file:
        file.write(b"new")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [replacing, output_file])
@pytest.mark.parametrize("name", ["a" * 250, "a" * 255, "\N{SNOWMAN}" * 85])
def test_a_file_with_the_longest_possible_name_is_written(
    tmp_path: Path, name: str, write: Callable[[Path], AbstractContextManager[BinaryIO]]
) -> None:
    for content in (b"first", b"second"):
        with write(tmp_path / name) as file:
            file.write(content)
        assert (tmp_path / name).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_output_has_no_name_until_it_is_complete(tmp_path: Path) -> None:
    with output_file(tmp_path / "a") as file:
        file.write(b"content")
        assert list(tmp_path.iterdir()) == []
    assert (tmp_path / "a").read_bytes() == b"content"


@pytest.mark.parametrize("error", [errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL])
def test_where_files_need_a_name_an_output_has_a_hidden_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    real_open = os.open

    def refuse_unnamed(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(error, os.strerror(error))
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse_unnamed)
    with output_file(tmp_path / "a") as file:
        file.write(b"content")
        (hidden,) = tmp_path.iterdir()
        assert hidden.match(files.TEMPORARY)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"content"]
