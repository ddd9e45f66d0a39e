"""Sections by kind: by name or in full, in configs, in the JSON schema and in what is written."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft7Validator
from pydantic import ConfigDict, Field, ValidationError, with_config

from rnncli.cli.completion import complete_keys
from rnncli.config.json_schema import json_schema
from rnncli.config.messages import explain
from rnncli.config.reading import config_from
from rnncli.config.reference import reference
from rnncli.config.tree import as_tree
from rnncli.datasets import DATA
from rnncli.nn import cells as nn_cells
from rnncli.sections import ByKind, adapter, clear_adapters, plain
from rnncli.training.augmentation import AUGMENTATIONS
from rnncli.training.optimizers import OPTIMIZERS, SGD
from rnncli.training.schedules import SCHEDULES


@dataclass(frozen=True)
class Tanh:
    """A cell without parameters of its own."""

    kind: Literal["tanh"] = "tanh"


@dataclass(frozen=True)
class Leaky:
    """A cell with one."""

    kind: Literal["leaky"] = "leaky"
    leak: Annotated[float, Field(gt=0, le=1, description="leak rate")] = 0.5
    gates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.leak == 1 and self.gates:
            raise ValueError("a leak rate of 1 leaves nothing to the gates")


@dataclass(frozen=True, kw_only=True)
class Custom:
    """A cell with a required parameter."""

    kind: Literal["custom"] = "custom"
    size: int


CELLS = {"tanh": Tanh, "leaky": Leaky, "custom": Custom}


@with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
@dataclass(frozen=True)
class Model:
    """A section with a section by kind."""

    cell: Annotated[Any, ByKind(CELLS), Field(description="the recurrent cell")] = Tanh()
    stack: tuple[Annotated[Any, ByKind(CELLS)], ...] = ()


def read(tree: dict[str, Any]) -> Model:
    model: Model = adapter(Model).validate_json(json.dumps(tree), strict=True)
    return model


VALID = [
    ({}, Tanh()),
    ({"cell": "tanh"}, Tanh()),
    ({"cell": {"kind": "tanh"}}, Tanh()),
    ({"cell": "leaky"}, Leaky()),
    ({"cell": {"kind": "leaky", "leak": 0.1, "gates": ["a"]}}, Leaky(leak=0.1, gates=("a",))),
    ({"cell": {"kind": "custom", "size": 3}}, Custom(size=3)),
]
INVALID = [
    ({"cell": "tahn"}, "cell: 'tahn' is not known; did you mean 'tanh'?"),
    ({"cell": {"kind": "tahn"}}, "cell.kind: 'tahn' is not known; did you mean 'tanh'?"),
    (
        {"cell": {"kind": "the name tanh"}},
        "cell.kind: 'the name tanh' is not known; one of tanh, leaky, custom",
    ),
    ({"cell": {"kind": 5}}, "cell.kind: 5 is not known; one of tanh, leaky, custom"),
    ({"cell": {"leak": 0.1}}, "cell: has no kind; one of tanh, leaky, custom"),
    ({"cell": 5}, "cell: 5 is of the wrong type; a section with keys was expected"),
    ({"cell": "custom"}, "cell.size: is missing; this key has no default"),
    ({"cell": {"kind": "custom"}}, "cell.size: is missing; this key has no default"),
    ({"cell": {"kind": "tanh", "leak": 0.1}}, "cell.leak: unknown key; one of kind"),
    (
        {"cell": {"kind": "leaky", "leak": 1, "gates": ["a"]}},
        "cell: a leak rate of 1 leaves nothing to the gates",
    ),
    ({"cell": {"kind": "leaky", "leek": 1}}, "cell.leek: unknown key; did you mean 'leak'?"),
    (
        {"cell": {"kind": "leaky", "leak": 2}},
        "cell.leak: 2 is out of range; above 0 and at most 1",
    ),
]


@pytest.mark.parametrize(("tree", "cell"), VALID)
def test_a_name_or_a_section_is_accepted(tree: dict[str, Any], cell: object) -> None:
    assert read(tree).cell == cell
    assert adapter(Model).validate_python(tree).cell == cell
    assert adapter(Model).validate_python({"cell": cell}).cell == cell


@pytest.mark.parametrize(("tree", "problem"), INVALID)
def test_anything_else_is_refused_by_its_key(tree: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        read(tree)
    assert [text for _, text in explain(raised.value.errors(), Model)] == [problem]


@pytest.mark.parametrize(("tree", "cell"), VALID[1:])
def test_a_list_takes_names_and_sections(tree: dict[str, Any], cell: object) -> None:
    model = read({"stack": [tree["cell"], "leaky"]})
    assert model.stack == (cell, Leaky())
    assert read(plain(model)) == model
    assert Draft7Validator(json_schema(Model)).is_valid({"stack": [tree["cell"], "leaky"]})


@pytest.mark.parametrize(("tree", "problem"), INVALID)
def test_an_error_in_a_list_names_the_place(tree: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        read({"stack": ["leaky", tree["cell"]]})
    (expected,) = [text for _, text in explain(raised.value.errors(), Model)]
    assert expected == problem.replace("cell", "stack.1", 1)


@pytest.mark.parametrize("value", ["leaky", {"kind": "leaky"}, None])
def test_a_list_is_not_a_section(value: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        read({"stack": value})
    (problem,) = [text for _, text in explain(raised.value.errors(), Model)]
    assert problem.endswith(" is of the wrong type; a list of sections was expected")
    assert not Draft7Validator(json_schema(Model)).is_valid({"stack": value})


def test_the_json_schema_has_both_forms() -> None:
    validator = Draft7Validator(json_schema(Model))
    for tree, _ in VALID:
        assert validator.is_valid(tree)
    for tree, problem in INVALID:
        assert validator.is_valid(tree) == ("nothing to the gates" in problem)
    cell = json_schema(Model)["properties"]["cell"]
    names, *sections = cell["anyOf"]
    assert names == {"enum": ["tanh", "leaky"]}
    assert cell["default"] == "tanh"
    assert [section.get("required") for section in sections] == [None, ["kind"], ["kind", "size"]]


def test_a_section_is_written_as_its_name_if_that_is_all() -> None:
    assert plain(Model()) == {"cell": "tanh", "stack": []}
    leaky = {"kind": "leaky", "leak": 0.1, "gates": ["a"]}
    assert list(plain(read({"cell": leaky}).cell).items()) == list(leaky.items())
    for tree, cell in VALID:
        assert read(plain(read(tree))).cell == cell


@dataclass(frozen=True)
class Sign(SGD):
    """An optimizer that nobody knew of."""

    kind: Literal["sign"] = "sign"  # type: ignore[assignment]
    threshold: Annotated[float, Field(ge=0, description="smallest gradient")] = 0.0


@pytest.fixture
def with_sign(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(OPTIMIZERS, "sign", Sign)
    clear_adapters()
    yield
    monkeypatch.undo()
    clear_adapters()


def test_a_class_added_to_a_table_is_covered_everywhere(with_sign: None) -> None:
    config = config_from({"training": {"optimizer": {"kind": "sign", "threshold": 1}}})
    assert config.training.optimizer == Sign(threshold=1)
    assert config_from({"training": {"optimizer": "sign"}}).training.optimizer == Sign()
    assert as_tree(config)["training"]["optimizer"]["kind"] == "sign"
    schema = json_schema()
    assert Draft7Validator(schema).is_valid({"training": {"optimizer": "sign"}})
    (entry,) = reference("training.optimizer.threshold")
    assert (entry.kinds, entry.values) == (("sign",), "number, at least 0")


@pytest.mark.parametrize("table", [nn_cells.CELLS, DATA, OPTIMIZERS, SCHEDULES, AUGMENTATIONS])
def test_a_kind_has_its_name_in_the_table(table: dict[str, Any]) -> None:
    for kind, section in table.items():
        assert section.kind == kind


def test_the_shell_completes_names_and_sections() -> None:
    keys = complete_keys("training.optimizer")
    assert {"training.optimizer=", "training.optimizer.momentum="} <= set(keys)
    assert "training.optimizer.kind=" not in keys  # the bare name says the same
    assert complete_keys("training.optimizer=ad") == [
        "training.optimizer=adam",
        "training.optimizer=adamw",
    ]
