"""The UCR/UEA format, as specified and as it is sequences."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command
from helpers.data import TS, read, ts

from rnncli.datasets import Ts
from rnncli.datasets.task import scale_targets
from rnncli.errors import InputError
from rnncli.nn.cells import CELLS

DATA = REPOSITORY / "tests" / "data"


def test_a_valid_ts_file(tmp_path: Path) -> None:
    sequences = Ts(path=ts(tmp_path, TS)).read_file(tmp_path / "a.ts")
    assert sequences.x.shape == (3, 4, 2)
    assert sequences.lengths is not None
    assert sequences.lengths.tolist() == [3, 2, 4]
    np.testing.assert_array_equal(sequences.x[1], [[0, 0], [0, 0], [1, 4], [2, 5]])
    assert sequences.labels is not None
    assert sequences.labels.tolist() == ["up", "down", "up"]
    assert sequences.positions == [10, 11, 14]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("@classLabel", "@CLASSLABEL").replace("@data", "@Data"),
        lambda text: text.replace("@dimensions 2", "@dimensions 7"),
        lambda text: text.replace("@equalLength false", "@equalLength true"),
        lambda text: text.replace("@classLabel true up down\n", ""),
        lambda text: text.replace("1,2:4,5:down", "1,2,?,NaN:4,5,?,?:down"),
        lambda text: text.replace(
            "# a comment", "# Schr\udcf6dinger".encode("utf-8", "replace").decode()
        ),
    ],
)
def test_variants_of_a_ts_file_are_read_alike(tmp_path: Path, change: Callable[[str], str]) -> None:
    expected = Ts(path=ts(tmp_path, TS)).read_file(tmp_path / "a.ts")
    sequences = Ts(path=ts(tmp_path, change(TS))).read_file(tmp_path / "a.ts")
    np.testing.assert_array_equal(sequences.x, expected.x)
    assert sequences.labels is not None
    assert expected.labels is not None
    assert sequences.labels.tolist() == expected.labels.tolist()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("7,8,9,10:1,1,1,1: up", "7,8:1: up", "row 14: channels of 1 to 2 values"),
        ("1,2:4,5:down", "1,x:4,5:down", "row 11, channel 1, value 2: 'x' is not a number"),
        ("1,2:4,5:down", "1,2:down", "row 11: 1 channels; 2 were expected"),
        ("@data\n", "", "row 9: data before @data"),
        ("@timeStamps false", "@timeStamps true", "holds time stamps"),
        ("1,2:4,5:down", "(2007-01-01 00:00:00,241.97):x:down", "row 11: holds time stamps"),
        ("1,2:4,5:down", "1,?,3:4,5,6:down", "the value is missing; set data.missing"),
    ],
)
def test_an_invalid_ts_file_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem.replace("(", r"\(")):
        path = ts(tmp_path, TS.replace(old, new))
        Ts(path=path, validation_fraction=0).read(0)


def test_targets_in_ts_files(tmp_path: Path) -> None:
    text = TS.replace("@classLabel true up down", "@targetLabel true")
    path = ts(tmp_path, text.replace(":up", ":1.5").replace(":down", ":2").replace(": up", ":3e0"))
    splits, task = read(Ts(path=path, validation_fraction=0))
    assert task.kind == "regression"
    assert scale_targets(task, splits.train).target_mean == pytest.approx((6.5 / 3,))


def test_the_header_declares_the_type_of_labels(tmp_path: Path) -> None:
    whole = TS.replace(":up", ":2").replace(":down", ":1").replace(": up", ":2")
    values = whole.replace("@classLabel true up down", "@targetLabel true")
    assert read(Ts(path=ts(tmp_path, values), validation_fraction=0))[1].kind == "regression"
    fractions = whole.replace(":2\n", ":1.5\n").replace(":1\n", ":0.5\n")
    task = read(Ts(path=ts(tmp_path, fractions), validation_fraction=0))[1]
    assert (task.kind, task.labels) == ("binary", ("0.5", "1.5"))


def test_class_names_are_kept_literally(tmp_path: Path) -> None:
    text = TS.replace(":up", ":1.0").replace(":down", ":01").replace(": up", ": 1")
    task = read(Ts(path=ts(tmp_path, text), validation_fraction=0))[1]
    assert task.labels == ("01", "1", "1.0")


def test_text_that_is_not_utf_8_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(TS.replace(":down", ":ä").encode("latin-1"))
    with pytest.raises(InputError, match="row 11: byte 9 is not UTF-8"):
        Ts(path=path).read_file(path)
    path.write_bytes(TS.replace("# a comment", "# für").encode("latin-1"))
    assert len(Ts(path=path).read_file(path)) == 3


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_trains_saves_and_predicts(rnn: Command, here: Path, cell: str) -> None:
    config = (
        f"data: {{kind: ts, path: {DATA / 'JapaneseVowels_TRAIN.ts.gz'}}}\n"
        f"model: {{cell: {cell}, hidden_size: 8, num_layers: 2, bidirectional: true,"
        " dropout: 0.2}\n"
        "training: {num_epochs: 2, optimizer: {kind: adam, learning_rate: 2e-2}}\n"
    )
    (here / "c.yaml").write_text(config)
    runs = [Path(rnn("train", "-c", "c.yaml", "-q").out.strip()) for _ in range(2)]
    assert (
        runs[0].joinpath("weights.npz").read_bytes() == runs[1].joinpath("weights.npz").read_bytes()
    )
    test = here / "test.ts"
    test.write_bytes(gzip.decompress((DATA / "JapaneseVowels_TEST.ts.gz").read_bytes()))
    report = json.loads(rnn("evaluate", "-w", runs[0], "-i", test, "--json").out)
    assert report["metrics"]["accuracy"] > 0.5
    assert rnn("predict", "-w", runs[0], "-i", test).out.count("\n") == 371


def test_time_stamps_without_a_value_are_refused_in_one_line(tmp_path: Path) -> None:
    path = ts(tmp_path, TS.replace("@timeStamps false", "@timeStamps"))
    with pytest.raises(InputError, match=r"a\.ts: holds time stamps \(@timeStamps\)"):
        Ts(path=path).read_file(path)


TAGS = [line.split()[0] for line in TS.splitlines() if line.startswith("@") and line != "@data"]


@pytest.mark.parametrize("tag", [*TAGS, "@seriesLength", "@targetLabel", "@unknown", "@"])
def test_any_tag_may_lack_its_value(rnn: Command, here: Path, tag: str) -> None:
    lines = [line for line in TS.splitlines() if line.split()[:1] != [tag]]
    path = ts(here, "\n".join([tag, *lines]))
    for words in (["init", path, "-o", "-"], ["init", path, "-o", "c.yaml"]):
        result = rnn(*words)
        assert result.code == (2 if tag == "@timeStamps" else 0), result.err
        assert (result.code == 0) == ("error" not in result.err)
    if tag != "@timeStamps":
        assert len(Ts(path=path).read_file(path)) == 3
