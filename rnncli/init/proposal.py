"""A config proposed for a data file: what was seen in the file, and what follows from it."""

from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np

from rnncli.datasets.files import FileData
from rnncli.datasets.mapped import chunks
from rnncli.datasets.npz import Npz
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.datasets.series import read_table
from rnncli.datasets.task import MOST_CLASSES_UNASKED, infer_task, sorted_labels
from rnncli.datasets.ts import Ts
from rnncli.errors import InputError
from rnncli.init.columns import Table, read_head, sequence_column, time_columns
from rnncli.init.entries import Entry, FileKind, Hints, Proposal
from rnncli.init.layout import long_layout, wide_layout, wide_or_series
from rnncli.nn.arrays import Array
from rnncli.suggestions import suggest

_STEPS_OF_TRAINING, _BATCH = 1800, 32
_FEW_SEQUENCES, _FEW_ROWS = 3000, 500
_LARGEST_UNSCALED = 32


def propose(path: Path, hints: Hints) -> Proposal:
    """Look at a data file, and propose a config for it.

    Raises
    ------
    InputError
        The file is none that can be learned from, or the hints do not fit it.
    """
    ending = Path(path.name.removesuffix(".gz")).suffix.lower()
    kind = hints.kind or {".npz": "npz", ".npy": "npz", ".ts": "ts"}.get(ending)
    if kind is not None and kind not in get_args(FileKind):
        raise InputError(f"--kind {kind}: is not known; {suggest(kind, get_args(FileKind))}")
    _check_hints(hints, kind)
    found = Proposal()
    if kind == "ts":
        _sequences(found, Ts(path=path), path)
    elif kind == "npz":
        if ending == ".npy" and hints.label_path is None:
            raise InputError(f"{path}: an .npy file holds no labels; give --labels FILE.npy")
        _sequences(found, Npz(path=path, label_path=hints.label_path), path)
    else:
        _csv(found, path, hints, kind)
    return found


def _check_hints(hints: Hints, kind: str | None) -> None:
    """Raise `InputError` for a hint that says nothing about this kind of file."""
    fitting: dict[str, tuple[str | None, ...]] = {
        "input_size": ("csv", None),
        "label_column": ("csv", "series", None),
        "sequence_column": ("csv", None),
        "label_path": ("npz",),
    }
    for name, kinds in fitting.items():
        if getattr(hints, name) is not None and kind not in kinds:
            option = {"label_path": "labels"}.get(name, name.replace("_", "-"))
            raise InputError(f"--{option}: does not fit a file of kind {kind or 'csv'}")


def propose_synthetic() -> Proposal:
    """Return a config of the sum-sign task, which needs no file."""
    return Proposal(
        seen=["the sum-sign task: is the sum of ten random numbers positive?"],
        data=[
            Entry("kind", "sum_sign", "or adding, copy, parity, temporal_order; or your own file"),
            Entry("num_samples", 10_000, "validation included"),
            Entry("sequence_length", 10),
            Entry("validation_fraction", 0.1),
        ],
        model=[
            Entry("cell", "tanh", "or gru, lstm, relu"),
            Entry("hidden_size", 32),
        ],
        training=[
            Entry("num_epochs", 10),
            Entry("batch_size", 32),
            Entry("optimizer", {"kind": "adam", "learning_rate": 3e-3}, "or adamw, sgd"),
        ],
    )


def _csv(found: Proposal, path: Path, hints: Hints, kind: str | None) -> None:
    table = read_head(path)
    sequence = None
    if hints.sequence_column is not None:
        sequence = table.place(hints.sequence_column), True
    elif kind != "series":
        sequence = sequence_column(table)
    if sequence is not None:
        _sequences(found, long_layout(found, table, sequence, path, hints), path)
    elif (kind or wide_or_series(found, table, hints)) == "series":
        _series(found, table, path, hints)
    else:
        _sequences(found, wide_layout(found, table, path, hints), path)


def _sequences(found: Proposal, source: FileData, path: Path) -> None:
    """Propose the rest for sequences with labels."""
    whole = source.read_file(path)
    count, steps, features = whole.x.shape
    kind: str = source.kind  # type: ignore[attr-defined]
    test = _test_file(path)
    head = [Entry("kind", kind), Entry("path", path)]
    if isinstance(source, Npz) and source.label_path is not None:
        head.append(Entry("label_path", source.label_path))
    if test is not None:
        head.append(Entry("test_path", test, "`rnn evaluate` scores it"))
    lengths = "" if whole.lengths is None else f"{int(whole.lengths.min())} to "
    found.seen += [
        f"{count:,} sequences of {lengths}{steps} steps, {features} "
        f"feature{'s' * (features > 1)} a step",
        *_labels_in_words(whole),
    ]
    if test is not None:
        found.seen.append(f"{test.name} beside it, to test with")
    absent = _missing(whole) + (0 if test is None else _missing(source.read_file(test)))
    names = {str(label) for label in np.unique(whole.labels)} if whole.labels is not None else set()
    numbers = sorted_labels(names)
    many = len(numbers) > MOST_CLASSES_UNASKED and all(isinstance(n, int) for n in numbers)
    task = infer_task(whole, "regression" if many and not whole.says else whole.says)
    regression = task.kind == "regression"
    found.data[:0] = head
    if many:
        found.data.append(Entry("task", "regression", f"{len(numbers)} different whole numbers"))
        found.unsure.append("labels are taken for values; for classes: data.task: classification")
    found.data += _scaling(found, whole, absent)
    held = 0.0 if count < 20 or (test is not None and count < _FEW_SEQUENCES) else 0.1
    why = "part held out, to choose the best epoch by"
    found.data.append(
        Entry("validation_fraction", held, why if held else "every sequence is learned from")
    )
    found.model += [
        Entry("cell", "gru", "or lstm, tanh, relu"),
        Entry("hidden_size", 64, "32 is quicker, 128 can hold more"),
        Entry("num_layers", 1 if regression else 2),
        Entry("bidirectional", True, "false answers while a sequence goes on, as --stream does"),
    ]
    if not regression:
        found.model.append(Entry("dropout", 0.5, "less where training itself stays poor"))
    if whole.per_step:
        found.model.append(Entry("output", "every_step", "each step has a label"))
    else:
        found.model.append(Entry("pooling", "mean", "last where the end decides, max for events"))
    found.training += _training(count - round(count * held), _BATCH, 3e-3)


