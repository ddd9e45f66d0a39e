"""What all data sets from files share: paths, splitting, and the keys for both."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from rnncli.datasets.missing import Missing, filled, own_means
from rnncli.datasets.sequences import Sequences, Splits, check_features
from rnncli.datasets.split import split
from rnncli.datasets.task import Task, infer_task
from rnncli.datasets.untrusted.lines import exists
from rnncli.errors import InputError

# Defaults that suit a kind of data better than those of the sections themselves.
Defaults = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class FileData:
    """Keys of every data section that reads files; a kind adds ``kind`` and `read_file`."""

    # Recordings are few and long, and what tells them apart may be anywhere in them.
    defaults: ClassVar[Defaults] = {
        "model": {"cell": "gru", "pooling": "mean"},
        "training": {
            "num_epochs": 100,
            "batch_size": 16,
            "optimizer": {"kind": "adam", "learning_rate": 5e-3},
        },
    }

    path: Annotated[Path, Field(description="the training data")]
    validation_path: Annotated[
        Path | None, Field(description="validation data in a file of its own")
    ] = None
    test_path: Annotated[Path | None, Field(description="what `evaluate` scores")] = None
    validation_fraction: Annotated[
        float,
        Field(ge=0, lt=1, description="random part held out where there is no validation_path"),
    ] = 0.1
    standardize: Annotated[
        bool, Field(description="scale each feature to mean 0 and deviation 1")
    ] = True
    task: Annotated[
        Literal["classification", "regression"] | None,
        Field(description="what the labels are; null takes text and whole numbers for classes"),
    ] = None

    missing: Annotated[Missing, Field(description="what to put where a value is missing")] = "error"

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences."""
        raise NotImplementedError

    def read(self, seed: int) -> tuple[Splits, Task]:
        """Read the files, and split off the validation part with the seed's own stream."""
        for key in ("path", "validation_path", "test_path"):
            path = getattr(self, key)
            if path is not None and not exists(path):
                raise InputError(f"data.{key}: {path}: there is no such file; a path was expected")
        train = self.read_file(self.path)
        task = infer_task(train, self.task or train.says)
        validation, test = (
            None if path is None else self.read_file(path)
            for path in (self.validation_path, self.test_path)
        )
        for part in (validation, test):
            if part is not None:
                check_features(part, train.x.shape[2])
                task.encode(part, float)
        if validation is None and self.validation_fraction:
            train, validation = split(train, task, self.validation_fraction, seed)
        means = own_means(train)
        for part in (train, validation, test):
            if part is not None:
                filled(part, self.missing, means)
        return Splits(train, validation, test, tuple(means.tolist())), task
