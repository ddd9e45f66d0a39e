"""The base class of all data sections that read files: keys, splits and missing values."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.dataset import DataSet, Defaults
from rnncli.datasets.frames import Frames, FrameValues
from rnncli.datasets.input_spec import MAX_INPUTS, InputSpec
from rnncli.datasets.missing import Missing, feature_means, fill_missing
from rnncli.datasets.sequences import Sequences, Splits, check_features
from rnncli.datasets.split import split
from rnncli.datasets.task import infer_task
from rnncli.datasets.untrusted.lines import exists
from rnncli.errors import InputError


def check_paths(section: Any) -> None:
    """Raise `InputError` if one of the files of a data section does not exist."""
    for key in ("path", "validation_path", "test_path"):
        path = getattr(section, key)
        if path is not None and not exists(path):
            raise InputError(
                f"data.{key}: {path}: no such file; the path of an existing file was expected"
            )


@dataclass(frozen=True, kw_only=True)
class FileData:
    """Keys of every data section that reads labelled sequences from files.

    A format adds ``kind``, its own keys, `extensions`, `read_file` and `read_inputs`.
    """

    # The extensions of such files, in lower case, without a final .gz.
    extensions: ClassVar[tuple[str, ...]]
    # Recordings are often few and long, and what distinguishes their classes may occur at any time
    # step. `rnn guide tuning` shows what was measured.
    defaults: ClassVar[Defaults] = {
        "data": {"frames": 64},
        "model": {
            "cell": "gru",
            "hidden_size": 64,
            "head_dropout": 0.3,
            "pooling": ["mean", "max", "last"],
        },
        "training": {
            "num_epochs": 10,
            "num_updates": 1000,
            "batch_size": None,
            "optimizer": {"kind": "adam", "learning_rate": 3e-3},
        },
    }

    path: Annotated[Path, Field(description="the training data")]
    validation_path: Annotated[
        Path | None, Field(description="validation data in a file of its own")
    ] = None
    test_path: Annotated[Path | None, Field(description="test data, which `evaluate` scores")] = (
        None
    )
    validation_fraction: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="random fraction of the training data for validation, without "
            "validation_path",
        ),
    ] = 0.1
    standardize: Annotated[
        bool, Field(description="scale each feature to mean 0 and standard deviation 1")
    ] = True
    task: Annotated[
        Literal["classification", "regression"] | None,
        Field(description="the task; null to infer it: text and whole numbers are classes"),
    ] = None
    missing: Annotated[Missing, Field(description="how missing values are filled in")] = "error"
    frames: Annotated[
        int | None,
        Field(
            ge=1,
            le=10**9,
            description="the most frames that the longest training sequence is read as, each of "
            "consecutive time steps; null for single time steps",
        ),
    ] = None
    frame_values: Annotated[
        FrameValues,
        Field(
            description="what a frame holds: the mean of each feature, all its time steps side by "
            "side, or the mean and the standard deviation of each feature"
        ),
    ] = "mean"

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences."""
        raise NotImplementedError

    def read_split(self, path: Path, train: Sequences) -> Sequences:
        """Read the file of another split as that of the training data was read."""
        return self.read_file(path)

    @classmethod
    def read_inputs(cls, path: Path, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
        """Yield the sequences of a file for a model, in batches of bounded size.

        Labels are read if `labelled`; values may still be missing.
        """
        raise NotImplementedError

    def input_spec(self, train: Sequences, means: tuple[float, ...]) -> InputSpec:
        """Return the input spec, given the training split and the means of its features."""
        _, steps, features = train.x.shape
        return InputSpec(
            features,
            steps,
            missing=self.missing,
            means=means,
            frames=self._frames(steps, features),
        )

    def _frames(self, num_steps: int, num_features: int) -> Frames | None:
        """Return the frames for training sequences of up to `num_steps` time steps, if any."""
        if self.frames is None:
            return None
        frames = Frames.at_most(self.frames, num_steps, self.frame_values)
        if frames is not None and frames.num_features(num_features) > MAX_INPUTS:
            raise InputError(
                f"data.frame_values: {self.frame_values} gives {frames.num_features(num_features)} "
                f"numbers per frame; up to {MAX_INPUTS} are possible; use mean, or more data.frames"
            )
        return frames

    def fresh_sequences(self, count: int, seed: int, epoch: int) -> Sequences | None:
        """Return None: recorded sequences are the same in every epoch."""
        return None

    def read(self, seed: int) -> DataSet:
        """Read the files, and split off validation data if it has no file of its own."""
        check_paths(self)
        train = self.read_file(self.path)
        task = infer_task(train, self.task or train.label_type)
        validation, test = (
            None if path is None else self.read_split(path, train)
            for path in (self.validation_path, self.test_path)
        )
        for other in (validation, test):
            if other is not None:
                check_features(other, train.x.shape[2])
                task.check(other)
        if validation is None and self.validation_fraction:
            train, validation = split(train, task, self.validation_fraction, seed)
        splits = Splits(train, validation, test)
        if train.vocabulary is not None:  # Symbols have no mean, and none is missing.
            return DataSet(splits, task, self.input_spec(train, ()))
        means = feature_means(train)
        for sequences in (train, validation, test):
            if sequences is not None:
                fill_missing(sequences, self.missing, means)
        return DataSet(splits, task, self.input_spec(train, tuple(np.asarray(means).tolist())))
