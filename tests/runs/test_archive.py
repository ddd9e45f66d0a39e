"""Archives of arrays: what their hash covers."""

import resource
from pathlib import Path
from traceback import walk_tb

import numpy as np
import pytest

from rnncli.errors import StorageError
from rnncli.runs import archive


def test_the_hash_covers_names_types_shapes_and_contents() -> None:
    array = np.arange(6, dtype=np.float32)
    others = [
        {"b": array},
        {"a": array.astype(float)},
        {"a": array.reshape(2, 3)},
        {"a": array + 1},
        {"a": array, "b": array},
    ]
    hashes = {archive.digest(arrays) for arrays in [{"a": array}, *others]}
    assert len(hashes) == 1 + len(others)


def test_a_failed_write_keeps_no_view_of_the_content(tmp_path: Path) -> None:
    """The traceback may be freed after the buffer, which from Python 3.13 on is a warning."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    contents = archive.Contents("numbers", 1, {"x": np.zeros(10**5)}, {})
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, limits[1]))
    try:
        with pytest.raises(StorageError) as raised:
            contents.write(tmp_path / "x.npz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error, views = raised.value.__cause__, []
    assert isinstance(error, OSError)
    for frame, _ in walk_tb(error.__traceback__):
        views += [value for value in frame.f_locals.values() if isinstance(value, memoryview)]
    assert views
    for view in views:
        with pytest.raises(ValueError, match="released"):
            view.tobytes()
    assert not list(tmp_path.iterdir())
