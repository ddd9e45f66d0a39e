"""A config suggested for a data file, from the content of the file."""

from collections import Counter
from pathlib import Path

import numpy as np

from rnncli.datasets import DATA, Data, FileFormat, Npz, Series, TextFile
from rnncli.datasets.dialect import Dialect
from rnncli.datasets.files import FileData
from rnncli.datasets.formats import extension_of, format_of
from rnncli.datasets.labels import sorted_labels
from rnncli.datasets.mapped import chunks
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.datasets.table_data import TableData
from rnncli.datasets.task import MAX_CLASSES_INFERRED, infer_task
from rnncli.errors import InputError
from rnncli.init.column_roles import Guess, sequence_column
from rnncli.init.labelled_texts import (
    is_possible,
    size_in_words,
    text_columns,
    text_section,
)
from rnncli.init.series_table import suggest_series
from rnncli.init.suggestion import Hints, SuggestedKey, Suggestion, missing_keys, or_others
from rnncli.init.table_arrangement import is_series, long_section, wide_section
from rnncli.init.table_head import read_head
from rnncli.init.test_file import test_file_of
from rnncli.init.text_files import is_prose, suggest_text_file
from rnncli.nn.arrays import Array
from rnncli.nn.cells import CELLS
from rnncli.suggestions import suggest
from rnncli.training.optimizers import OPTIMIZERS

# The kinds of data that are read from files.
KINDS = tuple(
    kind for kind, section in DATA.items() if issubclass(section, FileFormat | Series | TextFile)
)
# Small data is trained for more epochs, up to about this many steps of a batch of this size.
_TRAINING_STEPS, _BATCH_SIZE = 1800, 32
# With a test file and fewer sequences than the first, or with fewer rows of a series than the
# second, there is no validation split; the network for few rows is also smaller.
_FEW_SEQUENCES, _FEW_ROWS = 3000, 500
# Features that share a range within this magnitude need not be standardized.
_MAX_UNSCALED = 32


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
        _suggest_sequences(suggestion, arrays, section.kind)
    elif issubclass(section, FileFormat):
        _suggest_sequences(suggestion, section(path=path), section.kind)
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
        _suggest_sequences(suggestion, text_section(suggestion, texts, path, section), kind)
        return
    sequence = None
    if hints.sequence_column is not None:
        sequence = Guess(head.position(hints.sequence_column), True)
    elif hints.kind != "series":
        sequence = sequence_column(head)
    if sequence is not None:
        long = long_section(suggestion, head, sequence, path, section, hints)
        _suggest_sequences(suggestion, long, kind)
    elif hints.kind == "series" or (hints.kind is None and is_series(suggestion, head, hints)):
        suggest_series(suggestion, head, path, hints)
    else:
        wide = wide_section(suggestion, head, path, section, hints)
        _suggest_sequences(suggestion, wide, kind)


def _suggest_sequences(suggestion: Suggestion, section: FileData, kind: str) -> None:
    """Add the keys that do not depend on the format of labelled sequences."""
    sequences = section.read_file(section.path)
    test = test_file_of(section.path)
    first_keys = [SuggestedKey("kind", kind), SuggestedKey("path", section.path)]
    if isinstance(section, Npz) and section.label_path is not None:
        first_keys.append(SuggestedKey("label_path", section.label_path))
    if test is not None:
        first_keys.append(SuggestedKey("test_path", test, "`rnn evaluate` scores it"))
    suggestion.data[:0] = first_keys
    has_texts = sequences.vocabulary is not None
    size = size_in_words(sequences) if has_texts else _size_in_words(sequences)
    suggestion.findings[:0] = [size, *_labels_in_words(sequences)]
    missing = _count_missing(sequences)
    if test is not None:
        suggestion.findings.append(f"{test.name} in the same folder, for the test split")
        missing += _count_missing(section.read_file(test))
    labels = () if sequences.labels is None else np.unique(sequences.labels)
    distinct = sorted_labels({str(label) for label in labels})
    many_values = len(distinct) > MAX_CLASSES_INFERRED and all(
        isinstance(label, int) for label in distinct
    )
    declared = "regression" if many_values and not sequences.label_type else sequences.label_type
    is_regression = infer_task(sequences, declared).kind == "regression"
    if many_values:
        comment = f"{len(distinct)} different whole numbers"
        suggestion.data.append(SuggestedKey("task", "regression", comment))
        suggestion.uncertainties.append(
            "labels are guessed to be values; for classes, set data.task: classification"
        )
    if not has_texts:
        suggestion.data += _scaling_keys(suggestion, sequences, missing)
    count = len(sequences)
    skip_validation = count < 20 or (test is not None and count < _FEW_SEQUENCES)
    fraction = 0.0 if skip_validation else 0.1
    why = "fraction that chooses the best epoch"
    if skip_validation:
        why = "every sequence is trained on"
    suggestion.data.append(SuggestedKey("validation_fraction", fraction, why))
    suggestion.model += _model_keys(is_regression, sequences.per_step, has_texts)
    suggestion.training += _training_keys(count - round(count * fraction), _BATCH_SIZE, 3e-3)


