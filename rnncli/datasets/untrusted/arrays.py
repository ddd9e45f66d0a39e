"""Untrusted ``.npz`` and ``.npy`` files, read with `zipfile` and `numpy.lib.format`."""

import math
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import numpy as np

from rnncli.errors import InputError, unreadable
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

# Arrays may always expand to this many bytes, and beyond that to at most this many times their
# compressed size.
_ALWAYS_ALLOWED, _LARGEST_RATIO = 1 << 28, 200
_MAX_MEMBERS = 1024
NPY_ADVICE = "give fewer sequences, or an .npy file, of which large ones are read batch by batch"
_LARGEST_HEADER = 10_000

_LOCAL_HEADER = struct.Struct("<4s2xH18xHH")  # signature, flags, lengths of name and extra field
_END = struct.Struct("<4s6xHLL2x")  # signature, members, size and offset of the directory
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_END = struct.Struct("<4s28xQQ8x")  # the corresponding record of large files
_ENCRYPTED, _SIZES_FOLLOW = 1, 8
_STORED_OR_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_ITEM = r"'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([\d\s,]*\))"
_HEADER = re.compile(rf"\{{\s*{_ITEM}\s*,\s*{_ITEM}\s*,\s*{_ITEM}\s*,?\s*\}}\s*", re.ASCII)
_PLAIN_TYPE = re.compile(r"'[<>|=]?[biufSU][0-9]{1,9}'")

# The exceptions of zipfile and NumPy for damaged files.
_DAMAGED = (
    *(ValueError, TypeError, EOFError, OverflowError, KeyError, RuntimeError),
    *(NotImplementedError, struct.error, zipfile.BadZipFile, zlib.error),
)


class Archive:
    """The members of an ``.npz`` file, whose structure is valid; see `open_archive`."""

    def __init__(self, file: BinaryIO, size: int, largest: int | None) -> None:
        if largest is not None and size > largest:
            raise ValueError(f"over {largest >> 20} MiB")
        _check_end(file, size)
        self._zip = zipfile.ZipFile(file)
        members = self._zip.infolist()
        _check_offsets(file, members, self._zip.start_dir)
        for member in members:
            _check_member(member)
        expanded = sum(member.file_size for member in members)
        if expanded > max(_ALWAYS_ALLOWED, _LARGEST_RATIO * size):
            raise ValueError(f"expands to over {_LARGEST_RATIO} times its size")
        self.expanded = expanded
        self._members = {member.filename.removesuffix(".npy"): member for member in members}
        if len(self._members) != len(members):
            raise ValueError("two members have the same name")

    @property
    def names(self) -> list[str]:
        """The arrays' names."""
        return list(self._members)

    def read(
        self, name: str, shape: tuple[int, ...] | None = None, dtype: Any = None, max_bytes: int = 0
    ) -> Array:
        """Return an array.

        Parameters
        ----------
        name : str
            One of `names`.
        shape, dtype : tuple of int, dtype, optional
            The expected shape and type, checked before the content is read.
        max_bytes : int, optional
            The largest permitted number of bytes.

        Raises
        ------
        ValueError
            The member is damaged, not a plain array, or not as expected.
        """
        member = self._members[name]
        with self._zip.open(member) as file:
            actual_shape, order, actual_dtype, header_size = _read_header(cast(BinaryIO, file))
            if (shape is not None and actual_shape != shape) or (
                dtype is not None and actual_dtype != dtype
            ):
                expected = [str(item) for item in (shape, dtype) if item is not None]
                raise ValueError(
                    f"{name} has shape {actual_shape} and type {actual_dtype}; "
                    f"{' and '.join(expected)} expected"
                )
            size = member.file_size - header_size
            _check_size(size, actual_shape, actual_dtype)
            if max_bytes and size > max_bytes:
                raise ValueError(f"{name} has {size} bytes")
            content = file.read(size)
            if len(content) != size or file.read(1):
                raise ValueError(f"{name} ends early")
        if actual_dtype.kind == "U":
            code_points = np.dtype("u4").newbyteorder(actual_dtype.byteorder)
            characters = np.frombuffer(content, code_points)
            if (characters > sys.maxunicode).any():
                raise ValueError(f"{name} holds invalid text")
        array = np.frombuffer(content, actual_dtype)
        return array.reshape(actual_shape, order=cast(Any, order))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()


@contextmanager
def open_archive(path: Path, largest: int | None = None) -> Iterator[Archive]:
    """Open an ``.npz`` file to read its arrays; a `ValueError` in the block is an `InputError`.

    Parameters
    ----------
    path : Path
        The file.
    largest : int, optional
        The largest permitted number of bytes.

    Raises
    ------
    InputError
        There is no such file, or it is damaged, has hidden content, or holds anything but plain
        arrays.
    """
    try:
        with _open_regular(path) as file, Archive(file, _size(file), largest) as archive:
            yield archive
    except OSError as error:
        raise unreadable(path, error) from None
    except _DAMAGED as error:
        raise _invalid(path, error) from None


