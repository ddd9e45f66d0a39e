"""Sequences of different lengths: what stands beside a sequence never matters."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.config.validate import config_from
from rnncli.datasets.sequences import padded
from rnncli.inference.evaluation import evaluate
from rnncli.inference.outputs import outputs
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Architecture, Network
from rnncli.runs.training_setup import set_up
from rnncli.training.fit import epoch_order

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=20, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    reading=st.sampled_from(["last", "mean", "max", "every_step"]),
    both=st.booleans(),
    layers=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_a_sequence_alone_gives_what_it_gives_in_any_company(
    cell: str, lengths: list[int], reading: str, both: bool, layers: int, seed: int
) -> None:
    every_step = reading == "every_step"
    architecture = Architecture(
        cell,
        hidden_size=5,
        num_layers=layers,
        bidirectional=both,
        pooling="last" if every_step else reading,
        output="every_step" if every_step else "sequence",
        dtype="float64",
    )
    rng = np.random.default_rng(seed)
    network = Network(architecture, 2, 3).initialize(rng)
    sequences = [rng.standard_normal((length, 2)) for length in lengths]
    x, some = padded(sequences, "x")
    together = outputs(network, x, some)
    order = rng.permutation(len(lengths))
    mixed = outputs(network, x[order], None if some is None else some[order])
    for index, sequence in enumerate(sequences):
        alone = outputs(network, sequence[np.newaxis])[0]
        place = int(np.flatnonzero(order == index)[0])
        for found in (together[index], mixed[place]):
            held = found[len(found) - len(sequence) :] if every_step else found
            np.testing.assert_allclose(held, alone, rtol=0, atol=1e-13)


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
def test_training_scores_and_predicts_the_same_thing(bidirectional: bool) -> None:
    experiment = set_up(config_from(vowels(bidirectional=bidirectional)))
    *_, last = experiment.fit()
    validation = experiment.splits.validation
    assert validation is not None
    assert validation.lengths is not None
    report = evaluate(experiment.model, [validation])
    assert report.metrics["loss"] == pytest.approx(last.val_loss, abs=1e-12)
    assert report.metrics["accuracy"] == pytest.approx(last.val_figure, abs=1e-12)
    steps = validation.x.shape[1]
    alone = [
        experiment.model.predict(sequence[np.newaxis, steps - length :])[0]
        for sequence, length in zip(validation.x, validation.lengths, strict=True)
    ]
    truth = validation.labels
    assert truth is not None
    right = np.mean([str(a) == str(b) for a, b in zip(alone, truth, strict=True)])
    assert report.metrics["accuracy"] == pytest.approx(right)
    ragged = [s[steps - n :] for s, n in zip(validation.x, validation.lengths, strict=True)]
    assert experiment.model.predict(ragged).tolist() == alone


def test_batches_hold_sequences_of_like_length_and_every_sequence_once() -> None:
    experiment = set_up(config_from(vowels()))
    settings_, train = experiment.config.training, experiment.train
    order = epoch_order(train, settings_, 0, 1)
    assert sorted(order) == list(range(len(train)))
    assert train.lengths is not None
    lengths = train.lengths[order]
    waste = sum(
        (lengths[i : i + 32].max() - lengths[i : i + 32]).sum() for i in range(0, len(order), 32)
    )
    shuffled = np.random.default_rng(0).permutation(lengths)
    plain = sum(
        (shuffled[i : i + 32].max() - shuffled[i : i + 32]).sum() for i in range(0, len(order), 32)
    )
    assert waste < 0.4 * plain
    assert not np.array_equal(order, epoch_order(train, settings_, 0, 2))
