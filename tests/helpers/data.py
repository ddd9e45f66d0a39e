"""Small data files, and short ways to read them."""

from pathlib import Path

from rnncli.datasets import Data
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import Task


def read(section: Data, seed: int = 0) -> tuple[Splits, Task]:
    """Return splits and task of a data section."""
    data = section.read(seed)
    return data.splits, data.task


def text_file(path: Path, *lines: str) -> Path:
    """Write lines of text, and return the path."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
