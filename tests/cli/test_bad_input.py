"""Mistakes of all kinds: each is one clear line, the right exit code, and no run folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, write_csv

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3, 1))
GOOD = "1,2,3,a\n4,5,6,b\n" * 10


def config(text: str) -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        Path("c.yaml").write_text(text)
        return ["train", "-c", "c.yaml"]

    return prepare


def csv(content: str | bytes, keys: str = "") -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        raw = content if isinstance(content, bytes) else content.encode()
        Path("d.csv").write_bytes(raw)
        Path("c.yaml").write_text(f"data: {{kind: csv, path: d.csv{keys}}}\n")
        return ["train", "-c", "c.yaml"]

    return prepare


def npz(keys: str = "", **arrays: object) -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        np.savez("d.npz", **arrays)  # type: ignore[arg-type]
        Path("c.yaml").write_text(f"data: {{kind: npz, path: d.npz{keys}}}\n")
        return ["train", "-c", "c.yaml"]

    return prepare


def command(*words: str) -> Callable[[], list[str]]:
    return lambda: list(words)


def predict(content: str | bytes, name: str = "p.csv") -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        raw = content if isinstance(content, bytes) else content.encode()
        Path(name).write_bytes(raw)
        return ["predict", "-w", "MODEL", "-i", name]

    return prepare


def with_nan() -> np.ndarray:
    x = X.copy()
    x[7, 2, 0] = np.nan
    return x


Y = np.arange(20) % 2
CASES: dict[str, tuple[Callable[[], list[str]], str]] = {
    "no config": (command("train"), "give either --config FILE or --resume RUN"),
    "config not there": (command("train", "-c", "no.yaml"), "no.yaml: No such file"),
    "config is a folder": (command("train", "-c", "."), ".: Is a directory"),
    "unknown option": (command("train", "--confg", "x"), "train: no such option: --confg"),
    "config without its option": (
        command("train", "c.yaml"),
        "a config follows -c, as in 'rnn train -c c.yaml'",
    ),
    "data without a config": (
        command("train", "d.csv"),
        "'rnn init d.csv' writes a config for a data file",
    ),
    "options before a command": (
        command("runs", "--limit", "3", "show", "latest"),
        "put options after 'show'",
    ),
    "unknown sort": (
        command("runs", "--sort", "los"),
        "--sort: 'los' is not known; did you mean 'loss'?",
    ),
    "size of a figure": (
        command("plot", "latest", "--size", "6", "-o", "a.png"),
        "--size: '6' is not a size; write width and height in inches",
    ),
    "figure options without a file": (
        command("plot", "latest", "--title", "x"),
        "--size, --dpi and --title need --output FILE",
    ),
    "unknown command": (command("trian"), "there is no command 'trian'; did you mean 'train'?"),
    "no such run": (command("train", "--resume", "gone"), "gone: no such run"),
    "no run yet": (command("evaluate", "-w", "latest"), "latest: no run under"),
    "unknown key": (config("model: {hiden_size: 3}"), "did you mean 'hidden_size'?"),
    "duplicate key": (config("seed: 1\nseed: 2"), "c.yaml:2: seed: duplicate key"),
    "wrong type": (config("seed: one"), "c.yaml:1: seed: 'one' is of the wrong type"),
    "out of range": (config("model:\n  num_layers: 0"), "c.yaml:2: model.num_layers: 0 is out"),
    "negative rate": (
        config("training: {optimizer: {kind: sgd, learning_rate: -1}}"),
        "training.optimizer.learning_rate: -1 is out of range; above 0",
    ),
    "yaml error": (config("a: [1, 2"), "c.yaml:1: "),
    "alias": (config("a: &b 1\nc: *b"), "c.yaml:1: anchors and aliases are not allowed"),
    "bad set": (command("gradcheck", "--set", "seed"), "--set seed: KEY=VALUE was expected"),
    "data not there": (config("data: {kind: csv, path: no.csv}"), "no.csv: no such file"),
    "not a number": (
        csv("1,2,3,a\n4,x,6,b\n"),
        "d.csv:2: row 2, column 2: 'x' is not a number; write it like 0.5",
    ),
    "empty cell": (csv("1,2,3,a\n4,,6,b\n"), "d.csv:2: row 2, column 2: is empty"),
    "nan": (csv("1,2,3,a\n4,5,nan,b\n"), "d.csv:2: row 2, column 3: 'nan' is not a number"),
    "infinity": (csv("1,2,3,a\n1e999,5,6,b\n"), "row 2, column 1: '1e999' is too large"),
    "full-width digit": (csv("1,2,3,a\n１,5,6,b\n"), "d.csv:2: row 2, column 1: '１' is not"),
    "ragged": (csv("1,2,3,a\n4,5,b\n"), "d.csv:2: row 2: 3 columns; 4 were expected"),
    "nul byte": (csv("1,2,3,a\n4,\0,6,b\n"), "d.csv:2: row 2, column 2: a NUL byte"),
    "not utf-8": (csv(b"1,2,3,a\n4,5,6,\xff\n"), "d.csv:2: row 2: byte 7 is not UTF-8"),
    "open quote": (
        csv('1,2,3,a\n"4,5,6,b\n'),
        "d.csv:2: row 2, column 1: a quote that is not closed",
    ),
    "empty file": (csv(""), "d.csv: no rows"),
    "empty row": (csv("1,2,3,a\n,,,\n"), "d.csv:2: row 2, column 4: the label is empty"),
    "nan in the first row": (csv("nan,nan,nan,a\n1,2,3,b\n"), "d.csv:1: row 1, column 1: 'nan'"),
    "one column": (
        csv("1;2;3;a\n1;2;a\n"),
        "d.csv:1: row 1: one column, '1;2;3;a'; cells separated by commas were expected; set data",
    ),
    "one bad target": (
        csv("1,2,3,0.5\n4,5,6,x\n" * 10),
        "d.csv:2: row 2: target 'x' is not a number; write it like 0.5 or 1e-3, or set data.task",
    ),
    "number column names": (csv("0,1,2,label\n1,2,3,a\n4,5,6,b\n"), "set data.header to true"),
    "huge value": (npz(x=X * 1e40, y=Y), "is not a finite number up to 1e+30"),
    "several labels": (npz(x=X, y=np.array([["a", "b"]] * 20)), "is not a number"),
    "no targets": (npz(x=X, y=np.ones((20, 0))), "contains no labelled sequences"),
    "nul in a path": (
        config('data: {kind: csv, path: "a\\0b"}'),
        "data.path: 'a\\x00b' is not a valid path",
    ),
    "thousands of digits": (
        config("training: {schedule: {kind: cosine, warmup_steps: 1" + "0" * 400 + "}}"),
        "training.schedule.warmup_steps: 1000000000000",
    ),
    "set of thousands of digits": (
        command("gradcheck", "--set", "seed=1" + "0" * 5000),
        "the number has too many digits",
    ),
    "set with two lines": (command("gradcheck", "--set", "seed=1\nfoo: 2"), "--set seed=1"),
    "patience without validation": (
        config("data: {kind: sum_sign, validation_fraction: 0}\ntraining:\n  patience: 3"),
        "c.yaml:3: training.patience: there is no validation split to monitor",
    ),
    "header alone": (csv("a,b,c,d\n"), "d.csv: no rows after the header"),
    "one class": (csv("1,2,3,a\n" * 9), "d.csv: 1 class (a)"),
    "no such column": (csv(GOOD, ", label_column: kind"), "no column is named 'kind'"),
    "column too far": (
        csv(GOOD, ", label_column: 9"),
        "data.label_column: column 9 does not exist",
    ),
    "odd width": (csv(GOOD, ", input_size: 2"), "3 feature columns; a multiple of 2"),
    "damaged gzip": (csv(b"\x1f\x8b\x08\x00broken"), "the gzip data is damaged"),
    "text target": (csv(GOOD, ", task: regression"), "d.csv:1: row 1: target 'a' is not a number"),
    "too little": (csv("1,2,3,a\n4,5,6,b\n"), "leaves the training or the validation split empty"),
    "no x": (npz(z=X, y=Y), "d.npz: has no member 'x'; it holds z, y"),
    "no y": (npz(x=X), "d.npz: has no labels"),
    "lengths differ": (npz(x=X, y=Y[:5]), "d.npz: y has shape (5,)"),
    "objects": (npz(x=X, y=np.array([{}] * 20)), "d.npz: is not a valid .npy or .npz file"),
    "wrong shape": (npz(x=X[:, 0, 0], y=Y), "d.npz: x has shape (20,)"),
    "nan in npz": (
        npz(x=with_nan(), y=Y),
        "d.npz: sequence 7, time step 2, feature 0: the value",
    ),
    "predict not a number": (predict("1,2,3\n4,5,six\n"), "p.csv:2: row 2, column 3: 'six'"),
    "predict npz damaged": (predict(b"PK\x03\x04rubbish", "p.npz"), "p.npz: is not a valid"),
    "predict features": (
        lambda: np.save("p.npy", np.ones((2, 3, 4))) or predict_npy(),
        "p.npy: 4 features per time step; the model takes 1",
    ),
    "predict format": (
        command("predict", "-w", "MODEL", "-i", "x.csv", "--format", "xml"),
        "--format: 'xml' is not known; one of csv, jsonl, npz",
    ),
    "evaluate unknown label": (
        lambda: evaluate_csv("1,2,3,a\n4,5,6,zebra\n"),
        "e.csv:2: row 2: label 'zebra' is not known; one of a, b",
    ),
    "evaluate alone": (command("evaluate", "-w", "MODEL"), "a weights file alone has no data"),
    "gradcheck method": (
        command("gradcheck", "--method", "exact"),
        "--method: 'exact' is not known; one of complex, central",
    ),
}


def predict_npy() -> list[str]:
    return ["predict", "-w", "MODEL", "-i", "p.npy"]


def evaluate_csv(content: str) -> list[str]:
    Path("e.csv").write_text(content)
    return ["evaluate", "-w", "MODEL", "-i", "e.csv"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a weights file of a classifier of three steps with the labels a and b."""
    import rnncli
    from rnncli.runs.weights import weights_of

    folder = tmp_path_factory.mktemp("model")
    path = write_csv(folder / "d.csv", X, ["a", "b"] * 10)
    trained = rnncli.train({"data": {"kind": "csv", "path": str(path)}})
    weights_of(trained).write(folder / "model.npz")
    return folder / "model.npz"


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_clear_line(case: str, rnn: Command, here: Path, model: Path) -> None:
    prepare, problem = CASES[case]
    words = [str(model) if word == "MODEL" else word for word in prepare()]
    result = rnn(*words)
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1, result.err
    assert problem in result.err
    assert "Traceback" not in result.err
    assert not (here / "runs").exists()
