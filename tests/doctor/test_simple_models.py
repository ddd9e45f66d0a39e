"""Simple models predict what is simple, and nothing that is unrelated."""

import numpy as np
import pytest

from rnncli.doctor.label_data import sequence_statistics, standardized
from rnncli.doctor.simple_models import (
    correlation_in_standard_errors,
    nearest_neighbors,
    ridge_regression,
    skill_score,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_ridge_regression_finds_a_linear_relation(rng: np.random.Generator) -> None:
    x = rng.standard_normal((200, 3))
    targets = x @ np.array([[1.0], [-2.0], [0.5]]) + 4
    predicted = ridge_regression(x[:150], targets[:150], x[150:])
    assert np.abs(predicted - targets[150:]).max() < 0.3


def test_nearest_neighbors_average_the_five_nearest() -> None:
    inputs = np.arange(20.0)[:, np.newaxis]
    predicted = nearest_neighbors(inputs, inputs * 10, np.array([[7.1], [0.0]]))
    assert predicted == pytest.approx(np.array([[70.0], [20.0]]))


def test_the_best_correlation_in_standard_errors(rng: np.random.Generator) -> None:
    targets = np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    assert correlation_in_standard_errors(targets, targets, 25) == pytest.approx(5)
    assert correlation_in_standard_errors(1 - targets, targets, 25) == 0
    assert correlation_in_standard_errors(np.ones((4, 2)), targets, 25) == 0
    unrelated = rng.standard_normal((400, 1)), rng.standard_normal((400, 1))
    assert correlation_in_standard_errors(*unrelated, 400) < 4


def test_skill_of_a_column_with_the_class_with_half_of_it_and_with_nothing(
    rng: np.random.Generator,
) -> None:
    classes = rng.integers(0, 4, 400)
    targets = np.eye(4)[classes]

    def skill(column: np.ndarray) -> float:
        return skill_score(column[:200], targets[:200], column[200:], targets[200:], False)

    assert skill(classes.astype(float)) == 1
    assert skill((classes // 2).astype(float)) == pytest.approx(1 / 3, abs=0.15)
    assert abs(skill(rng.standard_normal(400))) < 0.15


def test_skill_of_a_column_that_determines_a_value(rng: np.random.Generator) -> None:
    column = rng.uniform(0, 1, 400)
    targets = np.sin(3 * column)[:, np.newaxis]
    skill = skill_score(column[:200], targets[:200], column[200:], targets[200:], True)
    assert skill > 0.99
    constant = np.ones((200, 1))
    assert skill_score(column[:200], constant, column[200:], constant, True) == 0


def test_skill_is_zero_with_too_few_labels_of_other_classes() -> None:
    classes = np.zeros(100, int)
    classes[:9] = 1
    targets = np.eye(2)[classes]
    assert skill_score(classes.astype(float), targets, classes.astype(float), targets, False) == 0


def test_statistics_of_sequences_leave_out_the_padding() -> None:
    x = np.array([[[0.0, 0], [1, 2], [3, 6]], [[1, 1], [2, 2], [3, 3]]])
    statistics = sequence_statistics(x, np.array([2, 3]))
    sums, means, deviations = [4, 8], [2, 4], [1, 2]
    first, last, length, products = [1, 2], [3, 6], [2], [10 / 2, 20 / 2, 40 / 2]
    single = x[0].ravel().tolist()
    expected = [*sums, *means, *deviations, *first, *last, *length, *products, *single]
    assert statistics[0] == pytest.approx(expected)


def test_constant_columns_are_left_out_of_standardized_ones() -> None:
    values = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 1.0]])
    assert standardized(values).tolist() == [[-1, -1], [1, 1]]
