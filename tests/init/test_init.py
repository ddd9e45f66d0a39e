"""``rnn init``: a config for a data file that works unchanged."""

from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command, process

from rnncli.config import yaml12
from rnncli.config.reading import read_config
from rnncli.runs.training_setup import set_up

DATA = REPOSITORY / "tests" / "data"
X = np.random.default_rng(0).standard_normal((60, 6, 2)).round(3)
LABELS = np.where(X.sum(axis=(1, 2)) > 0, "up", "down")
BY_STEP = [f"{name}_{step}" for step in range(6) for name in "xy"]
BY_FEATURE = [f"{name}_{step}" for name in "xy" for step in range(6)]


def table(path: str, header: list[str] | None, rows: list[list[object]]) -> Path:
    lines = [",".join(map(str, row)) for row in ([header] if header else []) + rows]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path(path)


def wide(path: str, header: list[str] | None = None) -> Path:
    rows = [[*x.ravel(), label] for x, label in zip(X, LABELS, strict=True)]
    return table(path, header, rows)


def long(path: str, header: list[str], per_step: bool = False) -> Path:
    rows = []
    for number, (x, label) in enumerate(zip(X, LABELS, strict=True)):
        for place, step in enumerate(x[: 3 + number % 4]):
            rows.append([number, *step, f"{label}{place % 2}" if per_step else label])
    return table(path, header, rows)


def months(path: str) -> Path:
    rows = [[f"{1990 + i // 12}-{1 + i % 12:02}", np.sin(i / 5).round(3), i % 7] for i in range(99)]
    return table(path, ["date", "price", "day_of_week"], rows)


def suggested(rnn: Command, file: Path, *hints: object) -> tuple[dict[str, object], str]:
    """Return the ``data`` section for a file, and the messages; the config must train."""
    result = rnn("init", file, "--force", *hints)
    assert result.code == 0, result.err
    assert result.out == "config.yaml\n"
    trained = rnn("train", "-q", "-c", "config.yaml", "--set", "training.num_epochs=1")
    assert trained.code == 0, trained.err
    return yaml12.load(Path("config.yaml").read_bytes(), "config.yaml").tree["data"], result.err


def test_a_config_without_a_file_is_the_synthetic_task(rnn: Command, here: Path) -> None:
    assert rnn("init").code == 0
    config = read_config(here / "config.yaml")
    assert config.data.kind == "sum_sign"
    assert "#" in (here / "config.yaml").read_text()


@pytest.mark.parametrize(
    ("header", "hints", "size"),
    [
        ([*BY_STEP, "gesture"], [], 2),
        ([f"t{t}_c{c}" for t in range(6) for c in range(2)] + ["gesture"], [], 2),
        ([f"v{i}" for i in range(12)] + ["gesture"], [], 1),
        (None, [], 1),
        (None, ["--input-size", 2], 2),
        ([*map(str, range(12)), "label"], [], 1),
    ],
)
def test_rows_of_steps(
    rnn: Command, here: Path, header: list[str] | None, hints: list[object], size: int
) -> None:
    data, messages = suggested(rnn, wide("a.csv", header), *hints)
    assert (data["kind"], data["input_size"]) == ("csv", size)
    assert data["label_column"] == (-1 if header is None else header[-1])
    assert f"60 sequences of {12 // size} time steps" in messages
    assert f"down {(LABELS == 'down').sum()}, up {(LABELS == 'up').sum()}" in messages
    guessed = header is None and not hints
    assert not guessed or "not certain: 12 columns" in messages


def test_rows_feature_by_feature_are_refused_in_one_line(rnn: Command, here: Path) -> None:
    for names in (BY_FEATURE, [f"c{c}_t{t}" for c in range(2) for t in range(6)]):
        done = rnn("init", wide("a.csv", [*names, "label"]))
        assert done.code == 2
        assert "feature by feature; order them by time step" in done.err
        assert done.err.count("\n") == 1
    assert not (here / "config.yaml").exists()


