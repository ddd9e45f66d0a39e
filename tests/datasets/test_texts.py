"""Tables of texts with a label: symbols, roles of columns, and messages about what is wrong."""

from pathlib import Path

import numpy as np
import pytest
from helpers.data import read, text_file

from rnncli.datasets import Csv, Parquet
from rnncli.datasets.inputs import read_inputs
from rnncli.errors import InputError
from rnncli.memory import VARIABLE

ROWS = ("name,sex,born", "anna,f,1", "anton,m,2", "tom,m,3", "nat,f,4", " ann ,f,5")


def names(folder: Path, *rows: str, **keys: object) -> Csv:
    path = text_file(folder / "names.csv", *(rows or ROWS))
    keys = {"text_column": "name", "label_column": "sex", "validation_fraction": 0} | keys
    return Csv(path=path, **keys)


def texts_of(section: Csv) -> list[str]:
    train = section.read(0).splits.train
    lengths = train.lengths
    if lengths is None:
        lengths = np.full(len(train), train.x.shape[1])
    steps = train.x.shape[1]
    return [
        train.vocabulary.decode(row[steps - length :, 0])
        for row, length in zip(train.x, lengths, strict=True)
    ]


def test_texts_become_symbols_padded_at_the_beginning(tmp_path: Path) -> None:
    splits, task = read(names(tmp_path))
    train = splits.train
    # m occurs only once, and is therefore unknown.
    assert train.vocabulary.symbols == ("<unk>", "a", "n", "o", "t")
    assert train.x.dtype == np.int32
    assert train.x[:, :, 0].tolist() == [
        [0, 1, 2, 2, 1],
        [1, 2, 4, 3, 2],
        [0, 0, 4, 3, 0],
        [0, 0, 2, 1, 4],
        [0, 0, 1, 2, 2],
    ]
    assert train.lengths.tolist() == [4, 5, 3, 3, 3]
    assert train.labels.tolist() == ["f", "m", "m", "f", "f"]
    assert task.labels == ("f", "m")


def test_the_vocabulary_is_that_of_the_training_file(tmp_path: Path) -> None:
    test = text_file(tmp_path / "test.csv", "name,sex", "otto,m", "zoe,f", "zoz,f")
    data = names(tmp_path, test_path=test).read(0)
    assert "z" not in data.input_spec.vocabulary.symbols
    assert data.splits.test.vocabulary == data.splits.train.vocabulary
    assert data.splits.test.x[1, -3:, 0].tolist() == [0, 3, 0]
    assert (data.input_spec.text_column, data.input_spec.num_inputs) == ("name", 5)


def test_words_lower_case_and_a_limited_vocabulary(tmp_path: Path) -> None:
    rows = ["name,sex", '"Yes, it is",a', "yes it was,a", "no it is not,b", '"no, NO",b']
    words = names(tmp_path, *rows, unit="word", lowercase=True)
    assert texts_of(words) == ["yes, it is", "yes it <unk>", "no it is <unk>", "no, no"]
    small = names(tmp_path, *rows, unit="word", lowercase=True, vocabulary_size=3)
    assert small.read(0).input_spec.vocabulary.symbols == ("<unk>", "it", "no")


def test_values_ids_and_columns_that_are_not_read(tmp_path: Path) -> None:
    section = names(tmp_path, label_column="born", id_column="sex", task="regression")
    data = section.read(0)
    assert data.task.kind == "regression"
    assert data.splits.train.labels.tolist() == ["1", "2", "3", "4", "5"]
    assert data.splits.train.ids.tolist() == ["f", "m", "m", "f", "f"]
    assert data.input_spec.means == ()


def test_positions_need_to_know_whether_there_is_a_header(tmp_path: Path) -> None:
    by_position = {"text_column": 0, "label_column": 1}
    with pytest.raises(InputError, match=r"data.header: .*names.csv:1: row 1: .* true or false"):
        names(tmp_path, **by_position).read(0)
    expected = ["anna", "anton", "to<unk>", "nat", "ann"]
    assert texts_of(names(tmp_path, **by_position, header=True)) == expected
    assert texts_of(names(tmp_path, *ROWS[1:], **by_position, header=False)) == expected
    assert texts_of(names(tmp_path, text_column=0)) == expected


