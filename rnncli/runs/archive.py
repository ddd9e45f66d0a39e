"""Named arrays and a JSON description in one ``.npz`` file that checks itself."""

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
from rnncli.nn.state_dict import check_names
from rnncli.runs.files import replacing
from rnncli.version import __version__

METADATA = "metadata"
_LARGEST_FILE, _LARGEST_METADATA = 1 << 30, 1 << 20

Shapes = Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]


@dataclass(frozen=True)
class Contents:
    """What goes into a file: arrays that nobody changes any more, and what describes them."""

    form: str
    version: int
    arrays: dict[str, Array]
    metadata: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write the file, atomically; the same contents give the same bytes."""
        head = {"format": self.form, "version": self.version, "rnncli": __version__}
        described = head | self.metadata | {"sha256": digest(self.arrays)}
        text = json.dumps(described, ensure_ascii=False, allow_nan=False).encode()
        buffer = io.BytesIO()
        write_npz(buffer, self.arrays | {METADATA: np.frombuffer(text, np.uint8)})
        with replacing(path) as file:
            file.write(buffer.getbuffer())


def write_npz(stream: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write plain arrays as ``numpy.savez`` does."""
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            # A date of its own would make every file another one.
            member = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(member, "w", force_zip64=array.nbytes >= 1 << 30) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def read_metadata(path: Path, form: str, version: int) -> dict[str, Any]:
    """Return the description of a file that `Contents` wrote.

    Raises
    ------
    InputError
        The file is damaged, of another format or from a newer version.
    """
    with open_archive(path, _LARGEST_FILE) as archive:
        return _metadata(archive, path, form, version)


def read_contents(
    path: Path, form: str, version: int, expected: Callable[[dict[str, Any]], Shapes]
) -> Contents:
    """Return what `Contents` wrote: finite numbers of the expected shapes, and nothing else.

    Parameters
    ----------
    path, form, version : Path, str, int
        The file, its format, and the newest version that can be read.
    expected : callable
        Gives names, shapes and types of the arrays for the metadata; it may raise ``ValueError``.

    Raises
    ------
    InputError
        The file is damaged, of another format, from a newer version, or not as expected.
    """
    with open_archive(path, _LARGEST_FILE) as archive:
        metadata = _metadata(archive, path, form, version)
        try:
            wanted = expected(metadata)
            check_names(set(archive.names) - {METADATA}, set(wanted))
            arrays = {name: archive.read(name, *wanted[name]) for name in wanted}
            for name, array in arrays.items():
                if not np.isfinite(array).all():
                    raise ValueError(f"{name} holds values that are not finite")
        except ValueError as error:
            raise InputError(f"{path}: {error}") from None
        if metadata.get("sha256") != digest(arrays):
            raise InputError(f"{path}: the arrays do not match their sha256; the file is damaged")
    return Contents(form, version, arrays, metadata)


def digest(arrays: Mapping[str, Array]) -> str:
    """Return the sha256 over names, types, shapes and contents, in the order of the names."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _metadata(archive: Archive, path: Path, form: str, version: int) -> dict[str, Any]:
    if METADATA not in archive.names:
        raise InputError(f"{path}: has no '{METADATA}'; a {form} file was expected")
    try:
        content = archive.read(METADATA, dtype=np.dtype(np.uint8), most=_LARGEST_METADATA)
        metadata = json.loads(content.tobytes().decode(), parse_constant=_refuse)
        found = metadata["format"], metadata["version"], metadata["rnncli"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: is not a sound {form} file ({reason})") from None
    if found[0] != form:
        raise InputError(f"{path}: is a {found[0]} file; {form} was expected")
    if type(found[1]) is not int or not 1 <= found[1] <= version:
        raise InputError(
            f"{path}: is of version {found[1]} of its format, this rnn reads up to {version}; "
            f"it needs rnncli {found[2]} or newer"
        )
    return dict(metadata)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
