"""Every key of every section is checked as its class describes it."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from rnncli.config.config import Config
from rnncli.config.keys import Key, keys_of
from rnncli.config.reading import config_from
from rnncli.datasets import DATA
from rnncli.errors import InputError


def walk(section: type, path: tuple[str, ...], kind: str | None) -> Iterator[Any]:
    for key in keys_of(section).values():
        if key.table is not None:
            inner = (*path, key.name, "0") if key.is_section_list else (*path, key.name)
            for name, option in key.table.items():
                yield from walk(option, inner, name)
        elif key.section is not None:
            yield from walk(key.section, (*path, key.name), None)
        elif key.name != "kind":
            yield pytest.param(path, kind, key, id=".".join((*path, kind or "", key.name)))


KEYS = list(walk(Config, (), None))
SECTIONS = {parameter.values[:2]: parameter for parameter in KEYS}.values()


def problem_with(path: tuple[str, ...], kind: str | None, key: str, value: Any) -> str:
    """Return the error message for a value of a key in a section of the given kind."""
    tree: Any = ({} if kind is None else {"kind": kind}) | {key: value}
    if path == ("data",):
        keys = keys_of(DATA[kind or ""]).values()
        tree = {item.name: (item.choices or ["a"])[0] for item in keys if item.required} | tree
    for name in reversed(path):
        tree = [tree] if name == "0" else {name: tree}
    with pytest.raises(InputError) as raised:
        config_from(tree)
    (problem,) = raised.value.problems
    return problem.removeprefix(f"config: {'.'.join((*path, key))}: ")


@pytest.mark.parametrize(
    ("path", "kind", "key"), [parameter for parameter in KEYS if parameter.values[2].bounds]
)
def test_a_value_beyond_a_bound_is_refused(path: Any, kind: Any, key: Key) -> None:
    for word, bound in key.bounds.items():
        step = {"at least": -1, "at most": 1}.get(word, 0)
        problem = problem_with(path, kind, key.name, bound + step)
        assert problem == f"{bound + step} is out of range; {key.range_in_words()}"


WHOLE = [parameter for parameter in KEYS if {*parameter.values[2].types} == {int}]


@pytest.mark.parametrize(("path", "kind", "key"), WHOLE)
@pytest.mark.parametrize("value", [2**31, 2**63, 10**20])
def test_a_whole_number_has_a_maximum(path: Any, kind: Any, key: Key, value: int) -> None:
    largest = key.bounds["at most"]
    if value > largest:
        problem = problem_with(path, kind, key.name, value)
        assert problem == f"{value} is out of range; {key.range_in_words()}"
    assert largest < 2**63


@pytest.mark.parametrize(
    ("path", "kind", "key"), [parameter for parameter in KEYS if float in parameter.values[2].types]
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(
    path: Any, kind: Any, key: Key, value: float
) -> None:
    expected = f"{value} is not a finite number; {key.range_in_words()}"
    assert problem_with(path, kind, key.name, value) == expected


@pytest.mark.parametrize(("path", "kind", "key"), KEYS)
def test_a_value_of_the_wrong_type_is_refused(path: Any, kind: Any, key: Key) -> None:
    problem = problem_with(path, kind, key.name, {"a": 1})
    if key.choices:
        assert problem == f'{{"a": 1}} is not known; one of {", ".join(key.choices)}'
    else:
        assert problem == f'{{"a": 1}} is of the wrong type; {key.type_in_words()} was expected'


@pytest.mark.parametrize(("path", "kind", "key"), SECTIONS)
def test_an_unknown_key_is_refused_in_every_section(path: Any, kind: Any, key: Key) -> None:
    assert problem_with(path, kind, "qqq", 1).startswith("unknown key; one of ")
