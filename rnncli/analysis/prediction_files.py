"""Predictions as CSV, JSON lines or NumPy arrays: a row for each answer."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.inference.predictions import Predictions, predict_sequences
from rnncli.inference.stream import Stream, parse_features
from rnncli.nn.arrays import Array
from rnncli.runs.archive import write_npz
from rnncli.runs.files import output_file

FORMATS = ("csv", "jsonl", "npz")
# Names that the output has besides the id column.
_OWN_COLUMNS = {"label", "labels", "value", "true", "probability", "probabilities"}

Write = Callable[[Predictions], None]


def format_of(output: Path | None, wanted: str | None) -> str:
    """Return the format that was asked for, or that the file's ending speaks of."""
    if wanted is not None:
        if wanted not in FORMATS:
            raise InputError(f"--format: '{wanted}' is not known; one of {', '.join(FORMATS)}")
        return wanted
    ending = "" if output is None else output.suffix.removeprefix(".")
    return ending if ending in FORMATS else "csv"


@contextmanager
def answers_file(
    model: Model, form: str, output: Path | None, standard: BinaryIO
) -> Iterator[Write]:
    """Open where answers are written as they come.

    A file appears when all of it is there; ``None`` writes to `standard`, the standard output.
    """
    target: AbstractContextManager[BinaryIO]
    target = nullcontext(standard) if output is None else output_file(output)
    with target as stream, _WRITERS[form](model, stream) as write:
        yield write


def write_predictions(model: Model, parts: Iterable[Sequences], write: Write) -> int:
    """Predict the sequences part by part, and write as they come; return how many."""
    count = 0
    for part in parts:
        write(predict_sequences(model, part, count))
        count += len(part)
    return count


def stream_answers(model: Model, lines: Iterable[bytes]) -> Iterator[Predictions]:
    """Yield the answer after each line with the features of a step; a blank one begins anew."""
    stream = Stream(model)
    for row, raw in enumerate(lines, 1):
        text = raw.decode("utf-8", errors="replace").strip()
        if not text:
            stream.reset()
            continue
        try:
            values = parse_features(text, model.network.input_size)
        except ValueError as problem:
            raise InputError(f"standard input:{row}: row {row}: {problem}") from None
        yield stream.step(values)


def _names(model: Model, kind: str) -> list[str]:
    """Return the columns of labels or values: ``label``, ``value``, or ``value_0``, ..."""
    if model.task.kind != "regression":
        return [kind]
    count = model.task.output_size
    kind = "value" if kind == "label" else kind
    return [kind] if count == 1 else [f"{kind}_{i}" for i in range(count)]


def _plain(values: Array, digits: str) -> list[list[Any]]:
    """Return rows of labels as they are, and of values with so many digits."""
    rows: list[list[Any]] = values.reshape(len(values), -1).tolist()
    if values.dtype.kind == "f":
        return [[format(value, digits) for value in row] for row in rows]
    return rows


def _leading(part: Predictions) -> dict[str, Array]:
    """Return the columns before the predictions: the id, and the place of steps.

    An id column that has the name of another column of the output is called ``id_NAME``.
    """
    others = {*part.positions, *_OWN_COLUMNS}
    ids = {f"id_{name}" if name in others else name: ids for name, ids in part.ids.items()}
    return ids | part.positions


@contextmanager
def _csv(model: Model, stream: BinaryIO) -> Iterator[Write]:
    begun = False

    def write(part: Predictions) -> None:
        nonlocal begun
        leading = _leading(part)
        columns = list(leading)
        groups = [_plain(column, "") for column in leading.values()]
        if part.labels is not None:
            columns += _names(model, "true")
            groups.append(_plain(part.labels, ".9g"))
        columns += _names(model, "label")
        groups.append(_plain(part.values, ".9g"))
        if part.probabilities is not None:
            columns += [f"probability_{label}" for label in model.task.labels]
            groups.append(_plain(part.probabilities, ".6f"))
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        # The header comes with the first rows: input that is wrong leaves nothing on the output.
        if not begun:
            writer.writerow(columns)
            begun = True
        writer.writerows(
            [cell for group in row for cell in group] for row in zip(*groups, strict=True)
        )
        stream.write(text.getvalue().encode())

    yield write


@contextmanager
def _jsonl(model: Model, stream: BinaryIO) -> Iterator[Write]:
    labels = [str(label) for label in model.task.labels]
    classes = model.task.kind != "regression"

    def one(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    def write(part: Predictions) -> None:
        places = {name: column.tolist() for name, column in _leading(part).items()}
        truth = None if part.labels is None else part.labels.tolist()
        chances = None if part.probabilities is None else part.probabilities.tolist()
        lines = []
        for i, given in enumerate(part.values.tolist()):
            row: dict[str, Any] = {name: place[i] for name, place in places.items()}
            if truth is not None:
                row["true"] = one(truth[i])
            row["label" if classes else "value"] = one(given)
            if chances is not None:
                row["probabilities"] = dict(zip(labels, chances[i], strict=True))
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        stream.write("".join(lines).encode())

    yield write


@contextmanager
def _npz(model: Model, stream: BinaryIO) -> Iterator[Write]:
    parts: list[Predictions] = []
    yield parts.append
    classes = model.task.kind != "regression"
    leading = [_leading(part) for part in parts]
    arrays = {name: np.concatenate([part[name] for part in leading]) for name in leading[0]}
    arrays["label" if classes else "value"] = np.concatenate([p.values for p in parts])
    if parts[0].labels is not None:
        arrays["true"] = np.concatenate([p.labels for p in parts if p.labels is not None])
    if classes:
        chances = [p.probabilities for p in parts if p.probabilities is not None]
        arrays |= {"probability": np.concatenate(chances), "labels": np.array(model.task.labels)}
    write_npz(stream, arrays)


_WRITERS = {"csv": _csv, "jsonl": _jsonl, "npz": _npz}