def test_parquet_gives_the_same_sequences(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    cells = [row.split(",") for row in ROWS]
    table = pyarrow.table(dict(zip(cells[0], zip(*cells[1:], strict=True), strict=True)))
    parquet.write_table(table, tmp_path / "names.parquet")
    section = Parquet(
        path=tmp_path / "names.parquet",
        text_column="name",
        label_column="sex",
        validation_fraction=0,
    )
    np.testing.assert_array_equal(
        section.read(0).splits.train.x, names(tmp_path).read(0).splits.train.x
    )


def test_many_texts_are_read_in_batches_and_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = names(tmp_path)
    whole = section.read(0).splits.train
    monkeypatch.setattr("rnncli.datasets.arrangements.texts._SYMBOLS_PER_BATCH", 6)
    parts = section.read(0).splits.train
    np.testing.assert_array_equal(parts.x, whole.x)
    assert parts.x.dtype == np.int32
    assert parts.lengths.tolist() == whole.lengths.tolist()
    assert len(list(read_inputs(str(section.path), section.read(0).input_spec, False))) == 4


@pytest.mark.parametrize(
    ("rows", "keys", "problem"),
    [
        ((*ROWS, ",f,6"), {}, r"names.csv:7: row 7, column 1 (name): the text is empty"),
        ((*ROWS, "eva,,6"), {}, r"names.csv:7: row 7, column 2 (sex): the label is empty"),
        ((*ROWS, "eva,f"), {}, r"names.csv:7: row 7: 2 columns; 3 were expected"),
        (ROWS, {"text_column": "nam"}, "data.text_column: no column is named 'nam'; did you mean"),
        (ROWS, {"text_column": 3, "header": True}, "data.text_column: column 3 does not exist"),
        (ROWS, {"label_column": "name"}, "column name is data.text_column; give the column of"),
        (ROWS, {"id_column": "sex"}, "data.id_column: column sex is the label"),
        (ROWS, {"ignore": ("name",)}, "data.ignore: name is data.text_column"),
        (ROWS, {"header": False}, "columns have no names, as data.header is false"),
        (("name,sex", "ab,f", "cd,m"), {}, "has 0 different symbols that occur more than once"),
        (("name,sex", "aa,f", "aaa,m"), {}, "has 1 different symbol that occur more than once"),
        (("name,sex", "anna,f", "nana,f"), {}, "1 class (f); from 2 to 1000 are needed"),
        (("name,sex",), {}, "names.csv: has no texts; one text per row was expected"),
    ],
)
def test_messages_name_the_place(
    tmp_path: Path, rows: tuple[str, ...], keys: dict[str, object], problem: str
) -> None:
    with pytest.raises(InputError) as raised:
        names(tmp_path, *rows, **keys).read(0)
    assert problem in str(raised.value)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    section = names(tmp_path)
    section.path.write_bytes(b"name,sex\nanna,f\nJos\xe9,m\n")
    with pytest.raises(InputError, match=r"names.csv:3: row 3: byte 4 is not UTF-8 text"):
        section.read(0)


def test_a_million_words_need_a_vocabulary_size(tmp_path: Path) -> None:
    words = " ".join(f"w{number} w{number}" for number in range(10_000))
    rows = (f"{words.replace('w', 'xyzuvabc'[part])},{part % 2}" for part in range(7))
    section = names(tmp_path, "name,sex", *rows, unit="word")
    with pytest.raises(InputError) as raised:
        section.read(0)
    assert "data.vocabulary_size: " in str(raised.value)
    assert "has 70,001 symbols; set the size of the vocabulary, up to 65,536" in str(raised.value)


def test_texts_beyond_the_memory_budget_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = names(tmp_path, "name,sex", f"{'ab' * 300_000},f", "ab,m")
    with pytest.raises(InputError, match="or a cell of over 131,072 characters"):
        long.read(0)
    short = names(tmp_path, "name,sex", *(f"{'ab' * 100},{label}" for label in "fm" * 20_000))
    monkeypatch.setenv(VARIABLE, "20M")
    with pytest.raises(InputError, match="needs at least .* of memory; the limit is 21 MB"):
        short.read(0)


def test_a_model_reads_texts_with_and_without_labels(tmp_path: Path) -> None:
    spec = names(tmp_path, id_column="born").read(0).input_spec

    def read_one(*rows: str, labelled: bool = False) -> object:
        (sequences,) = read_inputs(str(text_file(tmp_path / "x.csv", *rows)), spec, labelled)
        return sequences

    for rows in (("name", "anna", "nat"), ("anna", "nat"), ("no,name", "1,anna", "2,nat")):
        sequences = read_one(*rows)
        assert sequences.x[:, :, 0].tolist() == [[1, 2, 2, 1], [0, 2, 1, 4]]
        assert sequences.labels is None
        assert sequences.ids is None
    assert read_one("born,name", "7,anna").ids.tolist() == ["7"]
    assert read_one("sex,name", "f,anna", labelled=True).labels.tolist() == ["f"]
    with pytest.raises(InputError, match="no column is named 'sex'"):
        read_one("name", "anna", labelled=True)
    with pytest.raises(InputError, match="no column is named 'name'"):
        read_one("title,sex", "anna,f")


def test_a_model_of_texts_refuses_numbers(tmp_path: Path) -> None:
    spec = names(tmp_path).read(0).input_spec
    np.save(tmp_path / "x.npy", np.zeros((2, 3, 1)))
    with pytest.raises(InputError, match="holds numbers; the model reads texts"):
        list(read_inputs(str(tmp_path / "x.npy"), spec, labelled=False))
