"""The input spec: what a model must know to read its input."""

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.dialect import Decimal, Separator
from rnncli.datasets.frames import Frames
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.missing import Missing
from rnncli.datasets.text import DocumentKind
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.nn.arrays import Array

# A million inputs of one time step take 4 MB; nothing larger is allocated for a weights file.
MAX_INPUTS = 1 << 20


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
    frames : Frames, optional
        The frames that the network takes in place of single time steps.
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
    frames: Frames | None = None

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
        has_single_label = self.windows is None and self.label_per == "sequence"
        if self.frames is not None and (self.vocabulary is not None or not has_single_label):
            raise ValueError("frames are for sequences of numbers with one label per sequence")

    @property
    def num_inputs(self) -> int:
        """What the input stage of the network is made for: features, or symbols."""
        if self.vocabulary is not None:
            return len(self.vocabulary)
        return self.input_size if self.frames is None else self.frames.num_features(self.input_size)

    @property
    def step_name(self) -> str:
        """What a time step of the network is, for messages: ``time step`` or ``frame``."""
        return "time step" if self.frames is None else "frame"

    def num_steps(self, sequence_length: int) -> int:
        """Return how many time steps the network takes for a sequence of the given length."""
        return sequence_length if self.frames is None else self.frames.num_frames(sequence_length)

    @overload
    def transformed(self, x: Array, lengths: Array | None = None) -> tuple[Array, Array | None]: ...

    @overload
    def transformed(
        self, x: Array | Mapped, lengths: Array | None = None
    ) -> tuple[Array | Mapped, Array | None]: ...

    def transformed(
        self, x: Array | Mapped, lengths: Array | None = None
    ) -> tuple[Array | Mapped, Array | None]:
        """Return what is made of sequences (N, T, D) of numbers before they are standardized.

        These are their frames, or windows relative to their last row, with their lengths (N,).
        """
        if self.frames is not None:
            return self.frames.apply(x, lengths)
        if self.windows is not None:
            assert not isinstance(x, Mapped)
            return self.windows.inputs_of(x, lengths), lengths
        return x, lengths

    @property
    def means_array(self) -> Array:
        """The features' means in training (D,), or zero if they are not known."""
        return np.array(self.means or 0.0)
