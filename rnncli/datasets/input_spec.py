"""The input spec: what a model must know to read its input."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.dialect import Decimal, Separator
from rnncli.datasets.missing import Missing
from rnncli.datasets.text import DocumentKind
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class InputSpec:
    """The form of a model's input; it is stored with the weights.

    Fields that were added later have defaults, with which older weights files are read.

    Attributes
    ----------
    input_size : int
        The number of features per time step, D.
    sequence_length : int
        The number of time steps in training, T.
    label_column : int, str or None
        The label's column in tables.
    header : bool or None
        Whether the first row of CSV holds names; if None, inferred from the content.
    missing : {"error", "mean", "zero", "last"}
        How missing values are filled in.
    means : tuple of float
        The features' means in the training split, which may replace missing values.
    windows : Windows, optional
        For forecasts, the windows of a table.
    sequence_column : str, optional
        For tables with one time step per row, the column that identifies the sequence.
    label_per : {"sequence", "step"}
        Whether each sequence or each time step has a label.
    columns : tuple of str, optional
        For tables with one time step per row, the features' columns.
    id_column : int, str or None
        The column whose text is repeated beside predictions.
    ignore : tuple of int or str
        Columns that are not read.
    separator, decimal : str, optional
        The separator and the decimal mark of CSV; detected if None.
    vocabulary : Vocabulary, optional
        For texts, the symbols; there is then one feature per time step, the index of a symbol.
    text_column : int, str or None
        For texts with a label, the column of the text.
    documents : {"stream", "lines"}
        For language models, whether each line of a text is an independent document.
    """

    input_size: int
    sequence_length: int
    label_column: int | str | None = None
    header: bool | None = None
    missing: Missing = "error"
    means: tuple[float, ...] = ()
    windows: Windows | None = None
    sequence_column: str | None = None
    label_per: Literal["sequence", "step"] = "sequence"
    columns: tuple[str, ...] | None = None
    id_column: int | str | None = None
    ignore: tuple[int | str, ...] = ()
    separator: Separator | None = None
    decimal: Decimal | None = None
    vocabulary: Vocabulary | None = None
    text_column: int | str | None = None
    documents: DocumentKind = "stream"

    def __post_init__(self) -> None:
        if not 1 <= self.sequence_length < 1 << 31:
            raise ValueError(f"a sequence length of {self.sequence_length} is out of range")
        if len(self.means) not in (0, self.input_size) or not np.isfinite(self.means).all():
            raise ValueError(f"the means must be {self.input_size} finite numbers")
        for columns in (self.columns, None if self.windows is None else self.windows.features):
            if columns is not None and len(columns) != self.input_size:
                raise ValueError(f"{len(columns)} columns for {self.input_size} features")

        if self.vocabulary is not None and self.input_size != 1:
            raise ValueError(f"{self.input_size} features per time step for a text")

    @property
    def num_inputs(self) -> int:
        """What the input stage of the network is made for: features, or symbols."""
        return self.input_size if self.vocabulary is None else len(self.vocabulary)

    @property
    def means_array(self) -> Array:
        """The features' means in training (D,), or zero if they are not known."""
        return np.array(self.means or 0.0)
