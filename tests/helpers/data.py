"""Small data files, and short ways to read them."""

from pathlib import Path

from rnncli.datasets import Data
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import Task

TS = """# a comment
@problemName Toy
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
1,2,3:4,5,6:up
1,2:4,5:down

%another comment
7,8,9,10:1,1,1,1: up
"""


def read(section: Data, seed: int = 0) -> tuple[Splits, Task]:
    """Return splits and task of a data section."""
    data = section.read(seed)
    return data.splits, data.task


def text_file(path: Path, *lines: str) -> Path:
    """Write lines of text, and return the path."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def ts(folder: Path, text: str) -> Path:
    """Write a .ts file, and return the path."""
    path = folder / "a.ts"
    path.write_bytes(text.encode())
    return path
