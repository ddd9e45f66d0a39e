"""Named arrays and a JSON description in one ``.npz`` file that checks itself."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from rnncli.data.npz import open_arrays
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.runs.files import atomic_write
from rnncli.version import __version__

METADATA = "metadata"


def write_archive(
    path: Path, form: str, version: int, arrays: dict[str, Array], metadata: dict[str, Any]
) -> None:
    """Write the arrays and the metadata, atomically; the same content gives the same bytes."""
    head = {"format": form, "version": version, "rnncli": __version__}
    text = json.dumps(head | metadata | {"sha256": digest(arrays)}, ensure_ascii=False)
    described = np.frombuffer(text.encode(), np.uint8)
    with atomic_write(path) as file:
        np.savez(file, allow_pickle=False, **arrays, **{METADATA: described})


def read_archive(path: Path, form: str, version: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and the metadata of a file that `write_archive` wrote.

    Raises
    ------
    InputError
        The file is damaged, of another format or from a newer version.
    """
    arrays = open_arrays(path)
    try:
        metadata = json.loads(arrays.pop(METADATA).tobytes().decode())
        if metadata["format"] != form:
            raise InputError(f"{path}: is a {metadata['format']} file; {form} was expected")
        if metadata["version"] > version:
            raise InputError(
                f"{path}: is of version {metadata['version']} of its format, this rnn reads up to "
                f"{version}; it needs rnncli {metadata['rnncli']} or newer"
            )
        whole = metadata["sha256"] == digest(arrays)
    except KeyError as error:
        raise InputError(f"{path}: has no {error}; a {form} file was expected") from None
    except (ValueError, TypeError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: is not a sound {form} file ({reason})") from None
    if not whole:
        raise InputError(f"{path}: the arrays do not match their sha256; the file is damaged")
    return arrays, metadata


def digest(arrays: dict[str, Array]) -> str:
    """Return the sha256 over names, types, shapes and contents, in the order of the names."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
