"""A data set: its splits, its task and its input spec."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import Task

if TYPE_CHECKING:  # Only data of one kind needs it, and others start faster without it.
    from rnncli.datasets.grammars import Language

# For a kind of data, the preferred values of keys by section of the config, its own or another.
Defaults = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class DataSet:
    """A data set that was read and split.

    Attributes
    ----------
    splits : Splits
        Training, validation and test sequences, without missing values.
    task : Task
        The learning task, without the scale of the target values; see `scale_targets`.
    input_spec : InputSpec
        How a model reads further sequences.
    language : Language, optional
        The grammar whose words the text consists of, as far as the test is concerned.
    """

    splits: Splits
    task: Task
    input_spec: InputSpec
    language: "Language | None" = None
