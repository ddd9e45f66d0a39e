"""YAML with the scalars of YAML 1.2, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.config import yaml12
from rnncli.errors import InputError


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
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    read = yaml12.scalar(text)
    assert read == value
    assert type(read) is type(value)


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.dictionaries(
    st.text(min_size=1).filter(lambda key: key != "<<"),
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=6),
    max_size=5,
)


@given(trees)
def test_dumped_yaml_is_loaded_unchanged(tree: dict[str, object]) -> None:
    assert yaml12.load(yaml12.dump(tree), "x").tree == tree


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "x:3: a: duplicate key (first in line 1); keep one"),
        ("s:\n  a: 1\n  a: 2\n", "x:3: s.a: duplicate key"),
        ("a: &x 1\nb: *x\n", "x:1: anchors and aliases are not allowed"),
        ("a:\n  <<: {b: 1}\n", "x:2: <<: merge keys are not allowed"),
        ("a: !!python/object:os.system x\n", "x:1: tags are not allowed"),
        ("a: [1\nb: 2\n", "x:2: "),
        ("- 1\n- 2\n", "x:1: a mapping such as 'seed: 0' was expected"),
        ("a: 1\n---\nb: 2\n", "x:2: but found another document"),
        ("? [1, 2]\n: 3\n", "x:1: a key is not a scalar"),
        ("a: " + "[" * 60, "x:1: nested deeper than 32 levels"),
        ("#" * 70_000, "x: is larger than 64 KiB"),
        (b"a: \xff\xfe", "x: is not valid YAML in UTF-8"),
        ("a: \0", "x: is not valid YAML in UTF-8"),
    ],
)
def test_an_error_names_the_line(text: str | bytes, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        document = yaml12.load(text, "x")
        lines = [f"x:{line}: {text}" for line, text in document.problems]
        raise InputError(*lines)
    assert problem in str(raised.value)