def test_images_are_read_row_by_row_and_noise_is_not(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(1)
    columns = np.repeat(rng.standard_normal((40, 1, 6)), 6, axis=1).reshape(40, 36)
    noise = rng.standard_normal((40, 36)).cumsum(axis=1)
    for pixels, size in ((columns, 6), (noise, 1)):
        rows = [[*row.round(3), int(row[3] > 0)] for row in pixels]
        data, messages = suggested(rnn, table("a.csv", None, rows))
        assert data["input_size"] == size
        assert "override with --input-size D" in messages


@pytest.mark.parametrize("per_step", [False, True])
def test_one_time_step_per_row_is_found_by_names_or_by_consecutive_cells(
    rnn: Command, here: Path, per_step: bool
) -> None:
    data, messages = suggested(rnn, long("a.csv", ["id", "ax", "ay", "label"], per_step))
    assert (data["sequence_column"], data["label_column"]) == ("id", "label")
    assert data.get("label_per") == ("step" if per_step else None)
    assert "60 sequences of 3 to 6 time steps, 2 features" in messages
    assert "not certain" not in messages
    if not per_step:
        data, messages = suggested(rnn, long("b.csv", ["nr", "ax", "ay", "what"]))
        assert (data["sequence_column"], data["label_column"]) == ("nr", "what")
        assert "not certain: one time step per row" in messages


@pytest.mark.parametrize(
    ("header", "label"),
    [
        (["id", "x", "y", "label"], "label"),
        (["id", "Y", "Z", "gesture"], "gesture"),
        (["id", "a", "x", "y"], "y"),
    ],
)
def test_y_beside_other_coordinates_is_a_feature(
    rnn: Command, here: Path, header: list[str], label: str
) -> None:
    data, messages = suggested(rnn, long("steps.csv", header))
    assert data["label_column"] == label
    assert "label_per" not in data
    assert "2 features" in messages


def test_x_y_and_z_without_a_label_are_features(rnn: Command, here: Path) -> None:
    rows = [[*x, "up" if x.sum() > 0 else "down"] for x in X.reshape(-1, 3)]
    data, _ = suggested(rnn, table("points.csv", ["x", "y", "z", "side"], rows), "--kind", "csv")
    assert data["label_column"] == "side"


def test_a_table_in_the_order_of_time(rnn: Command, here: Path) -> None:
    data, messages = suggested(rnn, months("a.csv"), "--label-column", "price")
    assert data["kind"] == "series"
    assert data["columns"] == ["price", "day_of_week"]
    assert data["targets"] == ["price"]
    assert "ignored: time columns: date" in messages
    data, _ = suggested(rnn, wide("b.csv", [*BY_STEP, "label"]), "--kind", "series")
    assert data["kind"] == "series"


def test_arrays_and_their_labels(rnn: Command, here: Path) -> None:
    np.savez("a.npz", x=X, y=X.sum(axis=(1, 2)))
    np.save("x.npy", X)
    np.save("y.npy", LABELS)
    assert suggested(rnn, Path("a.npz"))[0]["kind"] == "npz"
    assert suggested(rnn, Path("x.npy"), "--labels", "y.npy")[0]["label_path"] == "y.npy"
    done = rnn("init", "x.npy", "--force")
    assert done.err == "error: x.npy: an .npy file has no labels; give --labels FILE.npy\n"


def test_a_test_file_beside_is_used_and_missing_values_are_filled(rnn: Command, here: Path) -> None:
    rows = [["" if i % 9 == 0 else i, i % 5, i % 7, "ab"[i % 2]] for i in range(60)]
    table("run_train.csv", None, rows)
    assert "test_path" not in suggested(rnn, Path("run_train.csv"))[0]
    table("run_test.csv", None, rows[:20])
    data, messages = suggested(rnn, Path("run_train.csv"))
    assert data["test_path"] == "run_test.csv"
    assert data["missing"] == "last"
    assert "10 missing values" in messages
    assert rnn("evaluate", "-w", "latest").code == 0


def test_nothing_is_overwritten(rnn: Command, here: Path) -> None:
    (here / "config.yaml").write_text("mine")
    (here / "link.yaml").symlink_to("nowhere")
    for name in ("config.yaml", "link.yaml"):
        done = rnn("init", "-o", name)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"error: {name}: already exists; give --output FILE, or --force\n"
    assert (here / "config.yaml").read_text() == "mine"
    assert rnn("init", "--force").code == 0
    assert rnn("init", "-o", "-").out == (here / "config.yaml").read_text()


def test_paths_are_those_from_the_config(rnn: Command, here: Path) -> None:
    (here / "sub").mkdir()
    wide("sub/a.csv", [*BY_STEP, "label"])
    (here / "configs").mkdir()
    assert rnn("init", "sub/a.csv", "-o", "configs/a.yaml").code == 0
    assert read_config(Path("configs/a.yaml")).data.path == here / "sub" / "a.csv"


def test_a_process_in_plain_surroundings(here: Path) -> None:
    wide("a.csv", [*BY_STEP, "gesture ü"])
    result = process("init", "a.csv", env={"LC_ALL": "C", "TERM": "dumb", "COLUMNS": "20"})
    assert (result.returncode, result.stdout) == (0, "config.yaml\n"), result.stderr
    assert read_config(here / "config.yaml").data.label_column == "gesture ü"


def test_names_that_look_like_yaml_or_end_a_comment(rnn: Command, here: Path) -> None:
    header = ["x #0", "x #1", '"a: [b\n- c #"']
    rows = [[i % 3, i % 5, ("no # {", "null: '")[i % 2]] for i in range(40)]
    data, _ = suggested(rnn, table("my data #1.csv", header, rows))
    assert data["path"] == "my data #1.csv"
    assert data["label_column"] == "a: [b\n- c #"
    many = [f"a long name {i} \x1b[31m" for i in range(100)]
    rows = [[f"{i * j % 7}.5" for j in range(1, 101)] for i in range(60)]
    data, messages = suggested(rnn, table("b.csv", many, rows), "--kind", "series")
    assert data["columns"] == many
    assert "\x1b" not in messages


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nosuch.csv"], "error: nosuch.csv: No such file or directory; a readable file"),
        (["a.csv", "--input-size", "5"], "12 feature columns; a multiple of 5"),
        (["a.csv", "--label-column", "zz"], "error: a.csv: there is no column 'zz'; one of x_0"),
        (["a.csv", "--kind", "cvs"], "error: --kind: 'cvs' is not known; did you mean 'csv'?"),
        (["a.csv", "--labels", "a.csv"], "error: --labels: does not apply to files of kind csv"),
        (["a.ts", "--input-size", "2"], "error: --input-size: does not apply to files of kind ts"),
        (["--kind", "csv"], "error: init: options about a data file need the FILE"),
        (["empty.csv"], "error: empty.csv: no rows of values"),
        (["one.csv"], "error: one.csv: 1 class (a); from 2 to 1000 are needed"),
    ],
)
def test_wrong_input_is_one_line(rnn: Command, here: Path, words: list[str], problem: str) -> None:
    wide("a.csv", [*BY_STEP, "label"])
    Path("empty.csv").touch()
    table("one.csv", None, [[1, 2, "a"], [3, 4, "a"]])
    done = rnn("init", *words)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert done.err.count("\n") == 1
    assert not (here / "config.yaml").exists()


