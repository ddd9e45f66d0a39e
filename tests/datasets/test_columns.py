"""Columns that are not features: the label, ids, and columns to ignore."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.data import text_file

from rnncli.datasets import Csv
from rnncli.datasets.inputs import read_inputs
from rnncli.errors import InputError

MACHINES = (
    "machine,built,t0,t1,state,note",
    "M1,2020-01-01,1,2,ok,x",
    "M2,2021-05-03,3,4,worn,y",
    "M3,2022-07-09,5,6,ok,z",
)


def machines(folder: Path, *lines: str) -> Path:
    return text_file(folder / "machines.csv", *(lines or MACHINES))


@pytest.mark.parametrize(
    "keys",
    [
        {"label_column": "state", "id_column": "machine", "ignore": ("built", "note")},
        {"label_column": 4, "id_column": 0, "ignore": (1, -1)},
        {"label_column": -2, "id_column": "machine", "ignore": (1, "note")},
    ],
)
def test_columns_by_name_or_by_position(tmp_path: Path, keys: dict[str, object]) -> None:
    path = machines(tmp_path)
    sequences = Csv(path=path, **keys).read_file(path)  # type: ignore[arg-type]
    np.testing.assert_array_equal(sequences.x[:, :, 0], [[1, 2], [3, 4], [5, 6]])
    assert sequences.labels is not None
    assert sequences.labels.tolist() == ["ok", "worn", "ok"]
    assert sequences.ids is not None
    assert sequences.ids.tolist() == ["M1", "M2", "M3"]
    assert sequences.id_name == "machine"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"ignore": ("bulit",)},
            r"machines\.csv:1: row 1: data\.ignore: no column is named 'bulit'",
        ),
        ({"ignore": (9,)}, "data.ignore: column 9 does not exist; there are 6 columns"),
        ({"id_column": "machin"}, "data.id_column: no column is named 'machin'; did you mean"),
        ({"ignore": ("state",)}, "data.ignore: state is data.label_column, and cannot be ignored"),
        ({"ignore": (4,)}, "data.ignore: column state is the label, and cannot be ignored"),
        ({"id_column": 4}, "data.id_column: column 4 is the label, and cannot be the id"),
        (
            {"id_column": "machine", "ignore": (0,)},
            "data.ignore: column machine is data.id_column, and cannot be ignored",
        ),
        (
            {"id_column": "machine", "ignore": ("note",)},
            r"row 2, column 2 \(built\): '2020-01-01' is a date or a time, not a number; "
            r"list its column in data\.ignore",
        ),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, keys: dict[str, object], problem: str) -> None:
    path = machines(tmp_path)
    with pytest.raises(InputError, match=problem):
        Csv(path=path, label_column="state", **keys).read_file(path)  # type: ignore[arg-type]


def test_long_tables_ignore_columns_dates_and_carry_ids(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "trips.csv",
        "trip,when,v,driver,label,note",
        "1,2024-03-01 08:00:00,1,ann,car,x",
        "1,2024-03-01 08:00:10,2,ann,car,y",
        "2,2024-03-01 09:00:00,3,bob,bike,z",
    )
    section = Csv(
        path=path,
        sequence_column="trip",
        label_column="label",
        id_column="driver",
        ignore=("note",),
    )
    sequences = section.read_file(path)
    assert sequences.columns == ("v",)
    assert sequences.ids is not None
    assert sequences.ids.tolist() == ["ann", "bob"]
    path.write_text(path.read_text().replace("2,ann", "2,eve"))
    with pytest.raises(
        InputError, match=r"row 3, column 4 \(driver\): id 'eve' in a sequence with id 'ann'"
    ):
        section.read_file(path)


@pytest.fixture
def trained(rnn: Command, here: Path) -> Path:
    """A folder with a table of machines, and a run on it."""
    rng = np.random.default_rng(0)
    rows = [
        f"M{i},2020-01-{1 + i % 28:02},{','.join(map(repr, rng.standard_normal(3).tolist()))},"
        f"{'ab'[i % 2]}"
        for i in range(40)
    ]
    text_file(here / "a.csv", "machine,built,t0,t1,t2,state", *rows)
    text_file(
        here / "c.yaml",
        "data: {kind: csv, path: a.csv, label_column: state, id_column: machine, ignore: [built]}",
        "training: {num_epochs: 1}",
    )
    done = rnn("train", "-q", "-c", "c.yaml")
    assert done.code == 0, done.err
    return here


def test_ids_are_the_first_column_of_predictions(trained: Path, rnn: Command) -> None:
    ids = [f"M{i}" for i in range(40)]
    out = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    assert out[0].startswith("machine,label,")
    assert [line.partition(",")[0] for line in out[1:]] == ids
    rnn("predict", "-w", "latest", "-i", "a.csv", "-o", "p.npz")
    with np.load("p.npz") as predictions:
        assert predictions["machine"].tolist() == ids
    done = rnn("evaluate", "-w", "latest", "-i", "a.csv", "-o", "e.jsonl")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in Path("e.jsonl").read_text().splitlines()]
    assert [line["machine"] for line in lines] == ids
    assert next(iter(lines[0])) == "machine"


def test_columns_may_be_absent_where_they_are_not_needed(trained: Path, rnn: Command) -> None:
    with open("a.csv", newline="") as file:
        rows = list(csv.reader(file))
    expected = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    for name, columns, has_id in (
        ("no label", [0, 1, 2, 3, 4], True),
        ("no date", [0, 2, 3, 4, 5], True),
        ("no id", [1, 2, 3, 4, 5], False),
        ("features alone", [2, 3, 4], False),
    ):
        text_file(trained / "b.csv", *(",".join(row[i] for i in columns) for row in rows))
        done = rnn("predict", "-w", "latest", "-i", "b.csv")
        assert done.code == 0, (name, done.err)
        given = done.out.splitlines()
        assert given == [line if has_id else line.partition(",")[2] for line in expected], name
    text_file(trained / "b.csv", *(",".join(row[2:5]) for row in rows[1:]))
    assert rnn("predict", "-w", "latest", "-i", "b.csv").out.count("\n") == 41
    text_file(trained / "b.csv", "M1,2020-01-01,1,2,3")
    refused = rnn("predict", "-w", "latest", "-i", "b.csv")
    assert refused.code == 2
    assert "the first row has no names, so that machine, built cannot be left out" in refused.err


def test_labelled_tables_may_lack_ids_and_ignored_columns(trained: Path, rnn: Command) -> None:
    with open("a.csv", newline="") as file:
        rows = list(csv.reader(file))
    expected = rnn("evaluate", "-w", "latest", "-i", "a.csv", "--json").out
    for columns in ([0, 2, 3, 4, 5], [1, 2, 3, 4, 5], [2, 3, 4, 5]):
        text_file(trained / "b.csv", *(",".join(row[i] for i in columns) for row in rows))
        done = rnn("evaluate", "-w", "latest", "-i", "b.csv", "--json")
        assert done.code == 0, done.err
        assert done.out == expected


def test_positions_count_the_label_also_where_it_is_absent(rnn: Command, here: Path) -> None:
    rows = [f"{'ab'[i % 2]},M{i},{i},{i * 7 % 5},note{i}" for i in range(40)]
    text_file(here / "a.csv", *rows)
    text_file(here / "b.csv", *(row.partition(",")[2] for row in rows))
    text_file(
        here / "c.yaml",
        "data: {kind: csv, path: a.csv, label_column: 0, id_column: 1, ignore: [-1]}",
        "training: {num_epochs: 1}",
    )
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    labelled = rnn("predict", "-w", "latest", "-i", "a.csv").out
    assert labelled.startswith("id,label")
    assert rnn("predict", "-w", "latest", "-i", "b.csv").out == labelled


def test_labels_need_not_be_valid_where_they_are_not_needed(trained: Path, rnn: Command) -> None:
    text = Path("a.csv").read_text().replace(",a\n", ",?\n").replace(",b\n", ",\n")
    Path("b.csv").write_text(text)
    expected = rnn("predict", "-w", "latest", "-i", "a.csv").out
    assert rnn("predict", "-w", "latest", "-i", "b.csv").out == expected


def test_ids_of_steps_are_repeated_for_each_of_them(rnn: Command, here: Path) -> None:
    rows = [f"{i // 3},{i * 5 % 7},{'ab'[i % 2]}" for i in range(60)]
    text_file(here / "a.csv", "sequence,x,state", *rows)
    text_file(
        here / "c.yaml",
        "data: {kind: csv, path: a.csv, sequence_column: sequence, id_column: sequence,",
        "  label_column: state, label_per: step}",
        "model: {output: every_step}",
        "training: {num_epochs: 1}",
    )
    done = rnn("train", "-q", "-c", "c.yaml")
    assert done.code == 0, done.err
    lines = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    assert lines[0].startswith("id_sequence,sequence,step,label")
    assert lines[5].startswith("1,1,1,")


def test_a_model_without_ids_reads_as_before(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", *(f"{i},{i + 2},{'ab'[i % 2]}" for i in range(20)))
    spec = Csv(path=path).read(0).input_spec
    (batch,) = read_inputs(str(path), spec, labelled=False)
    assert batch.ids is None
    assert batch.x.shape == (20, 2, 1)


def test_names_without_a_header_are_refused(tmp_path: Path) -> None:
    path = machines(tmp_path)
    for keys in ({"label_column": "state"}, {"id_column": "machine"}, {"ignore": ("note",)}):
        with pytest.raises(InputError, match="columns have no names, as data.header is false"):
            Csv(path=path, header=False, **keys).read_file(path)  # type: ignore[arg-type]
