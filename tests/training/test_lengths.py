"""Sequences of different lengths are trained on, scored and predicted alike."""

import numpy as np
import pytest
from conftest import REPOSITORY

from rnncli.config.reading import config_from
from rnncli.inference.evaluation import evaluate
from rnncli.runs.training_setup import set_up

DATA = REPOSITORY / "tests" / "data"


def vowels(**model: object) -> dict[str, object]:
    return {
        "data": {
            "kind": "ts",
            "path": str(DATA / "JapaneseVowels_TRAIN.ts.gz"),
            "test_path": str(DATA / "JapaneseVowels_TEST.ts.gz"),
        },
        "model": {"cell": "gru", "hidden_size": 16, "dtype": "float64"} | model,
        "training": {"num_epochs": 2, "batch_size": 32},
    }


@pytest.mark.parametrize("bidirectional", [False, True])
def test_training_evaluation_and_prediction_agree(bidirectional: bool) -> None:
    setup = set_up(config_from(vowels(bidirectional=bidirectional)))
    *_, last = setup.fit()
    validation = setup.splits.validation
    assert validation is not None
    assert validation.lengths is not None
    report = evaluate(setup.model, [validation])
    assert report.metrics["loss"] == pytest.approx(last.val_loss, abs=1e-12)
    assert report.metrics["accuracy"] == pytest.approx(last.val_metric, abs=1e-12)
    steps = validation.x.shape[1]
    alone = [
        setup.model.predict(sequence[np.newaxis, steps - length :])[0]
        for sequence, length in zip(validation.x, validation.lengths, strict=True)
    ]
    correct = np.mean([str(a) == str(b) for a, b in zip(alone, validation.labels, strict=True)])
    assert report.metrics["accuracy"] == pytest.approx(correct)
    ragged = [s[steps - n :] for s, n in zip(validation.x, validation.lengths, strict=True)]
    assert setup.model.predict(ragged).tolist() == alone


def test_batches_hold_sequences_of_similar_length_and_every_sequence_once() -> None:
    setup = set_up(config_from(vowels()))
    size, train = setup.config.training.batch_size, setup.train
    order = train.epoch(size, True, 0, 1).order
    assert sorted(order) == list(range(len(train)))
    lengths = train.lengths[order]

    def padding(lengths: np.ndarray) -> int:
        batches = (lengths[start : start + 32] for start in range(0, len(lengths), 32))
        return sum((batch.max() - batch).sum() for batch in batches)

    assert padding(lengths) < 0.4 * padding(np.random.default_rng(0).permutation(lengths))
    assert not np.array_equal(order, train.epoch(size, True, 0, 2).order)
