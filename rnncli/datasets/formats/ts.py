"""The UCR/UEA ``.ts`` format: time series of several channels and of any length."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from rnncli.datasets.files import FileData
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.numbers import number, numbers
from rnncli.datasets.sequences import SMALLER_DATA, Sequences, TaskName, check_label_length, padded
from rnncli.datasets.untrusted.lines import open_lines
from rnncli.errors import InputError, place_in_file
from rnncli.memory import within_memory
from rnncli.nn.arrays import Array

_MISSING_MARKERS = ("?", "nan")
# A line may hold one long sequence.
_LINES_PER_MEMORY_CHECK = 8
_LABEL_TAGS: tuple[tuple[str, TaskName], ...] = (
    ("targetlabel", "regression"),
    ("classlabel", "classification"),
)


@dataclass(frozen=True, kw_only=True)
class Ts(FileData):
    """The config section ``data`` of kind ts; the files may be compressed with gzip."""

    extensions: ClassVar[tuple[str, ...]] = (".ts",)

    kind: Literal["ts"] = "ts"

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences."""
        return read_ts(path, labelled=True)

    @classmethod
    def read_inputs(cls, path: Path, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
        """Yield the sequences of a file, with labels where it has them."""
        yield read_ts(path, labelled)


def read_ts(path: Path, labelled: bool) -> Sequences:
    """Return a file's sequences; missing values are NaN.

    Lengths and channels are taken from the data, because headers are not always correct. The last
    field of a line is its label if the header declares labels. If the header does not mention them,
    it is a label if it is one value and another field of the first line holds several.

    Raises
    ------
    InputError
        Naming the line, and the channel and position of an invalid value.
    """
    with open_lines(path) as stream:
        tags, lines = _header(stream, str(path))
        label_type, has_labels = _declared_labels(tags)
        content = _Content(str(path), has_labels)
        for row, text in within_memory(lines, _LINES_PER_MEMORY_CHECK, str(path), SMALLER_DATA):
            content.add(row, text.split(":"))
    if not content.sequences:
        raise InputError(f"{path}: no sequences after @data")
    if labelled and not content.labels:
        raise InputError(f"{path}: has no labels; '@classLabel true ...' was expected")
    x, lengths = padded(content.sequences, str(path))
    labels = np.array(content.labels) if content.labels else None
    return Sequences(x, labels, str(path), content.rows, lengths=lengths, label_type=label_type)


@dataclass
class _Content:
    """The sequences read so far; if `has_labels` is None, the first line decides."""

    source: str
    has_labels: bool | None
    sequences: list[Array] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def add(self, row: int, fields: list[str]) -> None:
        """Add the sequence, and the label, of a line."""
        if self.has_labels is None:
            self.has_labels = "," not in fields[-1] and any("," in text for text in fields[:-1])
        place = place_in_file(self.source, row, "line")
        if self.has_labels:
            self.labels.append(_label(fields.pop(), place))
        self.sequences.append(_sequence(fields, place))
        channels, expected = self.sequences[-1].shape[1], self.sequences[0].shape[1]
        if channels != expected:
            raise InputError(
                f"{place}: {channels} channels; {expected} were expected, as in the first sequence"
            )
        self.rows.append(row)


def _label(text: str, place: str) -> str:
    text = text.strip()
    if not text:
        raise InputError(f"{place}: the label is empty")
    try:
        check_label_length(text)
    except ValueError as problem:
        raise InputError(f"{place}: {problem}") from None
    return text


def _header(
    stream: Iterable[bytes], name: str
) -> tuple[dict[str, list[str]], Iterator[tuple[int, str]]]:
    """Return the header's tags with their values, and an iterator over the lines after it."""
    tags: dict[str, list[str]] = {}
    lines = _lines(stream, name)
    for row, text in lines:
        if not text.startswith("@"):
            place = place_in_file(name, row, "line")
            raise InputError(
                f"{place}: data before @data; a header of lines '@name value' was expected"
            )
        tag, *values = text[1:].split() or [""]
        if tag.lower() == "data":
            break
        tags[tag.lower()] = values
    else:
        raise InputError(f"{name}: has no @data line; a .ts file was expected")
    if _is_declared(tags, "timestamps"):
        raise InputError(f"{name}: holds time stamps (@timeStamps), which are not supported")
    return tags, lines


def _is_declared(tags: dict[str, list[str]], tag: str) -> bool:
    """Return whether the header has a tag with the value true, or without a value."""
    return tag in tags and (not tags[tag] or tags[tag][0].lower() == "true")


def _lines(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are neither blank nor comments."""
    for row, raw in enumerate(stream, 1):
        raw = raw.removeprefix(codecs.BOM_UTF8).strip()
        if raw and raw[:1] not in b"#%":
            try:
                yield row, raw.decode()
            except UnicodeDecodeError as error:
                place = place_in_file(name, row, "line")
                raise InputError(
                    f"{place}: byte {error.start + 1} is not UTF-8 text; save the file as UTF-8"
                ) from None


def _declared_labels(tags: dict[str, list[str]]) -> tuple[TaskName | None, bool | None]:
    """Return the declared type of the labels, and whether there are any; None if not declared."""
    mentioned = [(kind, _is_declared(tags, tag)) for tag, kind in _LABEL_TAGS if tags.get(tag)]
    for kind, present in mentioned:
        if present:
            return kind, True
    return None, False if mentioned else None


def _sequence(fields: list[str], place: str) -> Array:
    """Return a line's channels as (T, D), without empty time steps at the end."""
    if fields and fields[0].lstrip().startswith("("):
        raise InputError(f"{place}: holds time stamps, which are not supported")
    channels = [
        _channel(text, f"{place}, channel {channel}") for channel, text in enumerate(fields, 1)
    ]
    lengths = {len(channel) for channel in channels}
    if len(lengths) != 1:
        raise InputError(
            f"{place}: channels of {min(lengths, default=0)} to {max(lengths, default=0)} values; "
            "all channels of a sequence must be equally long"
        )
    sequence = np.array(channels).T
    present = np.flatnonzero(~np.isnan(sequence).all(axis=1))
    if not len(present):
        raise InputError(f"{place}: no values")
    return sequence[: present[-1] + 1]


def _channel(text: str, place: str) -> list[float]:
    """Return the values of a channel, NaN where missing."""
    cells = text.strip().strip(",").split(",")
    try:
        return numbers(cells)
    except ValueError:
        pass
    values = []
    for position, cell in enumerate(cells, 1):
        try:
            is_missing = cell.strip().lower() in _MISSING_MARKERS
            values.append(np.nan if is_missing else number(cell))
        except ValueError as problem:
            raise InputError(f"{place}, value {position}: {problem}") from None
    return values
