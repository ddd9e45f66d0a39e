"""A config suggested for a data file, from the content of the file."""

from pathlib import Path

from rnncli.datasets import DATA, Data, FileFormat, Npz, Series, TextFile
from rnncli.datasets.dialect import Dialect
from rnncli.datasets.formats import extension_of, format_of
from rnncli.datasets.table_data import TableData
from rnncli.errors import InputError
from rnncli.init.column_roles import Guess, sequence_column
from rnncli.init.labelled_sequences import suggest_sequences
from rnncli.init.labelled_texts import is_possible, text_columns, text_section
from rnncli.init.series_table import suggest_series
from rnncli.init.suggestion import Hints, Suggestion
from rnncli.init.table_arrangement import is_series, long_section, wide_section
from rnncli.init.table_head import read_head
from rnncli.init.test_file import test_file_of
from rnncli.init.text_files import is_prose, suggest_text_file
from rnncli.suggestions import suggest

# The kinds of data that are read from files.
KINDS = tuple(
    kind for kind, section in DATA.items() if issubclass(section, FileFormat | Series | TextFile)
)


def suggest_for_file(path: Path, hints: Hints) -> Suggestion:
    """Return a config suggested for a data file.

    Raises
    ------
    InputError
        The file cannot be trained on, or the hints do not apply to it.
    """
    if hints.kind is not None and hints.kind not in KINDS:
        raise InputError(f"--kind: '{hints.kind}' is not known; {suggest(hints.kind, KINDS)}")
    by_kind = DATA.get(hints.kind or "")
    section = format_of(path) if by_kind is None or by_kind is Series else by_kind
    if hints.kind is None and extension_of(path) == ".txt" and is_prose(path):
        section = TextFile
    _check_hints(hints, section)
    suggestion = Suggestion()
    if issubclass(section, TextFile):
        suggest_text_file(suggestion, path, test_file_of(path))
    elif issubclass(section, TableData):
        _suggest_table(suggestion, path, section, section.kind, hints)
    elif issubclass(section, Npz):
        if extension_of(path) == ".npy" and hints.label_path is None:
            raise InputError(f"{path}: an .npy file has no labels; give --labels FILE.npy")
        arrays = section(path=path, label_path=hints.label_path)
        suggest_sequences(suggestion, arrays, section.kind)
    elif issubclass(section, FileFormat):
        suggest_sequences(suggestion, section(path=path), section.kind)
    return suggestion


def _check_hints(hints: Hints, section: type[Data]) -> None:
    """Raise `InputError` for a hint that has no meaning for this kind of file."""
    is_table = issubclass(section, TableData)
    is_row_table = is_table and hints.kind != "series"
    applies = {
        "input_size": is_row_table,
        "label_column": is_table,
        "sequence_column": is_row_table,
        "label_path": issubclass(section, Npz),
    }
    kind = hints.kind or section.kind
    for name, is_applicable in applies.items():
        if getattr(hints, name) is not None and not is_applicable:
            option = {"label_path": "labels"}.get(name, name.replace("_", "-"))
            raise InputError(f"--{option}: does not apply to files of kind {kind}")


def _suggest_table(
    suggestion: Suggestion, path: Path, section: type[TableData], kind: str, hints: Hints
) -> None:
    with section.open_table(path, Dialect()) as table:
        head = read_head(table)
    label = None if hints.label_column is None else head.position(hints.label_column)
    texts = text_columns(head, label) if is_possible(hints) else None
    if texts is not None:
        suggest_sequences(suggestion, text_section(suggestion, texts, path, section), kind)
        return
    sequence = None
    if hints.sequence_column is not None:
        sequence = Guess(head.position(hints.sequence_column), True)
    elif hints.kind != "series":
        sequence = sequence_column(head)
    if sequence is not None:
        long = long_section(suggestion, head, sequence, path, section, hints)
        suggest_sequences(suggestion, long, kind)
    elif hints.kind == "series" or (hints.kind is None and is_series(suggestion, head, hints)):
        suggest_series(suggestion, head, path, hints)
    else:
        wide = wide_section(suggestion, head, path, section, hints)
        suggest_sequences(suggestion, wide, kind)