def open_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an ``.npz`` file by name, or that of an ``.npy`` file, mapped, as ``x``.

    Raises
    ------
    InputError
        See `open_archive`.
    """
    try:
        with _open_regular(path) as file:
            size = _size(file)
            if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
                file.seek(0)
                return {"x": _mapped(path, file, size)}
    except OSError as error:
        raise unreadable(path, error) from None
    except _DAMAGED as error:
        raise _invalid(path, error) from None
    with open_archive(path) as archive:
        require_memory(archive.expanded, f"{path}: its arrays", NPY_ADVICE)
        return {name: archive.read(name) for name in archive.names}


def _open_regular(path: Path) -> BinaryIO:
    """Open a regular file; reading a pipe could block, and a device may have no end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("not a regular file")
    return open(path, "rb")


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _invalid(path: Path, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0] or type(error).__name__
    return InputError(f"{path}: is not a valid .npy or .npz file of plain arrays ({reason})")


def _mapped(path: Path, file: BinaryIO, size: int) -> Array:
    shape, order, dtype, header_size = _read_header(file)
    _check_size(size - header_size, shape, dtype)
    return np.memmap(path, dtype, "r", header_size, shape, cast(Any, order))


def _check_size(size: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if math.prod(shape) * dtype.itemsize != size or not dtype.itemsize:
        raise ValueError(f"{size} bytes for shape {shape} and type {dtype}")


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], str, np.dtype[Any], int]:
    """Read the header of an ``.npy`` file; return shape, order, type and the header's length.

    Unlike in NumPy, no text is evaluated: anything but the plain form is refused.
    """
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the array format")
    wide = version == (2, 0)
    (length,) = struct.unpack("<I" if wide else "<H", file.read(4 if wide else 2))
    if length > _LARGEST_HEADER:
        raise ValueError(f"an array header of {length} bytes")
    match = _HEADER.fullmatch(file.read(length).decode("latin1"))
    items = dict(zip(match.groups()[::2], match.groups()[1::2], strict=True)) if match else {}
    if len(items) != 3 or items["fortran_order"] not in ("True", "False"):
        raise ValueError("an invalid array header, or neither plain numbers nor text")
    if not _PLAIN_TYPE.fullmatch(items["descr"]) or not items["shape"].startswith("("):
        raise ValueError(f"an array of type {items['descr']}; plain numbers or text expected")
    numbers = items["shape"].strip("()").split(",")
    shape = tuple(int(number) for number in numbers if number.strip())
    order = "F" if items["fortran_order"] == "True" else "C"
    return shape, order, np.dtype(items["descr"].strip("'")), file.tell()


def _check_end(file: BinaryIO, size: int) -> None:
    """Check the record at the end of the file, which gives the size of the directory."""
    file.seek(max(0, size - _END.size - 20 - _ZIP64_END.size))
    tail = file.read()
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        raise ValueError("truncated, or data after its end")
    _, members, directory, _ = _END.unpack(tail[-_END.size :])
    if tail[-_END.size - 20 :].startswith(_ZIP64_LOCATOR):
        # Python's zipfile writes the longer record where the directory begins beyond 2 GB. In a
        # smaller file its content could contradict the other's.
        if size < 1 << 31 or len(tail) < _ZIP64_END.size + 20 + _END.size:
            raise ValueError("a record for large files in a small one")
        sign, members, directory = _ZIP64_END.unpack(tail[: _ZIP64_END.size])
        if sign != b"PK\x06\x06":
            raise ValueError("the record for large files is missing")
    if members > _MAX_MEMBERS or directory > members << 10:
        raise ValueError(f"over {_MAX_MEMBERS} members, or a directory that is too long for them")


def _check_offsets(file: BinaryIO, members: list[zipfile.ZipInfo], directory: int) -> None:
    """Check that the members are contiguous; hidden content could be in gaps."""
    offset, descriptor = 0, 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if not offset <= member.header_offset <= offset + descriptor:
            raise ValueError("a gap between its members, or an overlap")
        file.seek(member.header_offset)
        sign, flags, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        if sign != b"PK\x03\x04" or flags != member.flag_bits:
            raise ValueError("headers that contradict each other")
        offset = member.header_offset + _LOCAL_HEADER.size + name + extra + member.compress_size
        descriptor = 24 if flags & _SIZES_FOLLOW else 0
    if not offset <= directory <= offset + descriptor:
        raise ValueError("a gap before its directory")


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    if name != member.filename or not name.endswith(".npy") or not name.isprintable():
        raise ValueError(f"member {name!r} is not an array")
    if member.flag_bits & _ENCRYPTED:
        raise ValueError(f"member {name!r} is encrypted")
    if member.compress_type not in _STORED_OR_DEFLATED:
        raise ValueError(f"member {name!r} has an unknown compression")
    if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
        raise ValueError(f"member {name!r} has two sizes")
