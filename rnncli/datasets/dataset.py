"""A data set as it is read: splits, task, and what a model must know of its input."""

from dataclasses import dataclass
from typing import Any

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import Task

# Defaults of other sections of the config that suit a kind of data better than their own.
Defaults = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class DataSet:
    """A data set, read and split.

    Attributes
    ----------
    splits : Splits
        Training, validation and test sequences, without missing values.
    task : Task
        What is to be learned; target values have no scale yet.
    input_spec : InputSpec
        How more sequences of the same form are read.
    """

    splits: Splits
    task: Task
    input_spec: InputSpec