@pytest.mark.parametrize(
    ("file", "like"),
    [
        ("digits_train.csv.gz", {"input_size": 8, "standardize": False}),
        ("JapaneseVowels_TRAIN.ts.gz", {"kind": "ts"}),
        ("sunspots.csv", {"kind": "series", "columns": ("SUNACTIVITY",), "sequence_length": 21}),
    ],
)
def test_real_recordings(rnn: Command, here: Path, file: str, like: dict[str, object]) -> None:
    result = rnn("init", DATA / file, "-o", "c.yaml")
    assert result.code == 0, result.err
    config = read_config(here / "c.yaml")
    assert {key: getattr(config.data, key) for key in like} == like
    assert set_up(config).splits.test is not None


def machines(path: str, first: str, rng: np.random.Generator) -> Path:
    header = [first, "installed", "status", *(f"t{i}" for i in range(24)), "remark"]
    rows = []
    for i in range(60):
        values = ["NA" if rng.random() < 0.05 else round(v, 2) for v in rng.standard_normal(24)]
        status = ("ok", "worn")[i % 2] if first == "machine_id" else i % 2
        day = f"2024-{1 + i * 7 % 12:02}-11"
        name = f"M{i}" if first == "machine_id" else 1000 + i
        rows.append([name, day, status, *values, f"seen by {'ab'[i % 2]}{i}"])
    return table(path, header, rows)


