"""A wrong gradient is traced to the time step and the mistake that it comes from."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers import mistakes
from helpers.networks import (
    READOUTS,
    VARIANTS,
    architecture,
    network_for,
    number_of,
    plant,
    random_batch,
    rotated,
)

from rnncli.gradients.explain import Explanation, explain
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.unrolled import UnrolledNetwork

STEPS = 6
LENGTHS = [6, 1, 4, 3]


def explained(
    cell: str = "tanh",
    layers: int = 1,
    loss: str = "binary_cross_entropy",
    bidirectional: bool = False,
    lengths: bool = False,
    readout: str = "last",
) -> Explanation | None:
    rng = np.random.default_rng(3)
    model = architecture(
        cell,
        readout,
        num_layers=layers,
        bidirectional=bidirectional,
        dropout=0.3 if layers > 1 else 0.0,
    )
    network = network_for(loss, model, 2, rng)
    batch = random_batch(loss, model, 2, rng, (4, STEPS), LENGTHS if lengths else None)
    return explain(network, LOSSES[loss], batch)


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
@pytest.mark.parametrize("readout", READOUTS)
def test_correct_gradients_have_no_explanation(cell: str, readout: str) -> None:
    cases = [*product((1, 2), (False, True), (False, True))]
    number = number_of(cell) + 3 * READOUTS.index(readout)
    for loss, (layers, both, lengths) in zip(LOSSES, rotated(cases, number), strict=False):
        assert explained(cell, layers, loss, both, lengths, readout) is None


# Each mistake, and its explanation: the array, the time step, and the cause.
TANH = {
    "derivative at the last time step everywhere": (
        "dL/dz",
        STEPS - 1,
        "the derivative at the last time step is used in place of the derivative at this time step",
    ),
    "output gradient added at every time step": (
        "dL/dh",
        STEPS - 1,
        "the output's gradient is added at every time step",
    ),
    "derivative of the sigmoid applied twice": (
        "dL/d(features)",
        None,
        "the derivative of the sigmoid is applied twice",
    ),
    "wrong states paired with the recurrent weights": (
        "rnn.weight_hh_l{}",
        None,
        "h_t is paired with dz_t in place of h_(t-1)",
    ),
    "recurrent term dropped": ("dL/dh", STEPS - 1, "it is zero: left out"),
    "recurrent weights not transposed": (
        "dL/dh",
        STEPS - 1,
        "the recurrent weights are not transposed",
    ),
    "time index off by one": (
        "dL/dz",
        STEPS,
        "the derivative at the previous time step is used in place of the derivative at this time "
        "step",
    ),
    "bias forgotten": ("rnn.bias_ih_l{}", None, "it is zero: left out"),
    "gradient scaled by 1.001": ("rnn.weight_hh_l{}", None, "it is 1.001 times the correct value"),
    "initial state's gradient wrong": (
        "dL/dh",
        0,
        "dL/dh of the next time step is passed on unchanged",
    ),
}


@pytest.mark.parametrize("mistake", TANH)
@pytest.mark.parametrize("layers", [1, 2])
def test_classic_mistakes_are_named(
    mistake: str, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.TANH[mistake])
    explanation = explained(layers=layers)
    assert explanation is not None
    array, step, cause = TANH[mistake]
    assert (explanation.array, explanation.step, explanation.cause) == (
        array.format(layers - 1),
        step,
        cause,
    )
    assert explanation.layer in (None, f"l{layers - 1}")
    assert explanation.steps == STEPS
    assert explanation.unknown_cell is None


HEAD = mistakes.TANH["derivative of the sigmoid applied twice"][1]
Y = "(1 / (1 + np.exp(-self.outputs)) - grad_outputs * grad_outputs.shape[1])"
MEAN = "/ grad_outputs.shape[1]"


@pytest.mark.parametrize(
    "gradient",
    [
        f"(self.outputs - {Y}) {MEAN}",
        f"(self.outputs - {Y}) / (self.outputs * (1 - self.outputs)) {MEAN}",
        "grad_outputs * self.outputs * (1 - self.outputs)",
    ],
)
def test_a_logit_in_place_of_the_probability_is_named(
    gradient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, (UnrolledNetwork, HEAD, f"grad_outputs = {gradient}\n    {HEAD}"))
    explanation = explained()
    assert explanation is not None
    assert (explanation.layer, explanation.step) == (None, None)
    assert explanation.cause == "the logit is used in place of the probability"


def test_a_sum_in_place_of_the_mean_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, loss in list(LOSSES.items()):

        def summed(z: np.ndarray, y: np.ndarray, loss=loss) -> tuple[np.ndarray, np.ndarray]:
            value, gradient = loss(z, y)
            return value, gradient * z.shape[1]

        monkeypatch.setitem(LOSSES, name, summed)
        explanation = explained(loss=name)
        assert explanation is not None
        assert explanation.cause == "the sum over the batch is used in place of the mean"


GATED = {
    ("lstm", "gates swapped"): ("dL/dz of i", 1, "f is used in place of g"),
    ("lstm", "path of the cell state forgotten"): ("dL/dc", 2, "it is zero: left out"),
    ("lstm", "path through the output forgotten"): (
        "dL/dz of i",
        1,
        "dL/dc with all of dL/dh is used in place of dL/dc",
    ),
    ("lstm", "mask of the cell state ignored"): ("dL/dc", 4, "the mask is left out"),
    ("gru", "reset left out"): ("dL/dz of r", 1, "r is left out"),
    ("gru", "gates swapped"): ("dL/dz of z", 1, "r is used in place of z"),
    ("gru", "path past the gates forgotten"): ("dL/dh", 2, "the path past the gates is left out"),
    ("gru", "candidate in place of the reset state"): (
        "dL/dz of r",
        1,
        "n is used in place of a",
    ),
    ("peephole", "peephole of the output gate forgotten"): (
        "dL/dz of i",
        1,
        "dL/dc without the peephole of o is used in place of dL/dc",
    ),
    ("peephole", "peephole of the forget gate forgotten"): (
        "dL/dc",
        2,
        "the sum without the peephole of f is used in place of the sum of f and its peepholes",
    ),
    ("peephole", "peepholes swapped"): ("dL/dc", 2, None),
    ("peephole", "the output gate sees the previous cell state"): (
        "rnn.weight_peephole_l1_reverse",
        None,
        "c of the previous time step is used in place of c of this time step",
    ),
    ("peephole", "gates swapped in the peepholes' gradient"): (
        "rnn.weight_peephole_l1_reverse",
        None,
        "dz of i is used in place of dz of f",
    ),
    ("mingru", "path past the gate forgotten"): ("dL/dh", 2, "it is zero: left out"),
    ("mingru", "candidate left out"): ("dL/dz of z", 1, "-h is used in place of n - h"),
    ("mingru", "previous state left out"): ("dL/dz of z", 1, "n is used in place of n - h"),
    ("mingru", "factor of the signed gates"): (
        "dL/dz of z",
        1,
        "n - 2 h is used in place of n - h",
    ),
    ("mingru", "gate in place of its complement"): (
        "dL/dz of n",
        1,
        "1 - z is used in place of z",
    ),
    ("mingru", "mask ignored"): ("dL/dz of z", 5, "the mask is left out"),
    ("tanh", "mask ignored"): ("dL/dz", 5, "the mask is left out"),
    ("relu", "derivative one everywhere"): (
        "dL/dz",
        1,
        "the derivative at this time step is left out",
    ),
}


@pytest.mark.parametrize(("cell", "mistake"), GATED)
def test_mistakes_in_the_gates_are_named(
    cell: str, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.CELLS[cell][mistake])
    explanation = explained(cell, 2, "softmax_cross_entropy", bidirectional=True, lengths=True)
    assert explanation is not None
    assert (explanation.array, explanation.step, explanation.cause) == GATED[cell, mistake]


def test_a_mistake_at_the_last_time_step_has_no_later_one_as_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, (UnrolledCell, "carried[...] = 0", "carried[...] = 1"))
    explanation = explained("lstm")
    assert explanation is not None
    assert (explanation.array, explanation.step, explanation.cause) == ("dL/dc", STEPS, None)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("mistake", mistakes.LAYERS)
def test_mistakes_between_the_layers_are_placed(
    cell: str, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.LAYERS[mistake])
    explanation = explained(cell, 2, bidirectional=True, readout="every_step")
    assert explanation is not None
    assert explanation.array == "dL/dh"
    assert explanation.cause == "the gradient from above (the head or the next layer) is wrong"


def test_gradients_that_cancel_are_no_mistake() -> None:
    rng = np.random.default_rng(0)
    network = Network(architecture(), 1, 1).initialize(rng)
    batch = Batch(np.zeros((8, 5, 1)), np.array([[0.0], [1.0]] * 4))
    network.views.head[:, -1] -= network.unroll(5, 8).forward(batch)[0, 0]
    assert explain(network, LOSSES["binary_cross_entropy"], batch) is None


def test_the_command(rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    correct = rnn("gradcheck", "-c", small, "--explain")
    assert correct.code == 0
    assert "correct at every time step" in correct.out.splitlines()[-1]
    report = json.loads(rnn("gradcheck", "-c", small, "--explain", "--json").out)
    assert report["explanation"] is None
    assert "explanation" not in json.loads(rnn("gradcheck", "-c", small, "--json").out)
    plant(monkeypatch, mistakes.TANH["derivative at the last time step everywhere"])
    wrong = rnn("gradcheck", "-c", small, "--explain")
    assert wrong.code == 1
    cause = TANH["derivative at the last time step everywhere"][2]
    assert wrong.out.splitlines()[-2:] == [
        "first error, going back from the loss: dL/dz in layer l0, time step 4 of 5",
        cause,
    ]
    report = json.loads(rnn("gradcheck", "-c", small, "--explain", "--json").out)
    assert report["passed"] is False
    assert report["explanation"] == {
        "array": "dL/dz",
        "layer": "l0",
        "step": 4,
        "steps": 5,
        "cause": cause,
        "unknown_cell": None,
    }
