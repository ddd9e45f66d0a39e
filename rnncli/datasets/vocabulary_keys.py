"""Config keys about the vocabulary of texts, and the vocabulary that they describe."""

from collections import Counter
from typing import Annotated, Any

from pydantic import Field

from rnncli.datasets.vocabulary import MAX_SYMBOLS, Unit, Vocabulary
from rnncli.errors import InputError

TextUnit = Annotated[Unit, Field(description="whether symbols are characters or words")]
VocabularySize = Annotated[
    int | None,
    Field(
        ge=2,
        le=MAX_SYMBOLS,
        description="number of symbols; the rarest become one unknown symbol. null for all that "
        "occur more than once, or in kind text for all characters",
    ),
]
Lowercase = Annotated[bool, Field(description="whether to convert the text to lower case")]


def repeated(counts: Counter[str]) -> Counter[str]:
    """Return the symbols that occur more than once.

    The others are then unknown, from which a model learns what to make of unknown symbols.
    """
    return Counter({symbol: count for symbol, count in counts.items() if count > 1})


def vocabulary_of(counts: Counter[str], section: Any, has_unknown: bool) -> Vocabulary:
    """Return the vocabulary of a data section, given how often each symbol occurs.

    Raises
    ------
    InputError
        There is only one symbol, or there are too many.
    """
    number = len(counts) + has_unknown
    if number > MAX_SYMBOLS and section.vocabulary_size is None:
        raise InputError(
            f"data.vocabulary_size: {section.path}: has {number:,} symbols; set the size of the "
            f"vocabulary, up to {MAX_SYMBOLS:,}"
        )
    if len(counts) < 2:
        raise InputError(
            f"{section.path}: has {len(counts)} different symbol{'s' * (len(counts) != 1)}"
            f"{' that occur more than once' * has_unknown}; two or more were expected"
        )
    return Vocabulary.of(
        counts, section.unit, section.lowercase, section.vocabulary_size, has_unknown
    )