@pytest.mark.parametrize("first", ["machine_id", "id"])
def test_ids_labels_and_steps_of_a_table_of_machines(rnn: Command, here: Path, first: str) -> None:
    data, messages = suggested(rnn, machines("machines.csv", first, np.random.default_rng(0)))
    assert (data["kind"], data["input_size"], data["label_column"]) == ("csv", 1, "status")
    assert (data["id_column"], data["ignore"]) == (first, ["installed", "remark"])
    assert data["missing"] == "last"
    assert "60 sequences of 24 time steps, 1 feature per time step" in messages
    assert "ignored: dates and times: installed\n" in messages
    assert "ignored: text: remark\n" in messages
    assert f"'{first}' identifies the sequences" in messages
    out = rnn("predict", "-w", "latest", "-i", "machines.csv").out.splitlines()
    assert out[0].startswith(f"{first},label,")
    assert len(out) == 61


def test_numbers_beside_numbered_steps_are_named_and_ignored(rnn: Command, here: Path) -> None:
    rows = [[i % 2, i * 3.7 % 50, *(np.sin(i * j) for j in range(1, 7))] for i in range(60)]
    names = ["status", "age", *(f"t{i}" for i in range(6))]
    data, messages = suggested(rnn, table("a.csv", names, rows))
    assert (data["label_column"], data["ignore"]) == ("status", ["age"])
    assert "ignored: not numbered, unlike the time steps: age" in messages
    data, _ = suggested(rnn, table("a.csv", names, rows), "--label-column", "age")
    assert (data["label_column"], data["ignore"]) == ("age", ["status"])


