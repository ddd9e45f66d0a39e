"""Each known mistake, calculated as a program with that mistake would calculate it, is named."""

from types import SimpleNamespace

import numpy as np
import pytest

from rnncli.gradients.mistakes import diagnose, equal, output_mistakes, sum_mistakes

COUNT = 5
Z = np.random.default_rng(0).standard_normal((1, COUNT))
P = 1 / (1 + np.exp(-Z))
Y = np.array([[0, 1, 1, 0, 1]])
EXPECTED = (P - Y) / COUNT
OUTPUTS = {
    "the logit is used in place of the probability": [
        (Z - Y) / COUNT,
        (Z - Y) / (Z * (1 - Z)) / COUNT,
        EXPECTED * Z * (1 - Z),
    ],
    "the derivative of the sigmoid is applied twice": [EXPECTED * P * (1 - P)],
    "the derivative of the sigmoid is left out": [(P - Y) / (P * (1 - P)) / COUNT],
    "the sum over the batch is used in place of the mean": [P - Y],
    "it is -1 times the correct value": [-EXPECTED],
    "it is zero: left out": [0 * EXPECTED],
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_mistakes_in_the_gradient_of_the_outputs(name: str) -> None:
    for calculated in OUTPUTS[name]:
        assert diagnose(calculated, EXPECTED, output_mistakes(EXPECTED, Z)) == name


def test_mistakes_in_the_gradient_of_a_softmax() -> None:
    rng = np.random.default_rng(3)
    z, true = rng.standard_normal((3, COUNT)), rng.integers(3, size=COUNT)
    p = np.exp(z) / np.exp(z).sum(axis=0)
    expected = (p - np.eye(3)[:, true]) / COUNT
    wrong = {
        "the logit is used in place of the probability": (z - np.eye(3)[:, true]) / COUNT,
        "the derivative of the sigmoid is applied twice": expected * p * (1 - p),
        "the derivative of the sigmoid is left out": expected / (p * (1 - p)),
    }
    for name, gradient in wrong.items():
        assert diagnose(gradient, expected, output_mistakes(expected, z)) == name


def test_outputs_without_targets_have_no_part_in_a_mistake() -> None:
    has_target = np.array([[1, 0, 1, 1, 0]])
    expected = (P - Y) * has_target / 3
    for logit in ((Z - Y) / 3, (Z - Y) / (Z * (1 - Z)) / 3, expected * Z * (1 - Z)):
        assert diagnose(logit * has_target, expected, output_mistakes(expected, Z)) == (
            "the logit is used in place of the probability"
        )
    assert diagnose((P - Y) * has_target, expected, output_mistakes(expected, Z)) == (
        "the sum over the batch is used in place of the mean"
    )


def test_what_no_mistake_explains_has_no_name() -> None:
    other = np.random.default_rng(1).standard_normal(EXPECTED.shape)
    assert diagnose(other, EXPECTED, output_mistakes(EXPECTED, Z)) is None
    assert diagnose(EXPECTED * (1 + 1e-12), EXPECTED, output_mistakes(EXPECTED, Z)) is None


def test_mistakes_in_the_sum_over_time() -> None:
    """The states of step t are at index t; the gradient of step t belongs to those of t-1."""
    rng = np.random.default_rng(2)
    sequence_length, rows, columns, batch = 4, 3, 5, 2
    states = rng.standard_normal((sequence_length + 1, columns, batch))
    dz = rng.standard_normal((sequence_length, rows, batch))
    cell = SimpleNamespace(states=states, dz=dz)
    expected = sum(dz[t] @ states[t].T for t in range(sequence_length))
    calculated = {
        "h_t is paired with dz_t in place of h_(t-1)": sum(
            dz[t] @ states[t + 1].T for t in range(sequence_length)
        ),
        "h_(t-2) is paired with dz_t in place of h_(t-1)": sum(
            dz[t] @ states[t - 1].T for t in range(1, sequence_length)
        ),
        "only the last time step is counted": dz[-1] @ states[sequence_length - 1].T,
    }
    for name, gradient in calculated.items():
        assert diagnose(gradient, expected, sum_mistakes(cell)) == name


def test_arrays_are_equal_up_to_a_fraction_of_their_largest_value() -> None:
    expected = np.array([1e-6, -2.0])
    assert equal(np.array([1e-6 + 1.9e-9, -2.0]), expected)
    assert not equal(np.array([1e-6, -2.0 + 2.1e-9]), expected)
    assert not equal(expected, np.zeros(2))


def test_sums_are_equal_up_to_rounding_of_their_largest_terms() -> None:
    """Terms of a million that cancel to zero leave a rounding error of about 1e-10."""
    magnitudes = np.array([1e6, 1.0])
    assert equal(np.full(2, 0.9e-7), np.zeros(2), magnitudes)
    assert not equal(np.full(2, 1.1e-7), np.zeros(2), magnitudes)
    assert equal(np.array([2 + 1.9e-9]), np.array([2.0]), np.array([2.0]))
