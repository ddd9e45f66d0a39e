"""The symbols of a model, and how text becomes symbols and symbols become text."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rnncli.nn.arrays import Array

Unit = Literal["char", "word"]
# Indices are kept as 16-bit numbers.
MAX_SYMBOLS = 1 << 16
# Stands for every symbol that is not in the vocabulary. No text is split into it.
UNKNOWN = "<unk>"
# The end of a line, which in texts of lines is both the begin and the end of a document.
LINE_END = "\n"
# Words with inner apostrophes and hyphens, line ends, and all other characters one by one.
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|\n|[^\w\s]|_")
# No space follows the first, and none precedes the second.
_OPENING, _CLOSING = frozenset("([{\u201c\u2018$#\n"), frozenset(".,;:!?)]}\u201d\u2019%\n")
# Unicode code points are smaller than this.
NUM_CODE_POINTS = 0x110000


def split_text(text: str, unit: Unit, lowercase: bool = False) -> list[str] | str:
    """Return the symbols of a text: its characters, or its words.

    Words may contain apostrophes and hyphens between letters or digits; line ends and all other
    characters that are not spaces are symbols of their own. `join_symbols` restores the text
    except for the number of spaces, and for spaces around quotation marks.
    """
    text = text.lower() if lowercase else text
    return text if unit == "char" else _WORD.findall(text)


def code_points(text: str) -> Array:
    """Return the Unicode code points (M,) of a text; ``ValueError`` if it is not valid."""
    try:
        return np.frombuffer(text.encode("utf-32-le"), np.uint32)
    except UnicodeEncodeError:
        raise ValueError("has characters that are not valid") from None


def join_symbols(symbols: Iterable[str], unit: Unit, before: str = LINE_END) -> Iterator[str]:
    """Yield the text of each symbol, for words with the space that precedes it.

    Parameters
    ----------
    symbols : iterable of str
        The symbols.
    unit : {"char", "word"}
        What they are.
    before : str
        The symbol that precedes the first one.
    """
    for symbol in symbols:
        space = unit == "word" and before not in _OPENING and symbol not in _CLOSING
        yield f" {symbol}" if space else symbol
        before = symbol


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of a model; it is stored with the weights.

    Attributes
    ----------
    symbols : tuple of str
        The symbols by their indices. If the first one is ``<unk>``, it stands for all others.
    unit : {"char", "word"}
        Whether symbols are characters (Unicode code points) or words.
    lowercase : bool
        Whether text is converted to lower case first.

    Raises
    ------
    ValueError
        There are too few or too many symbols, or one occurs twice or is not of this unit.
    """

    symbols: tuple[str, ...]
    unit: Unit = "char"
    lowercase: bool = False

    def __post_init__(self) -> None:
        own = self.symbols[1:] if self.has_unknown else self.symbols
        if not 2 <= len(self.symbols) <= MAX_SYMBOLS or len(set(own)) != len(own):
            raise ValueError(f"{len(self.symbols)} symbols are not a vocabulary")
        if self.unit == "char" and not all(len(symbol) == 1 for symbol in own):
            raise ValueError("the symbols must be single characters")
        if any("\ud800" <= character <= "\udfff" for symbol in own for character in symbol):
            raise ValueError("the symbols must be valid text")

    @classmethod
    def of(
        cls,
        counts: Counter[str],
        unit: Unit,
        lowercase: bool = False,
        max_symbols: int | None = None,
        has_unknown: bool = False,
    ) -> "Vocabulary":
        """Return the vocabulary of the most frequent symbols, in alphabetical order.

        Parameters
        ----------
        counts : Counter
            How often each symbol occurs.
        unit, lowercase
            See the attributes.
        max_symbols : int, optional
            The size of the vocabulary, the unknown symbol included.
        has_unknown : bool
            Whether to add the unknown symbol even where there is room for all.
        """
        ranked = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        if has_unknown or (max_symbols is not None and len(ranked) > max_symbols):
            ranked = ranked[: None if max_symbols is None else max_symbols - 1]
            return cls((UNKNOWN, *sorted(ranked)), unit, lowercase)
        return cls(tuple(sorted(ranked)), unit, lowercase)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def has_unknown(self) -> bool:
        """Whether the first symbol stands for all that are not in the vocabulary."""
        return self.symbols[:1] == (UNKNOWN,)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {symbol: index for index, symbol in enumerate(self.symbols)}

    @cached_property
    def _index_of_code_point(self) -> Array:
        table = np.full(NUM_CODE_POINTS, 0 if self.has_unknown else -1, np.int32)
        for symbol, index in self._index.items():
            if symbol != UNKNOWN:
                table[ord(symbol)] = index
        return table

    def index(self, symbol: str) -> int | None:
        """Return the index of a symbol, or None if it is not in the vocabulary."""
        return self._index.get(symbol)

    def encode(self, text: str) -> Array:
        """Return the indices (M,) of the symbols of a text.

        Raises
        ------
        ValueError
            A symbol is not in the vocabulary, which has no unknown symbol.
        """
        symbols = split_text(text, self.unit, self.lowercase)
        if isinstance(symbols, str):
            indices: Array = self._index_of_code_point[code_points(symbols)].astype(np.intp)
        else:
            default = 0 if self.has_unknown else -1
            indices = np.array([self._index.get(symbol, default) for symbol in symbols], np.intp)
        unknown = np.flatnonzero(indices < 0)
        if len(unknown):
            raise ValueError(f"{symbols[unknown[0]]!r} is not in the vocabulary")
        return indices

    def decode(self, indices: Iterable[int]) -> str:
        """Return the text of symbols."""
        return "".join(join_symbols((self.symbols[index] for index in indices), self.unit))
