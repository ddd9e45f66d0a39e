"""Synthetic tasks are what they claim to be."""

from typing import get_args

import numpy as np
import pytest
from helpers.data import read

from rnncli.config.reading import config_from
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import valid_steps
from rnncli.datasets.synthetic import Adding, Copy, Parity, SumSign, SyntheticTask, TemporalOrder
from rnncli.errors import InputError
from rnncli.runs.training_setup import set_up


def test_sum_sign_is_the_sign_of_the_sum() -> None:
    splits, task = read(SumSign(num_samples=500, sequence_length=6, input_size=3))
    assert splits.validation is not None
    assert (len(splits.train), len(splits.validation)) == (450, 50)
    assert splits.train.x.shape == (450, 6, 3)
    np.testing.assert_array_equal(splits.train.labels, splits.train.x.sum(axis=(1, 2)) > 0)
    assert abs(splits.train.x.mean()) < 0.05
    assert abs(splits.train.x.std() - 1) < 0.05
    assert (task.kind, task.labels) == ("binary", (0, 1))


def test_adding_copy_parity_and_temporal_order_have_the_right_labels() -> None:
    rng = np.random.default_rng(0)
    adding = Adding().draw(4000, rng)
    assert adding.labels is not None
    np.testing.assert_allclose((adding.x[:, :, 0] * adding.x[:, :, 1]).sum(axis=1), adding.labels)
    assert (adding.x[:, :50, 1].sum(axis=1) == 1).all()
    assert adding.labels.var() == pytest.approx(1 / 6, rel=0.1)
    copy = Copy(delay=30).draw(50, rng)
    assert copy.labels is not None
    symbols = copy.x.argmax(axis=2)
    np.testing.assert_array_equal(copy.labels[:, -10:], symbols[:, :10])
    assert copy.labels.shape == (50, 50)
    assert not copy.labels[:, :-10].any()
    assert (symbols[:, 39] == 9).all()
    parity = Parity().draw(200, rng)
    assert parity.labels is not None
    assert parity.lengths is not None
    assert not parity.x[~valid_steps(parity.lengths, 20)].any()
    np.testing.assert_array_equal(parity.x.sum(axis=(1, 2)) % 2, parity.labels)
    assert set(parity.lengths) == set(range(1, 21))
    assert Parity().test(0).x.shape == (1000, 100, 1)
    order = TemporalOrder().draw(200, rng)
    assert order.labels is not None
    letters = order.x[:, :, :2].sum(axis=2) > 0
    assert (letters.sum(axis=1) == 2).all()
    for x, is_letter, label in zip(order.x, letters, order.labels, strict=True):
        assert "".join("XY"[row[:2].argmax()] for row in x[is_letter]) == label


def test_fresh_data_is_new_every_epoch_and_repeats_with_the_seed() -> None:
    tree = {"data": {"kind": "adding", "num_samples": 50, "sequence_length": 4, "fresh": True}}
    one, other = set_up(config_from(tree)), set_up(config_from(tree))
    drawn = [one.examples_of(epoch).x for epoch in range(3)]
    assert not np.array_equal(drawn[0], drawn[1])
    assert len(drawn[0]) == len(one.train)
    for epoch in range(3):
        np.testing.assert_array_equal(other.examples_of(epoch).x, drawn[epoch])
    still = set_up(config_from({"data": tree["data"] | {"fresh": False}}))
    assert still.examples_of(0) is still.examples_of(5) is still.train


@pytest.mark.parametrize(
    ("kind", "key"),
    [("copy", "delay"), ("parity", "test_length"), ("parity", "sequence_length")],
)
def test_lengths_have_a_maximum(kind: str, key: str) -> None:
    for value in (2**63, 10**20, 10**6 + 1):
        with pytest.raises(InputError, match=f"data.{key}"):
            config_from({"data": {"kind": kind, key: value}})


def test_every_task_trains_as_it_is_drawn() -> None:
    assert {task.kind for task in get_args(SyntheticTask)} == {
        *("sum_sign", "adding", "copy", "parity", "temporal_order")
    }
    for task in get_args(SyntheticTask):
        data = task(num_samples=20).read(0)
        assert not task.standardize
        _, steps, features = data.splits.train.x.shape
        assert data.input_spec == InputSpec(features, steps)
