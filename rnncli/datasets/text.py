"""The symbols of a text or of a split of it, and reading them from files."""

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from rnncli.datasets.mapped import release_pages
from rnncli.datasets.untrusted.lines import (
    STANDARD_INPUT,
    STANDARD_INPUT_NAME,
    open_lines,
    standard_input_lines,
)
from rnncli.datasets.vocabulary import (
    LINE_END,
    NUM_CODE_POINTS,
    Unit,
    Vocabulary,
    code_points,
    split_text,
)
from rnncli.errors import InputError
from rnncli.memory import max_memory, require_memory
from rnncli.nn.arrays import Array

DocumentKind = Literal["stream", "lines"]

_BYTES_PER_BLOCK = 1 << 20
# More symbols than these bytes hold, or than this share of the memory budget, stay on disk.
_MAX_BYTES_IN_MEMORY, _MAX_SHARE_IN_MEMORY = 1 << 28, 1 / 8
_SYMBOLS_PER_CHUNK = 1 << 22
# What the positions of a document take, those in the order of an epoch included.
_BYTES_PER_DOCUMENT = 64
_BLANKS_AT_LINE_ENDS = re.compile(r"[^\S\n]*\n\s*")


@dataclass(frozen=True)
class Text:
    """The symbols of a split.

    Attributes
    ----------
    symbols : array (M,)
        Indices in the vocabulary. They may still be on disk.
    source : str
        The file, for messages.
    starts, lengths : array (N,), array (N,), or None
        For independent documents, where each begins, and its number of predictions: of all symbols
        ``symbols[start : start + length + 1]`` but the first, which is the line end before them.
        None for one continuous stream, of which all symbols but the first are predicted.
    """

    symbols: Array
    source: str
    starts: Array | None = None
    lengths: Array | None = None

    # A language model predicts at every time step.
    per_step = True

    def __len__(self) -> int:
        """Return the number of predictions."""
        return max(0, len(self.symbols) - 1) if self.lengths is None else int(self.lengths.sum())

    def predicted(self, max_count: int) -> Array:
        """Return the last symbols that are predicted, at most `max_count` or one document.

        Documents follow one another, each with the line end after it.
        """
        if self.starts is None or self.lengths is None:
            first = max(1, len(self.symbols) - max_count)
            return np.asarray(self.symbols[first:])
        num_before = self.lengths.cumsum() - self.lengths
        first = min(int(np.searchsorted(num_before, len(self) - max_count)), len(num_before) - 1)
        starts, lengths = self.starts[first:], self.lengths[first:]
        before = np.cumsum(lengths) - lengths
        positions = np.repeat(starts + 1 - before, lengths) + np.arange(lengths.sum())
        return np.asarray(self.symbols[positions])

    def part(self, start: int, stop: int) -> "Text":
        """Return some of the consecutive symbols of a stream."""
        return replace(self, symbols=self.symbols[start:stop])

    def take(self, index: Array) -> "Text":
        """Return some of the documents."""
        assert self.starts is not None
        assert self.lengths is not None
        return replace(self, starts=self.starts[index], lengths=self.lengths[index])

    def digest(self) -> str:
        """Return a hash of the symbols and the documents."""
        sha256 = hashlib.sha256()
        for start in range(0, len(self.symbols), _SYMBOLS_PER_CHUNK):
            sha256.update(self.symbols[start : start + _SYMBOLS_PER_CHUNK].astype("<u2").tobytes())
            release_pages(self.symbols)
        for array in (self.starts, self.lengths):
            if array is not None:
                sha256.update(array.astype("<i8").tobytes())
        return sha256.hexdigest()


def text_of_documents(documents: list[Array], line_end: int, source: str) -> Text:
    """Return documents, each an array of symbols, as a text."""
    end = [line_end]
    joined = np.concatenate([end, *(part for document in documents for part in (document, end))])
    lengths = np.array([len(document) + 1 for document in documents])
    starts = np.cumsum(lengths) - lengths
    return Text(joined.astype(np.uint16), source, starts, lengths)


def read_blocks(path: Path, documents: DocumentKind) -> Iterator[str]:
    r"""Yield the text of a UTF-8 file, plain or gzip, in blocks that end with a line.

    The path ``-`` stands for standard input.

    A byte order mark is left out, and ``\r\n`` becomes ``\n``. Of texts of lines, blank lines and
    blanks around lines are left out, and the last line gets a line end.

    Raises
    ------
    InputError
        The file cannot be read, is not UTF-8, or has a line that is too long.
    """
    is_standard_input = str(path) == STANDARD_INPUT
    name = STANDARD_INPUT_NAME if is_standard_input else str(path)
    with nullcontext(standard_input_lines()) if is_standard_input else open_lines(path) as lines:
        block: list[bytes] = []
        size, first = 0, 1
        for number, line in enumerate(lines, 1):
            block.append(line)
            size += len(line)
            if size >= _BYTES_PER_BLOCK:
                yield from _cleaned(_decoded(block, first, name), documents)
                block, size, first = [], 0, number + 1
        yield from _cleaned(_decoded(block, first, name), documents)