def test_trips_with_time_stamps(rnn: Command, here: Path) -> None:
    rows = [
        [i // 6, f"2024-03-{1 + i // 24:02} {i % 24:02}:00:00", np.sin(i).round(3), i % 5, mode]
        for i in range(240)
        for mode in [("car", "bike")[i // 6 % 2]]
    ]
    trips = table("trips.csv", ["trip_id", "time", "speed", "accel", "mode"], rows)
    data, messages = suggested(rnn, trips)
    assert (data["sequence_column"], data["id_column"]) == ("trip_id", "trip_id")
    assert (data["label_column"], data["ignore"]) == ("mode", ["time"])
    assert "40 sequences of 6 time steps, 2 features per time step" in messages
    assert "ignored: dates and times: time" in messages
    assert (
        "not certain: 'mode' is guessed to be the label; override with --label-column" in messages
    )
    hints = ("--sequence-column", "trip_id", "--label-column", "mode")
    assert "not certain" not in suggested(rnn, trips, *hints)[1]


def test_sales_with_semicolons_and_decimal_commas(rnn: Command, here: Path) -> None:
    rows = [
        f"{1 + i % 28:02}.{1 + i // 28:02}.2024;north;{i * 7 % 50};{i % 9},{i % 10}5"
        for i in range(112)
    ]
    Path("sales.csv").write_text("\n".join(["date;shop;units;price", *rows]) + "\n")
    data, messages = suggested(rnn, Path("sales.csv"))
    assert (data["kind"], data["columns"]) == ("series", ["units", "price"])
    assert "ignored: time columns: date\n" in messages
    assert "ignored: not numbers: shop\n" in messages
    assert rnn("predict", "-w", "latest", "-i", "sales.csv").code == 0


def test_row_numbers_without_a_name_identify_rows(rnn: Command, here: Path) -> None:
    rows = [[i, *(round(np.sin(i * j), 3) for j in range(1, 7)), "ab"[i % 2]] for i in range(40)]
    names = ["", *(f"t{i}" for i in range(6)), "label"]
    data, messages = suggested(rnn, table("a.csv", names, rows))
    assert (data["id_column"], data["label_column"]) == (0, "label")
    assert "40 sequences of 6 time steps" in messages
    assert "the first column identifies the sequences" in messages
    assert rnn("predict", "-w", "latest", "-i", "a.csv").out.startswith("id,label,")


NAMES = [f"{first}{middle}{last}" for first in "ABCDE" for middle in "aeiou" for last in "nlr"]
MESSAGES = [f"please send {i} {w} to the shop today" for i in range(30) for w in ("pens", "bags")]


def test_names_with_a_label(rnn: Command, here: Path) -> None:
    rows = [[name, "short" if "a" in name else "long"] for name in NAMES]
    data, messages = suggested(rnn, table("a.csv", ["name", "vowel"], rows))
    assert (data["text_column"], data["label_column"]) == ("name", "vowel")
    assert data["unit"] == "char"
    assert "75 texts of 3 characters, with 13 different characters" in messages
    assert read_config(here / "config.yaml").model.embedding_size == 32
    data, messages = suggested(rnn, table("b.csv", None, rows))
    assert (data["text_column"], data["label_column"], data["header"]) == (0, 1, False)
    assert "75 texts" in messages


def test_sentences_with_a_label(rnn: Command, here: Path) -> None:
    rows = [[i, text, len(text), "abc"[i % 3]] for i, text in enumerate(MESSAGES)]
    data, _ = suggested(rnn, table("a.csv", ["id", "message", "size", "topic"], rows))
    assert (data["text_column"], data["label_column"]) == ("message", "topic")
    assert (data["id_column"], data["unit"], data["lowercase"]) == ("id", "word", True)
    values = [[text, i / 7] for i, text in enumerate(MESSAGES)]
    data, _ = suggested(rnn, table("b.csv", ["message", "price"], values))
    assert (data["text_column"], data["label_column"]) == ("message", "price")


def test_codes_beside_numbers_are_not_texts(rnn: Command, here: Path) -> None:
    pairs = enumerate(zip(X, LABELS, strict=True))
    rows = [[f"m{i}-x", *x.ravel(), label] for i, (x, label) in pairs]
    data, _ = suggested(rnn, table("a.csv", ["machine", *BY_STEP, "state"], rows))
    assert "text_column" not in data
    assert data["id_column"] == "machine"


@pytest.mark.parametrize(
    ("lines", "documents"),
    [
        (NAMES, "lines"),
        (["So it began, and none", "could tell how it", "would end. A man said:"] * 9, "stream"),
        (["It was a long and stormy night in the old house by the sea, when all slept"], "stream"),
        (NAMES[:6], "stream"),
    ],
)
def test_texts_that_are_no_tables(
    rnn: Command, here: Path, lines: list[str], documents: str
) -> None:
    (here / "book.txt").write_text("\n".join(lines) + "\n")
    data, _ = suggested(rnn, here / "book.txt")
    assert (data["kind"], data["documents"]) == ("text", documents)


def test_a_kind_can_be_stated(rnn: Command, here: Path) -> None:
    (here / "a.csv").write_text("\n".join(NAMES) + "\n")
    data, _ = suggested(rnn, here / "a.csv", "--kind", "text")
    assert data["kind"] == "text"
    result = rnn("init", "a.csv", "--kind", "text", "--label-column", "x", "-o", "-")
    assert "--label-column: does not apply to files of kind text" in result.err


def test_a_text_file_of_numbers_is_a_table(rnn: Command, here: Path) -> None:
    data, _ = suggested(rnn, wide("a.txt", [*BY_STEP, "gesture"]))
    assert data["kind"] == "csv"
    (here / "b.txt").write_text("1,2,3,up\n4,5\n6,7,8,down\n")
    assert "2 columns" in rnn("init", "b.txt", "-o", "-").err
