"""Tables of texts with a label: recognizing them, and the keys that describe them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnncli.datasets import Csv
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.table_data import TableData
from rnncli.init.column_roles import Guess, id_column, is_time, label_by_name, step_columns
from rnncli.init.suggestion import Hints, SuggestedKey, Suggestion
from rnncli.init.table_head import TableHead

# Texts in fewer rows than this may be classes or names of columns.
_MIN_ROWS = 10
# Texts of this many words on average are sentences, and otherwise names or codes.
_MIN_WORDS = 4
# Names of columns of text that identify a row.
_ID_NAMES = ("", "unnamed: 0", "id", "uuid", "key", "index")


@dataclass(frozen=True)
class TextColumns:
    """The columns of a table with one text per row, by position.

    Attributes
    ----------
    head : TableHead
        The table, without names if its first row turned out to be a text.
    text, label : Guess
        The columns of the text and of the label.
    id : int, optional
        The column that identifies a row.
    has_sentences : bool
        Whether the texts have several words.
    """

    head: TableHead
    text: Guess
    label: Guess
    id: int | None
    has_sentences: bool


def text_columns(head: TableHead, hinted_label: int | None) -> TextColumns | None:
    """Return the columns of a table of texts with a label, or None for any other table.

    Besides names or codes, a table of texts has no numbers other than its label and its ids.
    """
    columns = range(len(head.columns))
    texts = [i for i in columns if i != hinted_label and _holds_texts(head, i)]
    if not texts or step_columns(head):
        return None
    text = max(texts, key=lambda i: sum(map(len, head.columns[i])))
    has_sentences = _mean_words(head.columns[text]) >= _MIN_WORDS
    others = [i for i in columns if i not in texts]
    label = _label(head, others, has_sentences)
    if hinted_label is not None:
        label = Guess(hinted_label, True)
    if label is None:
        return None
    others = [i for i in columns if i not in (text, label.position)]
    identifier = id_column(head, others)
    numeric = [i for i in others if i != identifier and head.contents[i] == "numbers"]
    if numeric and not has_sentences:
        return None
    if head.names is not None and head.names[label.position] in head.columns[label.position]:
        head, identifier = _without_names(head), None
    return TextColumns(head, Guess(text, len(texts) == 1), label, identifier, has_sentences)


def _holds_texts(head: TableHead, column: int) -> bool:
    """Return whether a column holds mostly distinct texts, which are no ids and no times."""
    cells = head.columns[column]
    if head.contents[column] != "text" or head.holds_classes(column) or len(cells) < _MIN_ROWS:
        return False
    name = "" if head.names is None else head.names[column].lower()
    is_id = head.names is not None and (name in _ID_NAMES or name.endswith("_id"))
    return not is_id and not is_time(head, column) and len(set(cells)) >= len(cells) / 2


def _label(head: TableHead, candidates: Sequence[int], has_sentences: bool) -> Guess | None:
    """Return the label's column: named as such, or one of classes, or for sentences of values."""
    named = label_by_name(head)
    if named is not None and named in candidates:
        return Guess(named, True)
    classes = [i for i in candidates if head.holds_classes(i)]
    of_text = [i for i in classes if head.contents[i] == "text"]
    numbers = [i for i in candidates if head.contents[i] == "numbers" and has_sentences]
    likely = of_text or classes or numbers
    return Guess(likely[-1], len(likely) == 1) if likely else None


def _without_names(head: TableHead) -> TableHead:
    """Return a table whose supposed names are its first row."""
    rows = zip(head.names or (), head.columns, strict=True)
    return replace(head, names=None, columns=tuple((name, *cells) for name, cells in rows))


def _mean_words(texts: Sequence[str]) -> float:
    return sum(len(text.split()) for text in texts) / len(texts)


def text_section(
    suggestion: Suggestion, columns: TextColumns, path: Path, section: type[TableData]
) -> TableData:
    """Add the keys of one text per row; return the section that reads the file."""
    head, text, label = columns.head, columns.text, columns.label
    for guess, role in ((text, "text"), (label, "label")):
        if not guess.is_certain:
            suggestion.uncertainties.append(
                f"'{head.name(guess.position)}' is guessed to be the {role}"
                + ("; override with --label-column NAME" if role == "label" else "")
            )
    keys: dict[str, Any] = {"text_column": head.name(text.position)}
    keys["label_column"] = head.name(label.position)
    comments = {"text_column": "each row is a text, by name or by position from 0"}
    if columns.id is not None:
        keys["id_column"] = head.name(columns.id)
        comments["id_column"] = "repeated beside predictions"
    if head.names is None and issubclass(section, Csv):
        keys["header"] = False
        comments["header"] = "the first row is a text"
    keys["unit"] = "word" if columns.has_sentences else "char"
    comments["unit"] = "or char, which needs no spaces" if columns.has_sentences else "or word"
    if columns.has_sentences:
        keys["lowercase"] = True
    suggestion.data += [SuggestedKey(key, keys[key], comments.get(key, "")) for key in keys]
    return section(path=path, **keys)


def is_possible(hints: Hints) -> bool:
    """Return whether what the user states allows that the table holds texts."""
    return hints.kind != "series" and hints.input_size is None and hints.sequence_column is None


def size_in_words(texts: Sequences) -> str:
    """Return the number of texts, their lengths, and their symbols."""
    assert texts.vocabulary is not None
    steps = texts.x.shape[1]
    lengths = "" if texts.lengths is None else f"{int(texts.lengths.min())} to "
    unit = "characters" if texts.vocabulary.unit == "char" else "words"
    return (
        f"{len(texts):,} texts of {lengths}{steps} {unit}, with {len(texts.vocabulary) - 1:,} "
        f"different {unit} that occur more than once"
    )
