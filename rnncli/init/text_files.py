"""A config suggested for a file that is a text and no table."""

import re
from pathlib import Path
from statistics import median

from rnncli.datasets import Csv
from rnncli.datasets.dialect import Dialect
from rnncli.datasets.numbers import is_number
from rnncli.datasets.text import read_blocks
from rnncli.errors import InputError
from rnncli.init.suggestion import SuggestedKey, Suggestion, or_others
from rnncli.init.table_head import read_head
from rnncli.nn.cells import CELLS

# Lines are independent if they are at least this many, half of them at most this long, and at most
# this share ends a sentence or a part of it.
_MIN_LINES, _MAX_LENGTH, _MAX_SHARE_OF_ENDS = 20, 40, 0.05
# Shorter texts have no validation split.
_MIN_CHARACTERS = 200
_END = re.compile(r"[.,;:!?\"\u201d\u2019)-]$")
_SEPARATORS = re.compile(r"[\s,;|]+")


def is_prose(path: Path) -> bool:
    """Return whether a file is a text: not numbers, and no table of two or more columns."""
    try:
        with Csv.open_table(path, Dialect()) as table:
            head = read_head(table)
    except InputError:
        cells = [cell for cell in _SEPARATORS.split(_beginning(path)[0]) if cell]
        return 2 * sum(map(is_number, cells)) < len(cells)
    return len(head.columns) == 1 and head.contents[0] == "text"


def suggest_text_file(suggestion: Suggestion, path: Path, test: Path | None) -> None:
    """Suggest a language model of a text, or of its lines."""
    beginning, is_whole = _beginning(path)
    lines = [line.strip() for line in beginning.split("\n") if line.strip()]
    has_lines = _are_documents(lines)
    more_than = "" if is_whole else "more than "
    suggestion.findings.append(f"a text of {more_than}{len(lines):,} lines that are not blank")
    suggestion.uncertainties.append(
        "each line is guessed to be a text of its own; for one continuous text, set "
        "data.documents: stream"
        if has_lines
        else "one continuous text; for a text per line, set data.documents: lines"
    )
    # The smallest split, a tenth of the text, must hold a window.
    length = max(2, min(64, len(beginning) // 20))
    suggestion.data += [SuggestedKey("kind", "text"), SuggestedKey("path", path)]
    if test is not None:
        suggestion.data.append(SuggestedKey("test_path", test, "`rnn evaluate` scores it"))
        suggestion.findings.append(f"{test.name} in the same folder, for the test split")
    suggestion.data += [
        SuggestedKey("unit", "char", "or word"),
        SuggestedKey("documents", "lines" if has_lines else "stream"),
        SuggestedKey("sequence_length", length, "symbols through which gradients flow back"),
        _validation_key(len(beginning)),
    ]
    suggestion.model += [
        SuggestedKey("cell", "lstm", or_others(CELLS, "lstm")),
        SuggestedKey("hidden_size", 128, "larger can learn more, and is slower"),
        SuggestedKey("embedding_size", 64, "width of the vectors of symbols"),
        SuggestedKey("output", "every_step", "the next symbol is predicted after each one"),
    ]
    suggestion.training += [
        SuggestedKey("num_epochs", 10, "more while the loss still falls"),
        SuggestedKey("batch_size", 32),
        SuggestedKey("optimizer", {"kind": "adam", "learning_rate": 5e-3}),
    ]


def _validation_key(num_characters: int) -> SuggestedKey:
    if num_characters < _MIN_CHARACTERS:
        return SuggestedKey("validation_fraction", 0.0, "all of the text is trained on")
    return SuggestedKey("validation_fraction", 0.1, "fraction that chooses the best epoch")


def _are_documents(lines: list[str]) -> bool:
    """Return whether lines, which are not blank, are independent, such as names."""
    if len(lines) < _MIN_LINES or median(map(len, lines)) > _MAX_LENGTH:
        return False
    return sum(bool(_END.search(line)) for line in lines) <= _MAX_SHARE_OF_ENDS * len(lines)


def _beginning(path: Path) -> tuple[str, bool]:
    """Return the first megabyte of a text, and whether it is the whole text."""
    blocks = read_blocks(path, "stream")
    return next(blocks, ""), next(blocks, None) is None
