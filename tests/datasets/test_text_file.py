"""Texts from files: splits, vocabularies, documents and refusals."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest

from rnncli.datasets import text as text_module
from rnncli.datasets.sequences import Splits
from rnncli.datasets.text import Text
from rnncli.datasets.text_file import TextFile
from rnncli.errors import InputError

STREAM = "In the beginning\nwas the word.\n" * 10
LINES = "".join(f"name{number}\n" for number in range(100))


def texts(splits: Splits) -> list[Text]:
    """Return all splits, each of which must be a text."""
    found = [splits.train, splits.validation, splits.test]
    assert all(isinstance(split, Text) for split in found if split is not None)
    return [split for split in found if isinstance(split, Text)]


def test_the_last_part_of_a_stream_is_for_validation_and_the_test_comes_before_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(STREAM)
    section = TextFile(path=path, sequence_length=4, validation_fraction=0.2, test_fraction=0.1)
    data = section.read(0)
    vocabulary = data.input_spec.vocabulary
    assert vocabulary is not None
    train, validation, test = texts(data.splits)
    assert [len(part.symbols) for part in (train, test, validation)] == [217, 31, 62]
    joined = np.concatenate([part.symbols for part in (train, test, validation)])
    assert vocabulary.decode(joined.tolist()) == STREAM
    assert data.task.num_symbols == len(set(STREAM)) == len(vocabulary)
    assert section.read(1).splits.sha256 == data.splits.sha256


def test_lines_are_split_at_random_by_seed(tmp_path: Path) -> None:
    path = tmp_path / "names.txt.gz"
    path.write_bytes(gzip.compress(LINES.replace("\n", "\r\n").encode("utf-8-sig")))
    section = TextFile(path=path, documents="lines", test_fraction=0.2)
    data = section.read(0)
    vocabulary = data.input_spec.vocabulary
    assert vocabulary is not None
    drawn = []
    for part, number in zip(texts(data.splits), (70, 10, 20), strict=True):
        assert part.starts is not None
        assert part.lengths is not None
        assert len(part.starts) == number
        for start, length in zip(part.starts, part.lengths, strict=True):
            symbols = part.symbols[start : start + length + 1].tolist()
            name = vocabulary.decode(symbols)
            assert name[0] == name[-1] == "\n"
            drawn.append(name.strip())
    assert sorted(drawn) == sorted(LINES.split())
    assert section.read(0).splits.sha256 == data.splits.sha256
    assert section.read(1).splits.sha256 != data.splits.sha256


def test_blank_lines_and_blanks_around_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("\n\n  anna \n\n\t\nbob c\n\n")
    section = TextFile(path=path, documents="lines", validation_fraction=0)
    data = section.read(0)
    assert data.input_spec.vocabulary is not None
    (train,) = texts(data.splits)
    assert data.input_spec.vocabulary.decode(train.symbols.tolist()) == "\nanna\nbob c\n"


def test_a_split_may_have_its_own_file(tmp_path: Path) -> None:
    for name, content in ("a", STREAM), ("b", STREAM[::-1]), ("c", STREAM[5:]):
        (tmp_path / name).write_text(content)
    section = TextFile(
        path=tmp_path / "a", validation_path=tmp_path / "b", test_path=tmp_path / "c"
    )
    lengths = [len(part.symbols) for part in texts(section.read(0).splits)]
    assert lengths == [310, 310, 305]
    (tmp_path / "b").write_text(STREAM + "é")
    with pytest.raises(InputError, match=r"b:21: 'é' is not in the vocabulary"):
        section.read(0)
    (tmp_path / "b").write_text("")
    with pytest.raises(InputError, match=r"b: the validation split has 0 symbols"):
        section.read(0)


def test_words_that_occur_once_are_unknown_unless_the_size_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("the cat and the dog and the bird\n" * 1 + "the the and and\n")
    keys = {"path": path, "unit": "word", "sequence_length": 1, "validation_fraction": 0}
    spec = TextFile(**keys).read(0).input_spec
    assert spec.vocabulary is not None
    assert spec.vocabulary.symbols == ("<unk>", "\n", "and", "the")
    larger = TextFile(**keys, vocabulary_size=5).read(0).input_spec.vocabulary
    assert larger is not None
    assert larger.symbols == ("<unk>", "\n", "and", "bird", "the")


def test_a_large_text_stays_on_disk_without_a_named_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(STREAM * 9000)
    in_memory = TextFile(path=path).read(0).splits
    monkeypatch.setattr(text_module, "_MAX_BYTES_IN_MEMORY", 1 << 20)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    on_disk = TextFile(path=path).read(0).splits
    assert isinstance(on_disk.train, Text)
    assert isinstance(on_disk.train.symbols, np.memmap)
    assert list((tmp_path / "t").iterdir()) == []
    assert on_disk.sha256 == in_memory.sha256


@pytest.mark.parametrize(
    ("content", "keys", "message"),
    [
        (b"", {}, "a.txt: is empty; a text was expected"),
        (b"\n \n", {"documents": "lines"}, "a.txt: is empty"),
        (b"abc\nd\xff\n", {}, r"a.txt:2: is not UTF-8 text; save the file as UTF-8"),
        (b"ab\n\0\n", {}, "a.txt:2: has a NUL byte; text in UTF-8 was expected"),
        ("ab\n".encode("utf-16-be") * 9, {}, "a.txt:1: has a NUL byte"),
        (b"aaaa" * 99, {}, "a.txt: has 1 different symbol; two or more were expected"),
        (b"abcd", {"validation_fraction": 0}, "the train split has 4 symbols; more than"),
        (b"ab" * 100, {}, "the validation split has 20 symbols; more than"),
        (b"ab\ncd\n", {"documents": "lines"}, "leave a split of 2 lines empty"),
        (b"a" * (1 << 26) + b"b" * (1 << 21), {}, "a line of over 64 MiB"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(
    tmp_path: Path, content: bytes, keys: dict[str, object], message: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        TextFile(path=path, **keys).read(0)
    assert len(refused.value.problems) == 1


def test_a_vocabulary_of_a_million_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"w{number}\n" * 2 for number in range(70_000)))
    section = TextFile(path=path, unit="word")
    with pytest.raises(InputError, match=r"data.vocabulary_size: .*has 70,002 symbols; set the"):
        section.read(0)
    spec = TextFile(path=path, unit="word", vocabulary_size=1000).read(0).input_spec
    assert spec.vocabulary is not None
    assert len(spec.vocabulary) == 1000
