"""Configs: YAML 1.2, strict, all mistakes at once, each with its line and what would be right."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.reading import config_from, default_config, read_config
from rnncli.config.tree import as_tree
from rnncli.errors import InputError
from rnncli.training.optimizers import SGD, Adam

CONFIGS = Path(__file__).parent.parent.parent / "configs"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1.5E+2", 150.0),
        (".5", 0.5),
        ("-0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("010", "010"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("2026-11-22", "2026-11-22"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("''", ""),
        ("'1'", "1"),
        ("[1, a, {b: 2}]", [1, "a", {"b": 2}]),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    found = yaml12.scalar(text)
    assert found == value
    assert type(found) is type(value)


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.dictionaries(
    st.text(min_size=1).filter(lambda key: key != "<<"),
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=6),
    max_size=5,
)


@given(trees)
def test_what_is_written_is_read_back(tree: dict[str, object]) -> None:
    assert yaml12.load(yaml12.dump(tree), "x").tree == tree


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "x:3: a: stands twice (first in line 1); keep one"),
        ("s:\n  a: 1\n  a: 2\n", "x:3: s.a: stands twice"),
        ("a: &x 1\nb: *x\n", "x:1: anchors and aliases are not allowed"),
        ("a:\n  <<: {b: 1}\n", "x:2: <<: merge keys are not allowed"),
        ("a: !!python/object:os.system x\n", "x:1: tags are not allowed"),
        ("a: [1\nb: 2\n", "x:2: "),
        ("- 1\n- 2\n", "x:1: a mapping such as 'seed: 0' was expected"),
        ("a: 1\n---\nb: 2\n", "x:2: but found another document"),
        ("? [1, 2]\n: 3\n", "x:1: a key that is not a word"),
        ("a: " + "[" * 60, "x:1: nested deeper than 32 levels"),
        ("#" * 70_000, "x: over 64 KiB"),
        (b"a: \xff\xfe", "x: is not YAML text in UTF-8"),
        ("a: \0", "x: is not YAML text in UTF-8"),
    ],
)
def test_refused_by_line(text: str | bytes, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        document = yaml12.load(text, "x")
        lines = [f"x:{line}: {text}" for line, text in document.problems]
        raise InputError(*lines)
    assert problem in str(raised.value)


def write(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        read_config(path, overrides)
    return [line.replace(str(path), "c") for line in raised.value.problems]


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "seed: -1\n"
        "data: {kind: sum_sgn}\n"
        "modle: {}\n"
        "model:\n"
        "  cell: tahn\n"
        "  hidden_sise: 3\n"
        '  num_layers: "2"\n'
        "training:\n"
        "  batch_size: 010\n"
        "  optimizer: {kind: adam, learning_rate: .nan}\n"
        "  shuffle: no\n",
    )
    assert problems(path, "training.num_epochs=0", "model.x=1") == [
        "--set model.x=1: model.x: unknown key; one of cell, hidden_size, num_layers, "
        "bidirectional, dropout, pooling, output, dtype, initialization",
        "--set training.num_epochs=0: training.num_epochs: 0 is out of range; at least 1 "
        "and at most 1000000000",
        "c:1: seed: -1 is out of range; at least 0 and at most 9223372036854775807",
        "c:2: data.kind: 'sum_sgn' is not known; did you mean 'sum_sign'?",
        "c:3: modle: unknown key; did you mean 'model'?",
        "c:5: model.cell: 'tahn' is not known; did you mean 'tanh'?",
        "c:6: model.hidden_sise: unknown key; did you mean 'hidden_size'?",
        "c:7: model.num_layers: '2' is of the wrong type; a whole number was expected",
        "c:9: training.batch_size: '010' is of the wrong type; a whole number was expected",
        "c:10: training.optimizer.learning_rate: nan is not a finite number; above 0",
        "c:11: training.shuffle: 'no' is of the wrong type; true or false was expected",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("nonsense", "--set nonsense: KEY=VALUE was expected, such as model.hidden_size=64"),
        ("seed=[", "--set seed=[: "),
        ("seed.x=1", 'seed: {"x": 1} is of the wrong type; a whole number was expected'),
        ("data.kind=csv", "data.path: is missing; it must be given"),
        ("data.path=a.csv", "data: has no kind; one of sum_sign, adding, copy"),
        ("training.optimizer=5", "5 is of the wrong type; a section with keys was expected"),
        ("training.optimizer.kind=sgdd", "'sgdd' is not known; did you mean 'sgd'?"),
        ("training.optimizer.momentum=0.9", "training.optimizer: has no kind; one of sgd, adam"),
        ("name=../x", "name: '../x' is not allowed; text that matches"),
        ("model.dtype=float16", "'float16' is not known; did you mean 'float"),
        ("training.clip_norm=.inf", "inf is not a finite number; above 0"),
        ("data.validation_fraction=1", "1 is out of range; at least 0 and below 1"),
    ],
)
def test_overrides_are_checked_like_the_file(override: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        default_config([override])
    assert problem in str(raised.value)
    assert str(raised.value).startswith(f"--set {override}: ")


def test_precedence_is_defaults_then_file_then_overrides(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 3\nmodel: {hidden_size: 5}\n")
    config = read_config(path, ["model.hidden_size=7", "training.optimizer.learning_rate=1e-2"])
    assert (config.seed, config.model.hidden_size, config.model.num_layers) == (3, 7, 1)
    assert config.training.optimizer == Adam(learning_rate=0.01)
    assert read_config(path, ["training.optimizer.kind=sgd"]).training.optimizer == SGD()


def test_name_is_the_files_unless_given(tmp_path: Path) -> None:
    path = tmp_path / "my run!.yaml"
    path.write_text("seed: 1\n")
    assert read_config(path).name == "my_run_"
    assert read_config(path, name="other").name == "other"
    path.write_text("name: mine\n")
    assert read_config(path).name == "mine"


def test_paths_are_relative_to_the_file_or_for_overrides_to_the_folder_here(here: Path) -> None:
    (here / "sub").mkdir()
    path = write(here / "sub", "data: {kind: csv, path: a.csv}\n")
    config = read_config(path, ["data.test_path=b.csv"])
    tree = as_tree(config)["data"]
    assert tree["path"] == str(here / "sub" / "a.csv")
    assert tree["test_path"] == str(here / "b.csv")


def test_patience_needs_a_validation_part(tmp_path: Path) -> None:
    path = write(tmp_path, "data: {kind: sum_sign, validation_fraction: 0}\n")
    assert "no validation split to watch" in problems(path, "training.patience=3")[0]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_survive_a_round_trip(path: Path) -> None:
    config = read_config(path)
    assert config.name == path.stem
    tree = as_tree(config)
    assert config_from(yaml12.load(yaml12.dump(tree), "again").tree) == config


def test_defaults_are_the_empty_config(tmp_path: Path) -> None:
    assert read_config(write(tmp_path, "")) == default_config(name="c")
    assert config_from({}) == Config()