def _decoded(lines: list[bytes], first: int, name: str) -> str:
    """Return lines, of which the first has the number `first`, as text."""
    try:
        text = b"".join(lines).decode("utf-8")
    except UnicodeDecodeError:
        number = next(n for n, line in enumerate(lines, first) if not _is_utf8(line))
        raise InputError(f"{name}:{number}: is not UTF-8 text; save the file as UTF-8") from None
    if "\0" in text:
        number = next(n for n, line in enumerate(lines, first) if b"\0" in line)
        raise InputError(f"{name}:{number}: has a NUL byte; text in UTF-8 was expected")
    if first == 1:
        text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cleaned(text: str, documents: DocumentKind) -> Iterator[str]:
    if documents == "lines":
        text = _BLANKS_AT_LINE_ENDS.sub("\n", text.strip() + "\n").lstrip("\n")
    if text:
        yield text


def _positions(symbols: Array, symbol: int | None, source: str) -> Array:
    """Return all positions of a symbol, if the memory budget allows them."""
    parts = []
    for start in range(0, len(symbols), _SYMBOLS_PER_CHUNK):
        parts.append(start + np.flatnonzero(symbols[start : start + _SYMBOLS_PER_CHUNK] == symbol))
        release_pages(symbols)
    count = sum(map(len, parts))
    require_memory(
        count * _BYTES_PER_DOCUMENT, f"{source}: {count} lines", "give fewer or longer lines"
    )
    return np.concatenate(parts)


def _first_unknown(block: str, vocabulary: Vocabulary) -> int:
    """Return the number of the first line, from 1, with a symbol that the vocabulary lacks."""
    for number, line in enumerate(block.split("\n"), 1):
        try:
            vocabulary.encode(line)
        except ValueError:
            return number
    return 1


def count_symbols(blocks: Iterator[str], unit: Unit, lowercase: bool) -> Counter[str]:
    """Return how often each symbol occurs."""
    counts: Counter[str] = Counter()
    of_code_points = np.zeros(NUM_CODE_POINTS, np.int64)
    for block in blocks:
        symbols = split_text(block, unit, lowercase)
        if isinstance(symbols, str):
            of_code_points += np.bincount(code_points(symbols), minlength=NUM_CODE_POINTS)
        else:
            counts.update(symbols)
    for number in np.flatnonzero(of_code_points).tolist():
        counts[chr(number)] = int(of_code_points[number])
    return counts


def read_text(path: Path, vocabulary: Vocabulary, documents: DocumentKind) -> Text:
    """Return the symbols of a file, as one stream or as a document per line.

    Raises
    ------
    InputError
        See `read_blocks`; or the file has no documents, or a symbol that is not in the vocabulary.
    """
    line_end = vocabulary.index(LINE_END)
    pieces = [np.array([line_end], np.uint16)] if documents == "lines" else []
    limit = min(_MAX_BYTES_IN_MEMORY, int(_MAX_SHARE_IN_MEMORY * max_memory()))
    with tempfile.TemporaryFile() as file:
        size, num_lines = 0, 0
        for block in read_blocks(path, documents):
            try:
                pieces.append(vocabulary.encode(block).astype(np.uint16))
            except ValueError as problem:
                line = num_lines + _first_unknown(block, vocabulary)
                raise InputError(
                    f"{path}:{line}: {problem}; text with the symbols of the training data was "
                    "expected"
                ) from None
            num_lines += block.count("\n")
            size += pieces[-1].nbytes
            if size > limit:
                for piece in pieces:
                    file.write(piece.tobytes())
                pieces.clear()
        if size > limit:
            file.write(b"".join(piece.tobytes() for piece in pieces))
            file.flush()
            # The mapping keeps the file, which has no name, until it is no longer used.
            symbols: Array = np.memmap(file, np.uint16, "r")
        else:
            symbols = np.concatenate(pieces) if pieces else np.empty(0, np.uint16)
    if documents == "stream":
        return Text(symbols, str(path))
    ends = _positions(symbols, line_end, str(path))
    if len(ends) < 2:
        raise InputError(f"{path}: no text; one document per line was expected")
    return Text(symbols, str(path), ends[:-1], np.diff(ends))
