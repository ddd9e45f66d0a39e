"""Sequences for prediction or evaluation, from any kind of file or from standard input."""

from collections.abc import Iterator
from pathlib import Path

from rnncli.datasets.arrangements.named_rows import NamedRows, read_named_rows
from rnncli.datasets.dialect import Dialect
from rnncli.datasets.formats import format_of, table_format_of
from rnncli.datasets.formats.csv_text import csv_table
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.missing import fill_missing
from rnncli.datasets.sequences import Sequences, check_features
from rnncli.datasets.table_data import read_table_inputs
from rnncli.datasets.untrusted.lines import (
    STANDARD_INPUT,
    STANDARD_INPUT_NAME,
    standard_input_lines,
)
from rnncli.errors import InputError


def read_inputs(source: str, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
    """Yield a file's sequences, with missing values filled in, in batches of bounded size.

    The format follows from the extension; a file without a known one is read as CSV, plain or
    compressed. If labels are not needed, a table may lack the label's column. For a model that
    forecasts, the sequences are the windows of a table.

    Parameters
    ----------
    source : str
        A path, or ``-`` for CSV from standard input.
    spec : InputSpec
        The form of the model's input.
    labelled : bool
        Whether labels are needed.

    Raises
    ------
    InputError
        The input is invalid, or has another number of features; or the model reads texts and the
        input has none, or is a language model.
    """
    if spec.vocabulary is not None and spec.text_column is None:
        raise InputError(
            f"{source}: the model is a language model, which has no labels to predict; "
            "'rnn sample' writes text from it"
        )
    for batch in _read(source, spec, labelled):
        check_features(batch, spec.input_size)
        if spec.vocabulary is None:
            yield fill_missing(batch, spec.missing, spec.means_array)
        elif batch.vocabulary is not None:
            yield batch
        else:
            raise InputError(f"{source}: holds numbers; the model reads texts in CSV or Parquet")


def read_table(source: str, spec: InputSpec) -> NamedRows:
    """Return all rows of a table with a header, from a file or from standard input.

    Raises
    ------
    InputError
        The file is not a table, or invalid.
    """
    dialect = Dialect(spec.separator, spec.decimal)
    if source == STANDARD_INPUT:
        return read_named_rows(csv_table(standard_input_lines(), STANDARD_INPUT_NAME, dialect))
    with table_format_of(source).open_table(Path(source), dialect) as table:
        return read_named_rows(table)


def _read(source: str, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
    if source != STANDARD_INPUT:
        return format_of(source).read_inputs(Path(source), spec, labelled)
    lines = standard_input_lines()
    table = csv_table(lines, STANDARD_INPUT_NAME, Dialect(spec.separator, spec.decimal))
    return read_table_inputs(table, spec, labelled)
