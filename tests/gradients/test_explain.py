"""A wrong gradient is traced to the step and the mistake that it comes from."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import test_gradcheck
import test_gradcheck_table
from conftest import Command
from test_gradcheck import OUTPUTS, planted

from rnncli.gradients.explain import Explanation, explain
from rnncli.gradients.gradcheck import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Architecture, Network
from rnncli.nn.unrolled import Unrolled

Planting = tuple[type, str, str]
STEPS = 6


def explained(
    cell: str = "tanh",
    layers: int = 1,
    loss: str = "binary_cross_entropy",
    both: bool = False,
    lengths: bool = False,
    reading: str = "last",
) -> Explanation | None:
    rng = np.random.default_rng(3)
    every_step = reading == "every_step"
    architecture = Architecture(
        cell,
        4,
        layers,
        bidirectional=both,
        dropout=0.3 if layers > 1 else 0.0,
        pooling="last" if every_step else reading,
        output="every_step" if every_step else "sequence",
    )
    network = Network(architecture, 2, OUTPUTS[loss]).initialize(rng)
    for blocks in network.arrays.values():
        for block in blocks:
            block += 0.2 * rng.standard_normal(block.shape)
    x, y = rng.standard_normal((4, STEPS, 2)), test_gradcheck.targets(loss, 4, rng)
    y = np.repeat(y[:, np.newaxis], STEPS, axis=1) if every_step else y
    some = np.array([6, 1, 4, 3]) if lengths else None
    return explain(network, LOSSES[loss], Batch(x, y, some, architecture.dropout))


def plant(monkeypatch: pytest.MonkeyPatch, mistake: Planting) -> None:
    owner, right, wrong = mistake
    for name, method in planted(owner, right, wrong).items():
        monkeypatch.setattr(owner, name, method)
    if "self.kept" in wrong:
        test_gradcheck._keep_the_output_gradient(monkeypatch)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reading", test_gradcheck_table.READINGS)
def test_nothing_is_found_where_all_is_right(cell: str, reading: str) -> None:
    for loss, (layers, both, lengths) in zip(
        [*LOSSES, *LOSSES], product((1, 2), (False, True), (False, True)), strict=False
    ):
        assert explained(cell, layers, loss, both, lengths, reading) is None


LOGIT = (
    Unrolled,
    test_gradcheck.MISTAKES["slope of the sigmoid on top of the loss"][1],
    "output_gradient = {}\n"
    "    np.dot(output_gradient, self.readout.features.T, out=self.head_gradient)",
)
Y = "(1 / (1 + np.exp(-self.outputs)) - output_gradient * output_gradient.shape[1])"
MEAN = "/ output_gradient.shape[1]"
# Each mistake, and what is said of it: the array, the step, and the cause. The first four are the
# classics, the logit in two forms.
TANH = {
    "slope of the last state at every step": (
        "dL/dz",
        STEPS - 1,
        "the slope of the last state stands where the slope of this step's state belongs",
    ),
    "output gradient added at every step": (
        "dL/dh",
        STEPS - 1,
        "the output's gradient is added at every step",
    ),
    "slope of the sigmoid on top of the loss": (
        "dL/d(features)",
        None,
        "the sigmoid's slope stands on top of a derivative that holds it",
    ),
    "wrong states paired with the recurrent weights": (
        "rnn.weight_hh_l{}",
        None,
        "h_t is paired with dz_t, where h_(t-1) belongs",
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
        "the slope of the state before stands where the slope of this step's state belongs",
    ),
    "bias forgotten": ("rnn.bias_ih_l{}", None, "it is zero: left out"),
    "gradient scaled by 1.001": ("rnn.weight_hh_l{}", None, "it is 1.001 times what is right"),
    "initial state's gradient left out": (
        "dL/dh",
        0,
        "dL/dh of the next step is handed on as it is",
    ),
}


@pytest.mark.parametrize("mistake", TANH)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_classics_are_named(mistake: str, layers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, test_gradcheck.MISTAKES[mistake])
    found = explained(layers=layers)
    assert found is not None
    array, step, cause = TANH[mistake]
    assert (found.array, found.step, found.cause) == (array.format(layers - 1), step, cause)
    assert found.layer in (None, f"l{layers - 1}")
    assert found.steps == STEPS


@pytest.mark.parametrize(
    "slope",
    [
        f"(self.outputs - {Y}) {MEAN}",
        f"(self.outputs - {Y}) / (self.outputs * (1 - self.outputs)) {MEAN}",
        "output_gradient * self.outputs * (1 - self.outputs)",
    ],
)
def test_the_logit_taken_for_the_probability_is_named(
    slope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, right, wrong = LOGIT
    plant(monkeypatch, (owner, right, wrong.format(slope)))
    found = explained()
    assert found is not None
    assert (found.layer, found.step) == (None, None)
    assert found.cause == "the logit is taken for the probability"


def test_a_sum_taken_for_the_mean_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, loss in list(LOSSES.items()):

        def summed(z: np.ndarray, y: np.ndarray, loss=loss) -> tuple[np.ndarray, np.ndarray]:
            value, gradient = loss(z, y)
            return value, gradient * z.shape[1]

        monkeypatch.setitem(LOSSES, name, summed)
        found = explained(loss=name)
        assert found is not None
        assert found.cause == "the sum over the batch is taken for the mean"


GATED = {
    ("lstm", "gates swapped"): ("dL/dz of i", 1, "f stands where g belongs"),
    ("lstm", "cell state's way forgotten"): ("dL/dc", 2, "it is zero: left out"),
    ("lstm", "way through the output forgotten"): (
        "dL/dz of i",
        1,
        "dL/dc with all of dL/dh stands where dL/dc belongs",
    ),
    ("lstm", "mask of the carried cell ignored"): ("dL/dc", 4, "the mask is left out"),
    ("gru", "reset left out"): ("dL/dz of r", 1, "r is left out"),
    ("gru", "gates swapped"): ("dL/dz of z", 1, "r stands where z belongs"),
    ("gru", "way beside the gates forgotten"): ("dL/dh", 2, "the way past the gates is left out"),
    ("gru", "structural zeros trained"): ("dL/dz of r", 1, "n stands where a belongs"),
    ("tanh", "mask ignored"): ("dL/dz", 5, "the mask is left out"),
    ("relu", "slope one everywhere"): ("dL/dz", 1, "the slope of this step's state is left out"),
}


@pytest.mark.parametrize(("cell", "mistake"), GATED)
def test_mistakes_of_the_gates_are_named(
    cell: str, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, test_gradcheck_table.MISTAKES[cell][mistake])
    found = explained(cell, 2, "softmax_cross_entropy", both=True, lengths=True)
    assert found is not None
    assert (found.array, found.step, found.cause) == GATED[cell, mistake]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("mistake", test_gradcheck_table.SHARED)
def test_mistakes_between_the_layers_are_placed(
    cell: str, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, test_gradcheck_table.SHARED[mistake])
    found = explained(cell, 2, both=True, reading="every_step")
    assert found is not None
    assert found.array == "dL/dh"
    assert found.cause == "what comes down from above, the head or the next layer, is wrong"


def test_derivatives_that_cancel_are_no_mistake() -> None:
    rng = np.random.default_rng(0)
    network = Network(Architecture(hidden_size=4, dtype="float64"), 1, 1).initialize(rng)
    network.head_weights[:, -1] -= network.unroll(5, 1).forward().item()
    batch = Batch(np.zeros((8, 5, 1)), np.array([[0.0], [1.0]] * 4))
    assert explain(network, LOSSES["binary_cross_entropy"], batch) is None


def test_the_command(rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = rnn("gradcheck", "-c", small, "--explain")
    assert right.code == 0
    assert right.out.splitlines()[-1].startswith("all is well: ")
    assert (
        json.loads(rnn("gradcheck", "-c", small, "--explain", "--json").out)["explanation"] is None
    )
    assert "explanation" not in json.loads(rnn("gradcheck", "-c", small, "--json").out)
    plant(monkeypatch, test_gradcheck.MISTAKES["slope of the last state at every step"])
    wrong = rnn("gradcheck", "-c", small, "--explain")
    assert wrong.code == 1
    assert wrong.out.splitlines()[-2:] == [
        "going back from the loss, the first that is wrong: dL/dz in l0, step 4 of 5",
        "the slope of the last state stands where the slope of this step's state belongs",
    ]
    answer = json.loads(rnn("gradcheck", "-c", small, "--explain", "--json").out)
    assert answer["passed"] is False
    assert answer["explanation"] == {
        "array": "dL/dz",
        "layer": "l0",
        "step": 4,
        "steps": 5,
        "cause": "the slope of the last state stands where the slope of this step's state belongs",
    }
