"""Measure how the cost of a training step grows with its work, in time and in memory.

    OPENBLAS_NUM_THREADS=1 RNN_NUM_THREADS=1 python tests/benchmarks/cost.py

Around a middle point, one of the sequence length T, the hidden size H and the batch size B changes
at a time; each size is measured in a process of its own. A step is forward, backpropagation through
time and Adam, in float32; the time is the processor time of the best of several rounds, so that
other work on the machine matters little. It is divided by the operations of the matrix products,
and the memory by T B H: where these quotients fall, the fixed cost of a call matters less; where
they rise, the cost grows faster than the work. The last table reads batches of N shuffled sequences
from an ``.npy`` file that is mapped, as training does.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import NamedTuple, TypeVar

import numpy as np

from rnncli import blas
from rnncli.datasets.examples import Examples
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.scaling import Scaler, scaled
from rnncli.datasets.task import Task
from rnncli.memory import memory_in_use
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep

INPUT_SIZE = 8
# The length of the sequences in the file: 320 MB hold ten million of them.
SHORT, FILE_BATCH_SIZE, FILE_BATCHES = 8, 32, 1000


Result = TypeVar("Result")


class Size(NamedTuple):
    """The size of a step's work: T, H and B."""

    steps: int = 100
    hidden: int = 64
    batch: int = 32


SIZES = {
    "T": [Size(steps=n) for n in (10, 30, 100, 300, 1000, 3000, 10_000)],
    "H": [Size(hidden=n) for n in (8, 16, 32, 64, 128, 256, 512, 1024)],
    "B": [Size(batch=n) for n in (1, 4, 16, 32, 64, 256, 1024, 4096)],
}
COUNTS = (10**4, 10**5, 10**6, 10**7)


def best_seconds(function: Callable[[], object], budget: float) -> float:
    """Return the shortest time of a call, of at least two and of as many as the budget allows."""
    best, end, calls = float("inf"), process_time() + budget, 0
    while calls < 2 or process_time() < end:
        begun = process_time()
        function()
        best = min(best, process_time() - begun)
        calls += 1
    return best


def measure(cell: str, size: Size, budget: float) -> tuple[float, int, int]:
    """Return the seconds of a step, its operations, and the bytes that it needs."""
    rng, memory_before = np.random.default_rng(0), memory_in_use()
    x = rng.standard_normal((size.batch, size.steps, INPUT_SIZE)).astype(np.float32)
    batch = Batch(x, (rng.random((size.batch, 1)) > 0.5).astype(np.float32))
    task, settings = Task("binary", (0, 1)), Training()
    network = Network(Architecture(CELLS[cell](), size.hidden), INPUT_SIZE, 1)
    network.initialize(rng)
    training = TrainingStep(network, LOSSES[task.loss], settings)
    state = TrainingState.initial(network, task, settings)

    def step() -> None:
        _, norm = training.gradient(batch)
        state.step += 1
        training.update(norm, state.slots, 1e-4, state.step)

    step()
    seconds = best_seconds(step, budget)
    return seconds, network.flops(size.steps, size.batch), memory_in_use() - memory_before


def in_new_process(function: Callable[..., Result], *arguments: object) -> Result:
    """Return the result of a call in a process whose memory no other measurement has used."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(function, arguments)


def show_steps(cell: str, budget: float) -> None:
    """Print a table for each of T, H and B."""
    for name, sizes in SIZES.items():
        print(f"{cell}, {name} changes\n    T    H    B     ms a step  ps/operation  MB  bytes/TBH")
        for size in sizes:
            seconds, operations, num_bytes = in_new_process(measure, cell, size, budget)
            per_unit = num_bytes / (size.steps * size.batch * size.hidden)
            print(
                f"{size.steps:>5} {size.hidden:>4} {size.batch:>4} {1e3 * seconds:>13.3f} "
                f"{1e12 * seconds / operations:>13.1f} {num_bytes / 1e6:>5.0f} {per_unit:>9.1f}",
                flush=True,
            )


def write_sequences(path: Path, count: int) -> None:
    """Write N random sequences (N, T, 1) to an ``.npy`` file, part by part."""
    rng = np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, "w+", np.float32, (count, SHORT, 1))
    for part in range(0, count, 10**6):
        file[part : part + 10**6] = rng.standard_normal(file[part : part + 10**6].shape)


def measure_file(path: Path, count: int) -> tuple[float, float, float, int]:
    """Return the seconds to find mean and deviation, to shuffle and to read; and the bytes used."""
    memory_before, begun = memory_in_use(), process_time()
    x = Mapped(np.load(path, mmap_mode="r"))
    scaler = Scaler.fit(x)
    standardized = process_time()
    examples = Examples(scaled(x, scaler, np.float32), np.zeros((count, 1), np.float32))
    batches = examples.epoch(FILE_BATCH_SIZE, True, 0, 0)
    shuffled = process_time()
    numbers = range(min(FILE_BATCHES, len(batches)))
    for number in numbers:
        batches.batch(number)
    per_sequence = (process_time() - shuffled) / len(numbers) / FILE_BATCH_SIZE
    used = memory_in_use() - memory_before
    return standardized - begun, shuffled - standardized, per_sequence * count, used


def show_file(folder: Path) -> None:
    """Print what it costs to read sequences from a mapped file, for each number of them."""
    print("N sequences in a mapped file: ns per sequence to standardize, shuffle, read; bytes")
    print("        N  standardize  shuffle   read  bytes/N")
    for count in COUNTS:
        write_sequences(folder / "x.npy", count)
        results = in_new_process(measure_file, folder / "x.npy", count)
        fit, shuffle, read = (1e9 * seconds / count for seconds in results[:3])
        print(
            f"{count:>9} {fit:>12.0f} {shuffle:>8.0f} {read:>6.0f} {results[3] / count:>8.1f}",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", default="tanh,lstm,gru", help="separated by commas")
    parser.add_argument("--budget", type=float, default=0.3, help="seconds per measurement")
    parser.add_argument("--folder", type=Path, help="where the file may be written, 320 MB")
    arguments = parser.parse_args()
    print(blas.describe())
    for cell in filter(None, arguments.cells.split(",")):
        show_steps(cell, arguments.budget)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        show_file(Path(folder))


if __name__ == "__main__":
    main()
