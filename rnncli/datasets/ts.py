"""The UCR/UEA ``.ts`` format: time series of several channels and of any length."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rnncli.datasets.csv_rows import label_of
from rnncli.datasets.files import FileData
from rnncli.datasets.numbers import number, numbers
from rnncli.datasets.sequences import Sequences, TaskName, padded
from rnncli.datasets.untrusted.lines import open_lines
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

_ABSENT = ("?", "nan")


@dataclass(frozen=True, kw_only=True)
class Ts(FileData):
    """The config section ``data`` of kind ts."""

    kind: Literal["ts"] = "ts"

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences."""
        return read_ts(path, labelled=True)


def read_ts(path: Path, labelled: bool) -> Sequences:
    """Return a file's sequences; what is missing is NaN.

    Lengths and channels are taken from the data, as headers are not always right about them. The
    last field of a line is its label if the header says so or, without a word in the header, if it
    holds one value where the others hold several.

    Raises
    ------
    InputError
        Naming the line, and the channel and place of what is wrong there.
    """
    with open_lines(path) as stream:
        header, lines = _header(stream, str(path))
        says, has_label = _about_labels(header)
        sequences: list[Array] = []
        labels: list[str] = []
        rows: list[int] = []
        for row, text in lines:
            fields = text.split(":")
            if has_label is None:
                has_label = "," not in fields[-1] and any("," in field for field in fields[:-1])
            if has_label:
                try:
                    labels.append(label_of(fields.pop()))
                except ValueError as problem:
                    raise InputError(f"{path}:{row}: row {row}: {problem}") from None
            sequences.append(_sequence(fields, str(path), row))
            if sequences[-1].shape[1] != sequences[0].shape[1]:
                raise InputError(
                    f"{path}:{row}: row {row}: {sequences[-1].shape[1]} channels; "
                    f"{sequences[0].shape[1]} were expected, as in the first sequence"
                )
            rows.append(row)
    if not sequences:
        raise InputError(f"{path}: no sequences after @data")
    if labelled and not labels:
        raise InputError(f"{path}: has no labels; '@classLabel true ...' was expected")
    x, lengths = padded(sequences, str(path))
    given = np.array(labels) if labels else None
    return Sequences(x, given, str(path), rows, lengths=lengths, says=says)


def _header(
    stream: Iterable[bytes], name: str
) -> tuple[dict[str, list[str]], Iterator[tuple[int, str]]]:
    """Return the header's tags, and an iterator over the lines of data after it."""
    tags: dict[str, list[str]] = {}
    lines = _lines(stream, name)
    for row, text in lines:
        if not text.startswith("@"):
            raise InputError(
                f"{name}:{row}: row {row}: data before @data; a header of lines '@name value' was "
                "expected"
            )
        tag, *values = text[1:].split() or [""]
        if tag.lower() == "data":
            break
        tags[tag.lower()] = values
    else:
        raise InputError(f"{name}: has no line @data; a .ts file was expected")
    if tags.get("timestamps", ["false"])[0].lower() == "true":
        raise InputError(f"{name}: holds time stamps (@timeStamps true), which are not supported")
    return tags, lines


def _lines(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are neither blank nor comments."""
    for row, raw in enumerate(stream, 1):
        raw = raw.removeprefix(codecs.BOM_UTF8).strip()
        if raw and raw[:1] not in b"#%":
            try:
                yield row, raw.decode()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{name}:{row}: row {row}: byte {error.start + 1} is not UTF-8 text; "
                    "save the file as UTF-8"
                ) from None


def _about_labels(tags: dict[str, list[str]]) -> tuple[TaskName | None, bool | None]:
    """Return what the header says that labels are, and whether there are any."""
    kinds: tuple[tuple[str, TaskName], ...] = (
        ("targetlabel", "regression"),
        ("classlabel", "classification"),
    )
    said = [(kind, tags[tag][0].lower() == "true") for tag, kind in kinds if tags.get(tag)]
    for kind, there in said:
        if there:
            return kind, True
    return None, False if said else None


def _sequence(fields: list[str], name: str, row: int) -> Array:
    """Return a line's channels as (T, D), without steps at the end where all are missing."""
    if fields and fields[0].lstrip().startswith("("):
        raise InputError(f"{name}:{row}: row {row}: holds time stamps, which are not supported")
    channels = [_channel(field, name, row, place) for place, field in enumerate(fields, 1)]
    lengths = {len(channel) for channel in channels}
    if len(lengths) != 1:
        raise InputError(
            f"{name}:{row}: row {row}: channels of {min(lengths, default=0)} to "
            f"{max(lengths, default=0)} values; the channels of a sequence have one length"
        )
    sequence = np.array(channels).T
    there = np.flatnonzero(~np.isnan(sequence).all(axis=1))
    if not len(there):
        raise InputError(f"{name}:{row}: row {row}: no values")
    return sequence[: there[-1] + 1]


def _channel(field: str, name: str, row: int, place: int) -> list[float]:
    cells = field.strip().strip(",").split(",")
    try:
        return numbers(cells)
    except ValueError:
        pass
    values = []
    for position, cell in enumerate(cells, 1):
        try:
            values.append(np.nan if cell.strip().lower() in _ABSENT else number(cell))
        except ValueError as problem:
            raise InputError(
                f"{name}:{row}: row {row}, channel {place}, value {position}: {problem}"
            ) from None
    return values
