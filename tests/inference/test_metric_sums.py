"""Loss and metric over several batches are those of all predictions together."""

import numpy as np
import pytest

from rnncli.datasets.task import Task
from rnncli.inference.metric_sums import MetricSums, checked_number

BINARY = Task("binary", ("no", "yes"))
THREE = Task("multiclass", ("a", "b", "c"))


def test_the_loss_is_the_mean_over_all_predictions_of_all_batches() -> None:
    sums = MetricSums(BINARY)
    zeros = np.zeros((1, 3))
    assert sums.add(np.array([1.0, 2.0, 3.0]), zeros, zeros.T) == 2
    assert sums.add(np.array([8.0]), zeros[:, :1], zeros[:, :1]) == 8
    assert sums.loss == 14 / 4


def test_a_binary_output_of_zero_predicts_the_first_class_as_decoding_does() -> None:
    z = np.array([[-1.0, 0.0, 0.0, 2.0]])
    y = np.array([[0.0], [0.0], [0.0], [0.0]])
    sums = MetricSums(BINARY)
    sums.add(np.zeros(4), z, y)
    assert sums.metric == 3 / 4
    assert BINARY.decode(z.T).tolist() == ["no", "no", "no", "yes"]


def test_accuracy_of_more_than_two_classes() -> None:
    z = np.array([[0.0, 3.0], [1.0, 2.0], [0.0, 9.0]])
    sums = MetricSums(THREE)
    sums.add(np.zeros(2), z, np.array([[1.0], [0.0]]))
    assert sums.metric == 0.5


def test_rmse_is_in_the_units_of_the_data_and_over_all_values() -> None:
    task = Task("regression", (), (5.0, -1.0), (10.0, 2.0))
    sums = MetricSums(task)
    # Errors of 10 and 4 units in one batch, and of 0 and 2 in another.
    sums.add(np.zeros(1), np.array([[1.0], [0.0]]), np.array([[0.0, 2.0]]))
    sums.add(np.zeros(1), np.array([[3.0], [1.0]]), np.array([[3.0, 0.0]]))
    assert sums.metric == pytest.approx(np.sqrt((100 + 16 + 0 + 4) / 4))


def test_the_sums_go_into_a_checkpoint_and_come_back() -> None:
    sums = MetricSums(BINARY)
    sums.add(np.array([0.5, 0.25]), np.array([[1.0, 1.0]]), np.array([[1.0], [0.0]]))
    state = sums.state()
    assert state == {"count": 2, "loss_sum": 0.75, "figure_sum": 1}
    restored = MetricSums(BINARY)
    restored.restore(state)
    assert (restored.loss, restored.metric) == (sums.loss, sums.metric)


def test_without_predictions_the_loss_is_zero() -> None:
    sums = MetricSums(BINARY)
    assert sums.add(np.zeros(0), np.zeros((1, 0)), np.zeros((0, 1))) == 0
    assert (sums.loss, sums.metric) == (0, 0)


@pytest.mark.parametrize(
    "value", [-1, -0.5, float("nan"), float("inf"), "1", None, True, 2**63, [1]]
)
def test_invalid_numbers_of_a_checkpoint_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="non-negative int"):
        checked_number(value, int)


def test_a_whole_number_may_stand_for_a_float_but_no_float_for_an_int() -> None:
    number = checked_number(3, float)
    assert (number, type(number)) == (3.0, float)
    with pytest.raises(ValueError, match="non-negative int"):
        checked_number(3.0, int)
