"""Named arrays with JSON metadata and a checksum in one ``.npz`` file."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnncli.datasets.untrusted.arrays import Archive, open_archive
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.nn.state_dict import Shapes, check_names
from rnncli.runs.checksums import matches_checksum, with_checksum
from rnncli.runs.files import replacing, write_all
from rnncli.version import __version__

METADATA = "metadata"
# The key of the checksum of all other metadata; files of older versions do not have it.
METADATA_SHA256 = "metadata_sha256"
# The files of networks that fit into the memory of a machine are smaller; metadata takes kilobytes.
_MAX_FILE_BYTES, _MAX_METADATA_BYTES = 1 << 36, 1 << 20


@dataclass(frozen=True)
class Contents:
    """The contents of a file.

    Attributes
    ----------
    format, version : str, int
        The file's format and its version.
    arrays : dict of str to array
        The arrays; they must not change afterwards.
    metadata : dict
        Plain values that describe the arrays.
    """

    format: str
    version: int
    arrays: dict[str, Array]
    metadata: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write the file atomically; the same contents give the same bytes."""
        header = {"format": self.format, "version": self.version, "rnncli": __version__}
        metadata = header | self.metadata | {"sha256": digest(self.arrays)}
        metadata = with_checksum(metadata, METADATA_SHA256)
        text = json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()
        buffer = io.BytesIO()
        write_npz(buffer, self.arrays | {METADATA: np.frombuffer(text, np.uint8)})
        with buffer.getbuffer() as content, replacing(path) as file:
            write_all(file, content)


def write_npz(stream: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write plain arrays as ``numpy.savez`` does."""
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            # The member has a fixed date, so that equal contents give equal bytes.
            member = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(member, "w", force_zip64=array.nbytes >= 1 << 30) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def read_metadata(path: Path, file_format: str, version: int) -> dict[str, Any]:
    """Return the metadata of a file that `Contents.write` wrote.

    Raises
    ------
    InputError
        The file is damaged, of another format or from a newer version.
    """
    with open_archive(path, _MAX_FILE_BYTES) as archive:
        metadata = _metadata(archive, path, file_format, version)
    _check_metadata(path, metadata)
    return metadata


def read_contents(
    path: Path,
    file_format: str,
    version: int,
    expected_shapes: Callable[[dict[str, Any]], Shapes],
) -> Contents:
    """Read a file that `Contents.write` wrote: finite numbers of the expected shapes.

    Parameters
    ----------
    path, file_format, version : Path, str, int
        The file, its format, and the newest version that can be read.
    expected_shapes : callable
        Returns names, shapes and types of the arrays for the metadata, or raises ``ValueError``.

    Raises
    ------
    InputError
        The file is damaged, of another format, from a newer version, or has other arrays.
    """
    with open_archive(path, _MAX_FILE_BYTES) as archive:
        metadata = _metadata(archive, path, file_format, version)
        try:
            shapes = expected_shapes(metadata)
            check_names(set(archive.names) - {METADATA}, set(shapes))
            arrays = {name: archive.read(name, *shapes[name]) for name in shapes}
            for name, array in arrays.items():
                if not np.isfinite(array).all():
                    raise ValueError(f"{name} contains values that are not finite")
        except ValueError as error:
            raise InputError(f"{path}: {error}") from None
        if metadata.get("sha256") != digest(arrays):
            raise InputError(f"{path}: the arrays do not match their sha256; the file is damaged")
    # Metadata that are invalid in themselves were refused above, with a line that says why.
    _check_metadata(path, metadata)
    return Contents(file_format, version, arrays, metadata)


def digest(arrays: Mapping[str, Array]) -> str:
    """Return the sha256 of names, types, shapes and contents, in alphabetical order."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _metadata(archive: Archive, path: Path, file_format: str, version: int) -> dict[str, Any]:
    if METADATA not in archive.names:
        raise InputError(f"{path}: '{METADATA}' is missing; a {file_format} file was expected")
    try:
        content = archive.read(METADATA, dtype=np.dtype(np.uint8), max_bytes=_MAX_METADATA_BYTES)
        metadata = json.loads(content.tobytes().decode(), parse_constant=_refuse)
        actual_format, actual_version = metadata["format"], metadata["version"]
        writer_version = metadata["rnncli"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: not a valid {file_format} file ({reason})") from None
    if actual_format != file_format:
        raise InputError(f"{path}: is a {actual_format} file; {file_format} was expected")
    if type(actual_version) is not int or not 1 <= actual_version <= version:
        raise InputError(
            f"{path}: has format version {actual_version}, but this rnn reads only up to "
            f"{version}; it needs rnncli {writer_version} or newer"
        )
    return dict(metadata)


def _check_metadata(path: Path, metadata: dict[str, Any]) -> None:
    if not matches_checksum(metadata, METADATA_SHA256):
        raise InputError(f"{path}: the metadata do not match their sha256; the file is damaged")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not valid JSON")
