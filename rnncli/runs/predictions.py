"""Predictions as CSV, JSON lines or NumPy arrays."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnncli.data.sequences import Sequences
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.runs.files import atomic_write
from rnncli.training.model import Model

FORMATS = ("csv", "jsonl", "npz")


def format_of(output: Path | None, wanted: str | None) -> str:
    """Return the format that was asked for, or that the file's ending speaks of."""
    if wanted is not None:
        if wanted not in FORMATS:
            raise InputError(f"--format: '{wanted}' is not known; one of {', '.join(FORMATS)}")
        return wanted
    ending = "" if output is None else output.suffix.removeprefix(".")
    return ending if ending in FORMATS else "csv"


def write_predictions(
    model: Model, parts: Iterable[Sequences], form: str, output: Path | None, standard: BinaryIO
) -> int:
    """Predict the sequences part by part, and write as they come; return how many.

    A file appears when all of it is there; ``None`` writes to `standard`, the standard output.
    """
    count = 0
    target = nullcontext(standard) if output is None else atomic_write(output)
    with target as stream, _WRITERS[form](model, stream) as write:
        for part in parts:
            z = model.outputs(part.x, part.lengths)
            answers = model.task.decode(z)
            classes = model.task.kind != "regression"
            write(answers, model.task.probabilities(z) if classes else None)
            count += len(part)
    return count


def _columns(model: Model) -> list[str]:
    """Return the columns' names: label and probabilities, or the value or values."""
    if model.task.kind != "regression":
        return ["label", *(f"probability_{label}" for label in model.task.labels)]
    count = model.task.output_size
    return ["value"] if count == 1 else [f"value_{i}" for i in range(count)]


@contextmanager
def _csv(model: Model, stream: BinaryIO) -> Iterator[Any]:
    # With the first rows, not before: input that is wrong leaves nothing on the output.
    header = [_columns(model)]

    def write_rows(rows: Iterable[list[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        stream.write(text.getvalue().encode())

    def write(answers: Array, probabilities: Array | None) -> None:
        if header:
            write_rows([header.pop()])
        if probabilities is None:
            write_rows([f"{v:.9g}" for v in row] for row in answers.tolist())
        else:
            pairs = zip(answers.tolist(), probabilities.tolist(), strict=True)
            write_rows([label, *(f"{p:.6f}" for p in row)] for label, row in pairs)

    yield write


@contextmanager
def _jsonl(model: Model, stream: BinaryIO) -> Iterator[Any]:
    names = [str(label) for label in model.task.labels]

    def write(answers: Array, probabilities: Array | None) -> None:
        rows: Iterable[dict[str, Any]]
        if probabilities is None:
            rows = ({"value": row[0] if len(row) == 1 else row} for row in answers.tolist())
        else:
            rows = (
                {"label": label, "probabilities": dict(zip(names, row, strict=True))}
                for label, row in zip(answers.tolist(), probabilities.tolist(), strict=True)
            )
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        stream.write(lines.encode())

    yield write


@contextmanager
def _npz(model: Model, stream: BinaryIO) -> Iterator[Any]:
    collected: list[tuple[Array, Array | None]] = []
    yield lambda answers, probabilities: collected.append((answers, probabilities))
    answers, chances = zip(*collected, strict=True)
    if model.task.kind == "regression":
        np.savez(stream, allow_pickle=False, value=np.concatenate(answers))
    else:
        np.savez(
            stream,
            allow_pickle=False,
            label=np.concatenate(answers),
            probability=np.concatenate(chances),
            labels=np.array(model.task.labels),
        )


_WRITERS = {"csv": _csv, "jsonl": _jsonl, "npz": _npz}
