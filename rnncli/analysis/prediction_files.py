"""Predictions as CSV, JSON lines or NumPy arrays, one row per prediction."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.inference.intervals import LEVELS
from rnncli.inference.model import Model
from rnncli.inference.predictions import Predictions, concatenated, predict_sequences
from rnncli.inference.stream import Stream, parse_features
from rnncli.memory import within_memory
from rnncli.nn.arrays import Array
from rnncli.runs.archive import write_npz
from rnncli.runs.files import output_file, write_all

FORMATS = ("csv", "jsonl", "npz")
# Names of the columns of an output besides the ids and the positions.
_OWN_COLUMNS = {
    *("label", "labels", "value", "true", "probability", "probabilities"),
    *(f"{bound}_{level}" for level in LEVELS for bound in ("lower", "upper")),
}

Write = Callable[[Predictions], None]


def format_of(output: Path | None, requested: str | None) -> str:
    """Return the requested format, or else the one that the file's extension implies."""
    if requested is not None:
        if requested not in FORMATS:
            raise InputError(f"--format: '{requested}' is not known; one of {', '.join(FORMATS)}")
        return requested
    extension = "" if output is None else output.suffix.removeprefix(".")
    return extension if extension in FORMATS else "csv"


@contextmanager
def open_predictions(
    model: Model, file_format: str, output: Path | None, standard_output: BinaryIO
) -> Iterator[Write]:
    """Open a file, or standard output for None, and yield the function that writes predictions.

    A file appears under its name only when it is complete.
    """
    target: AbstractContextManager[BinaryIO]
    target = nullcontext(standard_output) if output is None else output_file(output)
    with target as stream, _WRITERS[file_format](model, stream) as write:
        yield write


def write_predictions(model: Model, pieces: Iterable[Sequences], write: Write) -> int:
    """Predict and write sequences piece by piece; return their number."""
    count = 0
    for sequences in within_memory(pieces, 1, "the predictions", "write CSV or JSON lines"):
        write(predict_sequences(model, sequences, count))
        count += len(sequences)
    return count


def predict_stream(model: Model, lines: Iterable[bytes]) -> Iterator[Predictions]:
    """Yield the prediction after each line with the features of a time step, or a piece of text.

    A blank line, or for texts an empty one, starts a new sequence. A model with frames predicts
    after the line that completes a frame, and at the end of a sequence whose last frame is partial.
    """
    stream = Stream(model)
    for row, raw in enumerate(lines, 1):
        try:
            predictions = _after_line(stream, raw)
        except ValueError as problem:
            raise InputError(f"standard input:{row}: row {row}: {problem}") from None
        if predictions is not None:
            yield predictions
    last = stream.finish()
    if last is not None:
        yield last


def _after_line(stream: Stream, raw: bytes) -> Predictions | None:
    """Return the prediction after a line; None if there is none yet, or no longer."""
    if stream.model.input_spec.vocabulary is not None:
        try:
            text = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ValueError("is not UTF-8 text; UTF-8 was expected") from None
        if text:
            return stream.continue_with(text)
    else:
        text = raw.decode("utf-8", errors="replace").strip()
        if text:
            return stream.step(parse_features(text, stream.model.input_spec.input_size))
    return stream.finish()


def _columns(model: Model, kind: str) -> list[str]:
    """Return the columns of labels, values or bounds: ``label``, ``value`` or ``value_0``, ..."""
    if model.task.kind != "regression":
        return [kind]
    count = model.task.output_size
    kind = "value" if kind == "label" else kind
    return [kind] if count == 1 else [f"{kind}_{i}" for i in range(count)]


def _plain(values: Array, number: str) -> list[tuple[Any, ...]]:
    """Return rows of labels unchanged, and rows of floats in the given format, such as ``%.9g``."""
    cells: Iterable[Any] = values.ravel().tolist()
    if values.dtype.kind == "f":
        cells = map(number.__mod__, cells)
    width = values.reshape(len(values), -1).shape[1]
    return list(zip(*[iter(cells)] * width, strict=True))


def _leading_columns(predictions: Predictions) -> dict[str, Array]:
    """Return the columns before the predictions: the ids, and the positions.

    An id column with the name of another column of the output is renamed to ``id_NAME``.
    """
    others = {*predictions.positions, *_OWN_COLUMNS}
    ids = {f"id_{name}" if name in others else name: ids for name, ids in predictions.ids.items()}
    return ids | predictions.positions


@contextmanager
def _csv(model: Model, stream: BinaryIO) -> Iterator[Write]:
    header_written = False

    def write(predictions: Predictions) -> None:
        nonlocal header_written
        leading = _leading_columns(predictions)
        columns = list(leading)
        groups = [_plain(column, "%s") for column in leading.values()]
        if predictions.labels is not None:
            columns += _columns(model, "true")
            groups.append(_plain(predictions.labels, "%.9g"))
        columns += _columns(model, "label")
        groups.append(_plain(predictions.values, "%.9g"))
        for name, bound in predictions.bounds.items():
            columns += _columns(model, name)
            groups.append(_plain(bound, "%.9g"))
        if predictions.probabilities is not None:
            columns += [f"probability_{label}" for label in model.task.labels]
            groups.append(_plain(predictions.probabilities, "%.6f"))
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        # The header is written with the first rows, so that invalid input leaves no output.
        if not header_written:
            writer.writerow(columns)
            header_written = True
        writer.writerows(map(chain.from_iterable, zip(*groups, strict=True)))
        write_all(stream, text.getvalue().encode())

    yield write


@contextmanager
def _jsonl(model: Model, stream: BinaryIO) -> Iterator[Write]:
    labels = [str(label) for label in model.task.labels]
    is_classification = model.task.kind != "regression"

    def unwrapped(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    def write(predictions: Predictions) -> None:
        leading = {name: column.tolist() for name, column in _leading_columns(predictions).items()}
        true = None if predictions.labels is None else predictions.labels.tolist()
        probabilities = (
            None if predictions.probabilities is None else predictions.probabilities.tolist()
        )
        bounds = {name: bound.tolist() for name, bound in predictions.bounds.items()}
        lines = []
        for i, value in enumerate(predictions.values.tolist()):
            row: dict[str, Any] = {name: column[i] for name, column in leading.items()}
            if true is not None:
                row["true"] = unwrapped(true[i])
            row["label" if is_classification else "value"] = unwrapped(value)
            row |= {name: unwrapped(bound[i]) for name, bound in bounds.items()}
            if probabilities is not None:
                row["probabilities"] = dict(zip(labels, probabilities[i], strict=True))
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        write_all(stream, "".join(lines).encode())

    yield write


@contextmanager
def _npz(model: Model, stream: BinaryIO) -> Iterator[Write]:
    batches: list[Predictions] = []
    yield batches.append
    predictions = concatenated(batches)
    is_regression = model.task.kind == "regression"
    leading = _leading_columns(predictions)
    arrays = leading | {"value" if is_regression else "label": predictions.values}
    arrays |= predictions.bounds
    if predictions.labels is not None:
        arrays["true"] = predictions.labels
    if predictions.probabilities is not None:
        arrays |= {
            "probability": predictions.probabilities,
            "labels": np.array(model.task.labels),
        }
    write_npz(stream, arrays)


_WRITERS = {"csv": _csv, "jsonl": _jsonl, "npz": _npz}
