"""Every kind of data: files as people have them, forecasts, and tasks with known answers."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command

from rnncli.config.reading import config_from
from rnncli.datasets import Adding, Copy, Csv, Npz, Parity, Series, TemporalOrder, Ts, mapped
from rnncli.datasets.sequences import valid_steps
from rnncli.datasets.task import scale_targets
from rnncli.errors import InputError
from rnncli.inference.evaluation import evaluate
from rnncli.nn.cells import CELLS
from rnncli.runs.training_setup import set_up

DATA = REPOSITORY / "tests" / "data"

TS = """# a comment
@problemName Toy
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
1,2,3:4,5,6:up
1,2:4,5:down

%another comment
7,8,9,10:1,1,1,1: up
"""


def ts(folder: Path, text: str) -> Path:
    path = folder / "a.ts"
    path.write_bytes(text.encode())
    return path


def test_ts_as_it_should_be(tmp_path: Path) -> None:
    read = Ts(path=ts(tmp_path, TS)).read_file(tmp_path / "a.ts")
    assert read.x.shape == (3, 4, 2)
    assert read.lengths is not None
    assert read.lengths.tolist() == [3, 2, 4]
    np.testing.assert_array_equal(read.x[1], [[0, 0], [0, 0], [1, 4], [2, 5]])
    assert read.labels is not None
    assert read.labels.tolist() == ["up", "down", "up"]
    assert read.rows == [10, 11, 14]


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
def test_ts_as_it_comes(tmp_path: Path, change: Callable[[str], str]) -> None:
    expected = Ts(path=ts(tmp_path, TS)).read_file(tmp_path / "a.ts")
    found = Ts(path=ts(tmp_path, change(TS))).read_file(tmp_path / "a.ts")
    np.testing.assert_array_equal(found.x, expected.x)
    assert found.labels is not None
    assert expected.labels is not None
    assert found.labels.tolist() == expected.labels.tolist()


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
def test_ts_that_is_wrong(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem.replace("(", r"\(")):
        path = ts(tmp_path, TS.replace(old, new))
        Ts(path=path, validation_fraction=0).read(0)


@pytest.mark.parametrize(
    ("how", "values"), [("zero", [0, 2, 0, 4]), ("last", [3, 2, 2, 4]), ("mean", [3, 2, 3, 4])]
)
def test_missing_values_are_filled_in(tmp_path: Path, how: str, values: list[float]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",2,?,4,a\n3,3,3,3,b\n")
    part, _ = Csv(path=path, missing=how, validation_fraction=0).read(0)
    np.testing.assert_array_equal(part.train.x[0, :, 0], values)
    with pytest.raises(InputError, match="row 1, column 1: is empty"):
        Csv(path=path, validation_fraction=0).read(0)


def test_wide_csv_with_empty_cells_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1,2,3,4,a\n5,6,,,b\n")
    read = Csv(path=path, input_size=2).read_file(path)
    assert read.lengths is not None
    assert read.lengths.tolist() == [2, 1]
    np.testing.assert_array_equal(read.x[1], [[0, 0], [5, 6]])


LONG = "id,x,y,label\na,1,2,up\na,3,4,up\nb,5,6,down\n"


def long_csv(path: Path, **keys: object) -> Csv:
    return Csv(path=path, sequence_column="id", label_column="label", **keys)  # type: ignore[arg-type]


def test_long_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(LONG)
    read = long_csv(path).read_file(path)
    np.testing.assert_array_equal(read.x, [[[1, 2], [3, 4]], [[0, 0], [5, 6]]])
    assert read.labels is not None
    assert read.labels.tolist() == ["up", "down"]
    steps = long_csv(path, label_per="step").read_file(path)
    assert steps.labels is not None
    assert steps.labels.tolist() == [["up", "up"], ["", "down"]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LONG + "a,1,1,up\n", "row 5: sequence 'a' goes on after another began"),
        (LONG.replace("3,4,up", "3,4,down"), "row 3, column 4: label 'down' within a sequence"),
        (LONG.replace("3,4", "3,z"), r"row 3, column 3 \(y\): 'z' is not a number"),
        (LONG.replace("id", "ID"), "no column is named 'id'"),
    ],
)
def test_long_csv_that_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=problem):
        long_csv(path).read_file(path)


def test_labels_of_steps_from_training_to_prediction(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["id,x,label"]
    for sequence in range(60):
        total = 0.0
        for value in rng.standard_normal(rng.integers(2, 9)).tolist():
            total += value
            lines.append(f"{sequence},{value!r},{'plus' if total > 0 else 'minus'}")
    (here / "a.csv").write_text("\n".join(lines) + "\n")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: label,"
        " label_per: step}\n"
        "model: {cell: gru, output: every_step}\n"
        "training: {num_epochs: 60, optimizer: {kind: adam, learning_rate: 1e-2}}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", "a.csv", "--json").out)
    assert report["num_samples"] == len(lines) - 1
    assert report["metrics"]["accuracy"] > 0.9 > report["baseline"]["accuracy"]
    out = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    assert out[0] == "sequence,step,label,probability_minus,probability_plus"
    assert len(out) == len(lines)
    rnn("evaluate", "-w", "latest", "-i", "a.csv", "--output", "answers.csv")
    rows = [line.split(",") for line in (here / "answers.csv").read_text().splitlines()[1:]]
    right = np.mean([row[2] == row[3] for row in rows])
    assert right == pytest.approx(report["metrics"]["accuracy"])
    wrong = rnn("train", "-c", "c.yaml", "--set", "model.output=sequence")
    assert wrong.code == 2
    assert "labels of steps; set it to every_step" in wrong.err


def table(path: Path, rows: int = 60) -> np.ndarray:
    values = np.arange(2.0 * rows).reshape(rows, 2)
    lines = [f"{1900 + i},{a!r},{b!r},note" for i, (a, b) in enumerate(values.tolist())]
    path.write_text("year,a,b,remark\n" + "\n".join(lines) + "\n")
    return values


def test_series_never_learn_what_they_are_asked(tmp_path: Path) -> None:
    values = table(tmp_path / "a.csv")
    data = Series(
        path=tmp_path / "a.csv",
        columns=("a", "b"),
        targets=("b",),
        sequence_length=5,
        horizon=3,
        test_size=10,
        validation_fraction=0.2,
    )
    part, _ = data.read(0)
    assert part.validation is not None
    assert part.test is not None
    seen: list[set[float]] = []
    for some in (part.train, part.validation, part.test):
        assert some.labels is not None
        seen.append(set(some.labels.ravel().tolist()))
        for x, y in zip(some.x, some.labels, strict=True):
            start = int(np.flatnonzero(values[:, 0] == x[0, 0])[0])
            np.testing.assert_array_equal(x, values[start : start + 5])
            np.testing.assert_array_equal(y, values[start + 5 : start + 8, 1])
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & set(values[-10:, 1])
    assert seen[2] == set(values[-10:, 1])


def test_forecasts_go_on_where_the_table_ends(rnn: Command, here: Path) -> None:
    table(here / "a.csv")
    (here / "c.yaml").write_text(
        "data: {kind: series, path: a.csv, columns: [a, b], sequence_length: 4, test_size: 5}\n"
        "training: {num_epochs: 2}\n"
    )
    trained = rnn("train", "-c", "c.yaml", "-q")
    assert trained.code == 0, trained.err
    out = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    assert out[0] == "value_0,value_1"
    assert len(out) - 1 == 60 - 4 + 1
    assert json.loads(rnn("evaluate", "-w", "latest", "--json").out)["num_samples"] == 5


def test_adding_copy_parity_and_temporal_order_are_what_they_say() -> None:
    rng = np.random.default_rng(0)
    adding = Adding().draw(4000, rng)
    assert adding.labels is not None
    np.testing.assert_allclose((adding.x[:, :, 0] * adding.x[:, :, 1]).sum(axis=1), adding.labels)
    assert (adding.x[:, :50, 1].sum(axis=1) == 1).all()
    assert adding.labels.var() == pytest.approx(1 / 6, rel=0.1)
    copy = Copy(delay=30).draw(50, rng)
    assert copy.labels is not None
    symbols = copy.x.argmax(axis=2)
    np.testing.assert_array_equal(copy.labels[:, -10:], symbols[:, :10])
    assert copy.labels.shape == (50, 50)
    assert not copy.labels[:, :-10].any()
    assert (symbols[:, 39] == 9).all()
    parity = Parity().draw(200, rng)
    assert parity.labels is not None
    assert parity.lengths is not None
    assert not parity.x[~valid_steps(parity.lengths, 20)].any()
    np.testing.assert_array_equal(parity.x.sum(axis=(1, 2)) % 2, parity.labels)
    assert set(parity.lengths) == set(range(1, 21))
    assert Parity().test(0).x.shape == (1000, 100, 1)
    order = TemporalOrder().draw(200, rng)
    assert order.labels is not None
    letters = order.x[:, :, :2].sum(axis=2) > 0
    assert (letters.sum(axis=1) == 2).all()
    for x, some, label in zip(order.x, letters, order.labels, strict=True):
        assert "".join("XY"[row[:2].argmax()] for row in x[some]) == label


def test_fresh_data_is_new_every_epoch_and_repeats_with_the_seed() -> None:
    tree = {"data": {"kind": "adding", "num_samples": 50, "sequence_length": 4, "fresh": True}}
    one, other = set_up(config_from(tree)), set_up(config_from(tree))
    drawn = [one.examples_of(epoch).inputs for epoch in range(3)]
    assert not np.array_equal(drawn[0], drawn[1])
    assert len(drawn[0]) == len(one.train)
    for epoch in range(3):
        np.testing.assert_array_equal(other.examples_of(epoch).inputs, drawn[epoch])
    still = set_up(config_from({"data": tree["data"] | {"fresh": False}}))
    assert still.examples_of(0) is still.examples_of(5) is still.train


def test_files_that_stay_on_the_disk_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 6, 2)).astype(np.float32) * [1, 9] + [0, 5]
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x.sum(axis=(1, 2)) > 30)
    tree = {
        "data": {
            "kind": "npz",
            "path": str(tmp_path / "x.npy"),
            "label_path": str(tmp_path / "y.npy"),
        },
        "model": {"dtype": "float64"},
        "training": {"num_epochs": 3},
    }
    losses = []
    for limit in (1 << 40, 0):
        monkeypatch.setattr("rnncli.datasets.npz.MAPPED_FROM_BYTES", limit)
        monkeypatch.setattr(mapped, "_NUMBERS_AT_ONCE", 100)
        experiment = set_up(config_from(tree))
        assert isinstance(experiment.train.x, mapped.Mapped) == (limit == 0)
        *_, last = experiment.fit()
        report = evaluate(experiment.model, [experiment.splits.for_evaluation])  # type: ignore[list-item]
        assert report.metrics["loss"] == pytest.approx(last.val_loss, rel=1e-9)
        losses.append(last.val_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_targets_in_ts_files(tmp_path: Path) -> None:
    text = TS.replace("@classLabel true up down", "@targetLabel true")
    path = ts(tmp_path, text.replace(":up", ":1.5").replace(":down", ":2").replace(": up", ":3e0"))
    part, task = Ts(path=path, validation_fraction=0).read(0)
    assert task.kind == "regression"
    assert scale_targets(task, part.train).target_mean == pytest.approx((6.5 / 3,))


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_trains_saves_and_predicts(rnn: Command, here: Path, cell: str) -> None:
    config = (
        f"data: {{kind: ts, path: {DATA / 'JapaneseVowels_TRAIN.ts.gz'}}}\n"
        f"model: {{cell: {cell}, hidden_size: 16, num_layers: 2, bidirectional: true,"
        " dropout: 0.2}\n"
        "training: {num_epochs: 4, optimizer: {kind: adam, learning_rate: 1e-2}}\n"
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


def test_npz_predictions_with_labels_beside(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((4, 3)), y=["a", "b", "a", "b"])
    part, _ = Npz(path=tmp_path / "a.npz", validation_fraction=0).read(0)
    assert part.train.x.shape == (4, 3, 1)


def test_the_header_says_what_labels_are(tmp_path: Path) -> None:
    whole = TS.replace(":up", ":2").replace(":down", ":1").replace(": up", ":2")
    values = whole.replace("@classLabel true up down", "@targetLabel true")
    assert Ts(path=ts(tmp_path, values), validation_fraction=0).read(0)[1].kind == "regression"
    fractions = whole.replace(":2\n", ":1.5\n").replace(":1\n", ":0.5\n")
    task = Ts(path=ts(tmp_path, fractions), validation_fraction=0).read(0)[1]
    assert (task.kind, task.labels) == ("binary", ("0.5", "1.5"))


def test_class_names_in_ts_files_are_kept_to_the_letter(tmp_path: Path) -> None:
    text = TS.replace(":up", ":1.0").replace(":down", ":01").replace(": up", ": 1")
    task = Ts(path=ts(tmp_path, text), validation_fraction=0).read(0)[1]
    assert task.labels == ("01", "1", "1.0")


def test_ts_that_is_no_utf_8_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(TS.replace(":down", ":ä").encode("latin-1"))
    with pytest.raises(InputError, match="row 11: byte 9 is not UTF-8"):
        Ts(path=path).read_file(path)
    path.write_bytes(TS.replace("# a comment", "# für").encode("latin-1"))
    assert len(Ts(path=path).read_file(path)) == 3


def test_long_csv_columns_go_by_name(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    lines, turned = ["id,a,b,label"], ["id,b,a,label"]
    for sequence in range(40):
        for _ in range(3):
            a, b = rng.standard_normal(2).tolist()
            label = "even" if sequence % 2 == 0 else "odd"
            a += 3 if label == "odd" else -3
            lines.append(f"{sequence},{a!r},{b!r},{label}")
            turned.append(f"{sequence},{b!r},{a!r},{label}")
    (here / "a.csv").write_text("\n".join(lines) + "\n")
    (here / "b.csv").write_text("\n".join(turned) + "\n")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: label}\n"
        "training: {num_epochs: 3}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    assert (
        rnn("predict", "-w", "latest", "-i", "a.csv").out
        == rnn("predict", "-w", "latest", "-i", "b.csv").out
    )


def test_steps_without_labels_are_no_trouble(here: Path, rnn: Command) -> None:
    lines = ["id,x,label"]
    for sequence in range(30):
        lines += [
            f"{sequence},{i + sequence},{'' if sequence < 6 else 'ab'[i % 2]}" for i in (0, 1)
        ]
    (here / "a.csv").write_text("\n".join(lines) + "\n")
    (here / "b.csv").write_text("id,x,label\n1,2,\n1,3,\n")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: label,"
        " label_per: step}\nmodel: {output: every_step}\n"
        "training: {num_epochs: 2, batch_size: 1, shuffle: false}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    assert rnn("gradcheck", "-c", "c.yaml", "--num-samples", "3").code == 0
    nothing = rnn("evaluate", "-w", "latest", "-i", "b.csv")
    assert nothing.code == 2
    assert nothing.err.count("\n") == 1


@pytest.mark.parametrize("missing", ["mean", "zero", "last"])
def test_tables_with_gaps(rnn: Command, here: Path, missing: str) -> None:
    values = np.random.default_rng(0).standard_normal(80)
    cells = ["" if i in (0, 30, 31, 75) else repr(v) for i, v in enumerate(values.tolist())]
    (here / "a.csv").write_text("x\n" + "\n".join(f'"{cell}"' for cell in cells) + "\n")
    (here / "c.yaml").write_text(
        "data: {kind: series, path: a.csv, sequence_length: 5, test_size: 10,"
        f" missing: {missing}}}\ntraining: {{num_epochs: 2}}\n"
    )
    trained = rnn("train", "-c", "c.yaml", "-q")
    assert trained.code == 0, trained.err
    # Of the ten test rows one is missing: it is no answer to be scored.
    own = rnn("evaluate", "-w", "latest", "--output", "own.csv", "--json")
    assert json.loads(own.out)["num_samples"] == 9
    rnn("evaluate", "-w", "latest", "-i", "a.csv", "--output", "all.csv")
    own_rows, all_rows = (
        np.loadtxt(here / name, delimiter=",", skiprows=1) for name in ("own.csv", "all.csv")
    )
    np.testing.assert_allclose(all_rows[-9:], own_rows, atol=1e-6)
    assert rnn("predict", "-w", "latest", "-i", "a.csv").out.count("\n") == 80 - 5 + 2
    refused = rnn("train", "-c", "c.yaml", "--set", "data.missing=error")
    assert refused.code == 2
    assert "the value is missing; set data.missing" in refused.err
    short = rnn("train", "-c", "c.yaml", "--set", "data.horizon=11")
    assert "10 rows do not hold a horizon of 11" in short.err


def test_files_get_defaults_that_suit_them(tmp_path: Path) -> None:
    path = str(ts(tmp_path, TS))
    config = config_from({"data": {"kind": "ts", "path": path}})
    assert (config.model.cell, config.model.pooling) == ("gru", "mean")
    assert config.training.num_epochs == 100
    chosen = config_from(
        {"data": {"kind": "ts", "path": path}, "model": {"cell": "tanh", "pooling": "last"}}
    )
    assert (chosen.model.cell, chosen.model.pooling) == ("tanh", "last")
    assert config_from({"data": {"kind": "sum_sign"}}).model.cell == "tanh"