def _labels_in_words(whole: Sequences) -> list[str]:
    if whole.labels is None:
        raise InputError(f"{whole.source}: has no labels; a label for each sequence was expected")
    there = [str(label) for label in whole.labels.ravel().tolist() if str(label)]
    counts = Counter(there)
    what = "steps" if whole.per_step else "sequences"
    if len(counts) > 20:
        return [f"{len(counts)} different labels of {what}"]
    shown = ", ".join(f"{name} {counts[str(name)]}" for name in sorted_labels(counts, True))
    return [f"{len(counts)} labels of {what}: {shown}"]


def _missing(sequences: Sequences) -> int:
    return sum(int(np.isnan(part).sum()) for _, part in chunks(sequences.x))


def _scaling(found: Proposal, whole: Sequences, absent: int) -> list[Entry]:
    """Return the keys for missing values and for the scale of the features."""
    entries = []
    if absent:
        found.seen.append(f"{absent:,} missing values")
        entries.append(Entry("missing", "last", "the value before; or mean, zero, error"))
    deviations, low, high = _scale(whole)
    same = np.ptp(low) == 0 and max(abs(low.min()), high.max()) <= _LARGEST_UNSCALED
    if same and deviations.min() < deviations.max() / 2:
        comment = f"one scale for all, {low.min():g} to {high.max():g}; some hardly vary"
        entries.append(Entry("standardize", False, comment))
    else:
        entries.append(Entry("standardize", True, "each feature to mean 0 and deviation 1"))
    return entries


def _scale(whole: Sequences) -> tuple[Array, Array, Array]:
    """Return deviation, smallest and largest value of each feature, all (D,), of a first part."""
    part = next(chunks(whole.x))[1]
    steps = part.reshape(-1, part.shape[2])
    if whole.lengths is not None:
        steps = part[valid_steps(whole.lengths, part.shape[1])]
    steps = np.where(np.isnan(steps), np.nanmean(steps), steps)
    return steps.std(axis=0), steps.min(axis=0), steps.max(axis=0)


def _series(found: Proposal, table: Table, path: Path, hints: Hints) -> None:
    """Propose the windows of one table in the order of time."""
    if table.names is None:
        raise InputError(f"{path}: a series needs names of the columns in the first row")
    names, values, rows = read_table(path, None)
    times = {table.names[place] for place in time_columns(table)}
    columns = [name for name in names if name not in times]
    if not columns:
        raise InputError(f"{path}: no column of numbers besides {', '.join(sorted(times))}")
    targets = columns
    if hints.label_column is not None:
        targets = [table.names[table.place(hints.label_column)]]
    count, absent = len(rows), int(np.isnan(values[:, [names.index(c) for c in columns]]).sum())
    length = min(50, max(2, count // 10))
    held = 0.0 if count < _FEW_ROWS else 0.1
    found.seen += [
        f"one table of {count:,} rows; columns of numbers: {', '.join(columns)}",
        *([f"{absent:,} missing values"] if absent else []),
    ]
    if times:
        found.seen.append(f"left out, as they only tell the time: {', '.join(sorted(times))}")
    found.data += [
        Entry("kind", "series"),
        Entry("path", path),
        Entry("columns", columns, "the features of a step"),
        Entry("targets", targets, "what is foretold"),
        Entry("sequence_length", length, "rows of a window"),
        Entry("horizon", 1, "rows to foretell"),
        Entry("test_size", count // 5, "the last fifth; `rnn evaluate` scores it"),
        Entry("validation_fraction", held, "the latest windows before the test, held out"),
        *([Entry("missing", "last", "the value before; or mean, zero")] if absent else []),
    ]
    found.model += [
        Entry("cell", "gru", "or lstm, tanh, relu"),
        Entry("hidden_size", 16 if count < _FEW_ROWS else 64, "more can hold more, and overfit"),
    ]
    found.training += _training(count - count // 5 - length, 16, 5e-3)


def _training(count: int, batch: int, rate: float) -> list[Entry]:
    """Return the training of so many sequences: small data is seen more often."""
    epochs = min(100, max(10, round(_STEPS_OF_TRAINING * batch / _BATCH / max(1, count / batch))))
    return [
        Entry("num_epochs", epochs, "more while the loss still falls"),
        Entry("batch_size", batch),
        Entry("optimizer", {"kind": "adam", "learning_rate": rate}, "or adamw, sgd"),
    ]


def _test_file(path: Path) -> Path | None:
    """Return the test file beside a training file: ``TEST`` for ``TRAIN``, or ``name_test``."""
    stem, dot, ending = path.name.partition(".")
    pairs = (("TRAIN", "TEST"), ("Train", "Test"), ("train", "test"))
    names = [test.join(stem.rsplit(train, 1)) for train, test in pairs if train in stem]
    for name in names or [f"{stem}_test", f"{stem}_TEST"]:
        beside = path.with_name(name + dot + ending)
        if beside.is_file() and beside != path:
            return beside
    return None
