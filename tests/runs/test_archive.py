"""Archives of arrays: what their hash covers."""

import numpy as np

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
