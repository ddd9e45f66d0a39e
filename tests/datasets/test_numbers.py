"""Numbers in text: plain decimal notation, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets.numbers import are_numbers, number, numbers


@given(st.floats(-1e30, 1e30))
def test_every_number_is_read_back(value: float) -> None:
    assert number(repr(value)) == value
    assert numbers([repr(value)]) == [value]
    assert are_numbers([repr(value), "\n1"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "nan",
        "inf",
        "-Infinity",
        "1_000",
        "1e999",
        "0x10",
        "1,5",
        "１２",
        "1 2",
        "--1",
        "1e",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        number(text)
    with pytest.raises(ValueError, match="number|convert"):
        numbers(["1", text])
    assert not are_numbers(["1", text])
