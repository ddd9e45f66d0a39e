"""Configs from files and overrides: strict, with all mistakes at once, each with its line."""

from pathlib import Path

import pytest
from conftest import REPOSITORY

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.reading import config_from, default_config, read_config
from rnncli.config.tree import as_tree
from rnncli.datasets.synthetic import Adding
from rnncli.errors import InputError
from rnncli.training.optimizers import SGD, Adam
from rnncli.training.schedules import Cosine

CONFIGS = REPOSITORY / "configs"


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
        "bidirectional, dropout, head_dropout, head_inputs, pooling, output, dtype, "
        "initialization, embedding_size, tie_weights",
        "--set training.num_epochs=0: training.num_epochs: 0 is out of range; at least 1 "
        "and at most 1000000000",
        "c:1: seed: -1 is out of range; at least 0 and at most 9223372036854775807",
        "c:2: data.kind: 'sum_sgn' is not known; did you mean 'sum_sign'?",
        "c:3: modle: unknown key; did you mean 'model'?",
        "c:5: model.cell: 'tahn' is not known; did you mean 'tanh'?",
        "c:6: model.hidden_sise: unknown key; did you mean 'hidden_size'?",
        "c:7: model.num_layers: '2' is of the wrong type; a whole number was expected",
        "c:9: training.batch_size: '010' is of the wrong type; a whole number or null was expected",
        "c:10: training.optimizer.learning_rate: nan is not a finite number; above 0",
        "c:11: training.shuffle: 'no' is of the wrong type; true or false was expected",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("nonsense", "--set nonsense: KEY=VALUE was expected, such as model.hidden_size=64"),
        ("seed=[", "--set seed=[: "),
        ("seed.x=1", 'seed: {"x": 1} is of the wrong type; a whole number was expected'),
        ("data.kind=csv", "data.path: is missing; this key has no default"),
        ("data.path=a.csv", "data: has no kind; one of sum_sign, adding, copy"),
        ("training.optimizer=5", "5 is of the wrong type; a section with keys was expected"),
        ("training.optimizer.kind=sgdd", "'sgdd' is not known; did you mean 'sgd'?"),
        ("training.optimizer.momentum=0.9", "training.optimizer: has no kind; one of sgd, adam"),
        ("name=../x", "name: '../x' is not allowed; a string that matches"),
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


@pytest.mark.parametrize("key", ["name", "model.dtype"])
def test_only_a_section_with_kinds_is_extended_by_an_override(tmp_path: Path, key: str) -> None:
    path = write(tmp_path, "name: first\nmodel: {cell: gru, dtype: float64}\n")
    assert problems(path, f"{key}.x=1") == [f"--set {key}.x=1: {key} is not a section"]


def test_precedence_is_defaults_then_file_then_overrides(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 3\nmodel: {hidden_size: 5}\n")
    config = read_config(path, ["model.hidden_size=7", "training.optimizer.learning_rate=1e-2"])
    assert (config.seed, config.model.hidden_size, config.model.num_layers) == (3, 7, 1)
    assert config.training.optimizer == Adam(learning_rate=0.01)
    assert read_config(path, ["training.optimizer.kind=sgd"]).training.optimizer == SGD()


def test_one_pooling_or_a_list_of_them(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, "model: {pooling: [mean, max, last]}\n"))
    assert config.model.pooling == ("mean", "max", "last")
    assert read_config(write(tmp_path, yaml12.dump(as_tree(config)))) == config
    for pooling in ("mean", "[mean]"):
        config = read_config(write(tmp_path, f"model: {{pooling: {pooling}}}\n"))
        assert "pooling: mean\n" in yaml12.dump(as_tree(config))
    for wrong, problem in (
        ("[]", "is an empty list; one or several of last, mean, max"),
        ("[mean, max, mean]", "mean is in the list twice; keep one"),
        ("[mean, maxx]", "'maxx' is not known; did you mean 'max'?"),
        ("[mean, 3]", "3 is not known; one of last, mean, max"),
        ("men", "'men' is not known; did you mean 'mean'?"),
    ):
        path = write(tmp_path, f"model: {{pooling: {wrong}}}\n")
        assert problems(path) == [f"c:1: model.pooling: {problem}"]


def test_the_name_is_that_of_the_file_by_default(tmp_path: Path) -> None:
    path = tmp_path / "my run!.yaml"
    path.write_text("seed: 1\n")
    assert read_config(path).name == "my_run_"
    assert read_config(path, name="other").name == "other"
    path.write_text("name: mine\n")
    assert read_config(path).name == "mine"


def test_paths_are_relative_to_the_file_and_in_overrides_to_the_working_directory(
    here: Path,
) -> None:
    (here / "sub").mkdir()
    path = write(here / "sub", "data: {kind: csv, path: a.csv}\n")
    config = read_config(path, ["data.test_path=b.csv"])
    tree = as_tree(config)["data"]
    assert tree["path"] == str(here / "sub" / "a.csv")
    assert tree["test_path"] == str(here / "b.csv")


def test_an_invalid_path_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'data: {kind: csv, path: "a\\0b"}\n')
    (problem,) = problems(path)
    assert problem.startswith("c:1: data.path: 'a\\x00b' is not a valid path")


def test_a_section_may_be_given_by_the_name_of_its_kind(tmp_path: Path) -> None:
    path = write(tmp_path, "data: adding\ntraining: {optimizer: sgd, schedule: constant}\n")
    config = read_config(path)
    assert (config.data, config.training.optimizer) == (Adding(), SGD())
    config = read_config(path, ["training.optimizer.momentum=0.9", "training.schedule=cosine"])
    assert config.training.optimizer == SGD(momentum=0.9)
    assert config.training.schedule == Cosine()


def test_given_keys_override_the_defaults_by_kind_of_data(tmp_path: Path) -> None:
    path = write(tmp_path, "data: {kind: csv, path: a.csv}\nmodel: {cell: lstm}\n")
    config = read_config(path, ["training.batch_size=7"])
    assert (config.model.cell.kind, config.model.pooling) == ("lstm", ("mean", "max", "last"))
    training = config.training
    assert (training.num_epochs, training.num_updates, training.batch_size) == (10, 1000, 7)
    assert training.optimizer == Adam(learning_rate=3e-3)


def test_stated_epochs_are_not_extended_by_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "data: {kind: csv, path: a.csv}\n")
    training = read_config(path, ["training.num_epochs=3"]).training
    assert (training.num_epochs, training.num_updates) == (3, None)
    training = read_config(path, ["training={num_epochs: 3, num_updates: 50}"]).training
    assert (training.num_epochs, training.num_updates) == (3, 50)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_survive_a_round_trip(path: Path) -> None:
    config = read_config(path)
    assert config.name == path.stem
    tree = as_tree(config)
    assert config_from(yaml12.load(yaml12.dump(tree), "again").tree) == config


def test_defaults_are_the_empty_config(tmp_path: Path) -> None:
    assert read_config(write(tmp_path, "")) == default_config(name="c")
    assert config_from({}) == Config()
