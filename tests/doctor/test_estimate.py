"""The estimate counts every optimizer step, and all that is kept in memory."""

from pathlib import Path

import pytest
from conftest import Command
from helpers.doctor import examination_of

from rnncli.doctor import estimate
from rnncli.doctor.estimate import estimate_run, required_bytes
from rnncli.doctor.examination import Examination
from rnncli.nn.objective import bytes_of_passes


def examination(**data: object) -> Examination:
    return examination_of(
        {
            "data": {"kind": "sum_sign", "num_samples": 100, "sequence_length": 10} | data,
            "model": {"hidden_size": 4, "dtype": "float32"},
            "training": {"num_epochs": 3, "batch_size": 32},
        }
    )


def test_optimizer_steps_of_the_whole_run() -> None:
    estimate = estimate_run(examination())
    assert estimate.steps == 3 * 3
    assert estimate.seconds > 0


def test_both_splits_are_in_memory_as_read_and_as_the_network_takes_them() -> None:
    """Of these sequences, whole or split, each number takes 8 bytes, and 4 standardized."""
    split, whole = examination(), examination(validation_fraction=0)
    network = split.network
    vectors = (4 + len(split.settings.optimizer.slots)) * network.parameters.nbytes
    expected = 100 * 10 * (8 + 4) + vectors + bytes_of_passes(network, 10, 32)
    assert required_bytes(split) == required_bytes(whole) == expected


def test_a_run_that_needs_more_memory_than_there_is(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "max_memory", lambda: 10_000)
    result = rnn("doctor", "-c", small, "--set", "training.num_epochs=50")
    assert result.code == 1
    assert "lower training.batch_size" in result.out
