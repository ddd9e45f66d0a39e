"""Synthetic tasks, whose answers are known."""

from dataclasses import dataclass
from typing import Annotated, Literal

from rnncli.data.sequences import Partition, Sequences
from rnncli.data.split import split
from rnncli.data.task import Task
from rnncli.keys import Key
from rnncli.streams import generator


@dataclass(frozen=True)
class SumSign:
    """The sum-sign task: tell whether the sum over all steps and features is positive."""

    kind: Literal["sum_sign"] = "sum_sign"
    num_samples: Annotated[int, Key("sequences, validation included", minimum=2, maximum=10**9)] = (
        10_000
    )
    sequence_length: Annotated[int, Key("steps", minimum=1, maximum=10**6)] = 10
    input_size: Annotated[int, Key("features a step", minimum=1, maximum=10**6)] = 1
    validation_fraction: Annotated[float, Key("part held out", minimum=0, below=1)] = 0.1

    def read(self, seed: int) -> tuple[Partition, Task]:
        """Draw the sequences, standard normal, and split off the validation part."""
        rng = generator(seed, "data")
        x = rng.standard_normal((self.num_samples, self.sequence_length, self.input_size))
        labels = (x.sum(axis=(1, 2)) > 0).astype(int)
        task = Task("binary", (0, 1))
        train = Sequences(x, labels, self.kind)
        if not self.validation_fraction:
            return Partition(train), task
        return Partition(*split(train, task, self.validation_fraction, seed)), task
