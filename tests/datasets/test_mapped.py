"""A mapped file is read in selections, and its pages do not stay in the process."""

import pickle
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from rnncli.datasets.mapped import Mapped, chunks


def mapped_megabytes() -> int:
    """Return how much of mapped files is in memory."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssFile:")) >> 10


def test_pages_that_were_read_are_released(tmp_path: Path) -> None:
    file = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (75_000, 1000, 1))
    before = mapped_megabytes()
    largest = 0
    for _, chunk in chunks(Mapped(file).scaled(np.zeros(1), np.ones(1), np.float32)):
        assert not chunk.any()
        largest = max(largest, mapped_megabytes() - before)
    # The file has 300 MB.
    assert largest < 150


def test_selections_of_selections_are_those_of_the_file() -> None:
    base = np.arange(24.0).reshape(6, 2, 2)
    mapped = Mapped(base).subset(np.array([5, 0, 3])).scaled(np.ones(2), np.full(2, 2.0), float)
    expected = (base[[3, 5]] - 1) / 2
    np.testing.assert_array_equal(mapped.take(np.array([2, 0])), expected)
    np.testing.assert_array_equal(mapped[[2, 0], 1:], expected[:, 1:])
    assert mapped.shape == (3, 2, 2)


@pytest.mark.parametrize("order", ["C", "F"])
def test_another_process_receives_the_place_in_the_file_and_not_the_content(
    tmp_path: Path, order: Literal["C", "F"]
) -> None:
    """The processes that train an ensemble receive it so; here of a file with one feature."""
    x = np.random.default_rng(0).standard_normal((500, 30))
    np.save(tmp_path / "x.npy", np.asarray(x, order=order))
    file = np.load(tmp_path / "x.npy", mmap_mode="r")[:, :, np.newaxis]
    mapped = Mapped(file).subset(np.array([7, 3, 499])).scaled(np.ones(1), np.full(1, 2.0), float)
    sent = pickle.dumps(mapped, pickle.HIGHEST_PROTOCOL)
    assert len(sent) < 2000
    received = pickle.loads(sent)
    assert isinstance(received.pages.base, np.memmap)
    assert not received.pages.base.flags.writeable
    assert received.shape == (3, 30, 1)
    np.testing.assert_array_equal(received[:][:, :, 0], (x[[7, 3, 499]] - 1) / 2)