def _model_keys(is_regression: bool, per_step: bool, has_texts: bool) -> list[SuggestedKey]:
    embedding = [SuggestedKey("embedding_size", 32, "width of the vectors of symbols")]
    keys = [
        SuggestedKey("cell", "gru", or_others(CELLS, "gru")),
        SuggestedKey("hidden_size", 64, "32 is faster, 128 can learn more"),
        *(embedding if has_texts else []),
        SuggestedKey("num_layers", 1 if is_regression else 2),
        SuggestedKey(
            "bidirectional", True, "false allows predictions as a sequence arrives (--stream)"
        ),
    ]
    if not is_regression:
        keys.append(SuggestedKey("dropout", 0.5, "less if the training loss stays high"))
    if per_step:
        return [*keys, SuggestedKey("output", "every_step", "each time step has a label")]
    comment = "or max for events" if has_texts else "last where the end decides, max for events"
    return [*keys, SuggestedKey("pooling", "last" if has_texts else "mean", comment)]


def _size_in_words(sequences: Sequences) -> str:
    count, sequence_length, features = sequences.x.shape
    lengths = "" if sequences.lengths is None else f"{int(sequences.lengths.min())} to "
    return (
        f"{count:,} sequences of {lengths}{sequence_length} time steps, {features} "
        f"feature{'s' * (features > 1)} per time step"
    )


def _labels_in_words(sequences: Sequences) -> list[str]:
    if sequences.labels is None:
        raise InputError(
            f"{sequences.source}: has no labels; a label for each sequence was expected"
        )
    labels = [str(label) for label in sequences.labels.ravel().tolist() if str(label)]
    counts = Counter(labels)
    what = "time steps" if sequences.per_step else "sequences"
    if len(counts) > 20:
        return [f"{len(counts)} different labels of {what}"]
    shown = ", ".join(f"{name} {counts[str(name)]}" for name in sorted_labels(counts, True))
    return [f"{len(counts)} labels of {what}: {shown}"]


def _count_missing(sequences: Sequences) -> int:
    return sum(int(np.isnan(chunk).sum()) for _, chunk in chunks(sequences.x))


def _scaling_keys(suggestion: Suggestion, sequences: Sequences, missing: int) -> list[SuggestedKey]:
    """Return the keys `missing` and `standardize`."""
    keys = missing_keys(suggestion, missing)
    deviations, low, high = _scale(sequences)
    same_range = np.ptp(low) == 0 and max(abs(low.min()), high.max()) <= _MAX_UNSCALED
    if same_range and deviations.min() < deviations.max() / 2:
        comment = f"all features range from {low.min():g} to {high.max():g}; some hardly vary"
        return [*keys, SuggestedKey("standardize", False, comment)]
    comment = "each feature to mean 0 and standard deviation 1"
    return [*keys, SuggestedKey("standardize", True, comment)]


def _scale(sequences: Sequences) -> tuple[Array, Array, Array]:
    """Return standard deviation, minimum and maximum (D,) of the first sequences' features."""
    chunk = next(chunks(sequences.x))[1]
    values = chunk.reshape(-1, chunk.shape[2])
    if sequences.lengths is not None:
        values = chunk[valid_steps(sequences.lengths, chunk.shape[1])]
    known = values[~np.isnan(values)]
    # Infinite numbers, and those whose squares are, are refused when the config is tried.
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.where(np.isnan(values), known.mean() if known.size else 0.0, values)
        return values.std(axis=0), values.min(axis=0), values.max(axis=0)


def _training_keys(count: int, batch_size: int, rate: float) -> list[SuggestedKey]:
    """Return the training keys for a number of sequences; few sequences need more epochs."""
    steps = _TRAINING_STEPS * batch_size / _BATCH_SIZE
    epochs = min(100, max(10, round(steps / max(1, count / batch_size))))
    return [
        SuggestedKey("num_epochs", epochs, "more while the loss still falls"),
        SuggestedKey("batch_size", batch_size),
        SuggestedKey(
            "optimizer", {"kind": "adam", "learning_rate": rate}, or_others(OPTIMIZERS, "adam")
        ),
    ]
