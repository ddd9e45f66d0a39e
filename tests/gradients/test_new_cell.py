"""A new cell is a class and a line in a table: every command supports it.

The leaky integrator below has a key of its own in the config; the peephole cell has an array
beside the weight matrix. Neither is part of the package.
"""

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

import jsonschema
import numpy as np
import pytest
from conftest import Command
from helpers.networks import READOUTS, architecture, network_for, plant, random_batch, rotated
from pydantic import Field

import rnncli
from rnncli.config.json_schema import json_schema
from rnncli.config.reading import config_from, read_config
from rnncli.gradients.explain import explain
from rnncli.gradients.gradcheck import gradcheck
from rnncli.inference.outputs import outputs
from rnncli.nn.arrays import Array
from rnncli.nn.cells import CELLS, Cell
from rnncli.nn.cells.base import StepGradients, UnrolledCell, Vectors
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import UnrolledPool
from rnncli.sections import clear_adapters


@dataclass(frozen=True)
class Leaky(Cell):
    """A leaky integrator: h_t = (1 - leak) h_{t-1} + leak tanh(W [x_t; h_{t-1}; 1])."""

    kind: Literal["leaky"] = "leaky"
    leak: Annotated[float, Field(gt=0, le=1, description="fraction replaced per time step")] = 0.5

    def allocate(self, unrolled: UnrolledCell) -> Array:
        """Return room for tanh(z_t) of all time steps."""
        return np.empty_like(unrolled.outputs)

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        views = zip(unrolled.steps, unrolled.previous, unrolled.buffers, strict=True)
        masks = unrolled.masks(steps)
        for ((state, output), previous, tanh), mask in zip([*views][steps], masks, strict=False):
            np.tanh(unrolled.matrix @ state, out=tanh)
            output[...] = (1 - self.leak) * previous + self.leak * tanh
            if mask is not None:
                output *= mask

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        dh = unrolled.dh
        for step, dz in reversed(unrolled.dz_steps[steps]):
            if grad_outputs is not None:
                dh += grad_outputs[step]
            if unrolled.mask is not None:
                dh *= unrolled.mask[step]
            dz[...] = self.leak * (1 - unrolled.buffers[step] ** 2) * dh
            dh[...] = unrolled.recurrent_weights.T @ dz + (1 - self.leak) * dh


@dataclass(frozen=True)
class Peephole(Cell):
    """A cell whose gate sees the previous state: h_t = sigmoid(z_t + p * h_{t-1})."""

    kind: Literal["peephole_gate"] = "peephole_gate"

    arrays = Leaky.arrays | {"weight_ph": Vectors(1)}

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        peephole = unrolled.weights.vectors["weight_ph"][:, np.newaxis]
        views = zip(unrolled.steps, unrolled.previous, strict=True)
        masks = unrolled.masks(steps)
        for ((state, output), previous), mask in zip([*views][steps], masks, strict=False):
            output[...] = 1 / (1 + np.exp(-(unrolled.matrix @ state) - peephole * previous))
            if mask is not None:
                output *= mask

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        dh, peephole = unrolled.dh, unrolled.weights.vectors["weight_ph"][:, np.newaxis]
        gradient = unrolled.gradient.vectors["weight_ph"]
        for step, dz in reversed(unrolled.dz_steps[steps]):
            if grad_outputs is not None:
                dh += grad_outputs[step]
            output = unrolled.outputs[step]
            dz[...] = dh * output * (1 - output)
            gradient += (dz * unrolled.previous[step]).sum(axis=1)
            dh[...] = unrolled.recurrent_weights.T @ dz + peephole * dz


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch):
    """Add the cells to the table, which is the one line."""
    for cell in (Leaky, Peephole):
        monkeypatch.setitem(CELLS, cell.kind, cell)
    clear_adapters()
    yield
    monkeypatch.undo()
    clear_adapters()


CASES = [Leaky(leak=0.1), Leaky(), Peephole()]


@pytest.mark.parametrize("cell", CASES, ids=repr)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_its_gradients_are_correct(cell: Cell, bidirectional: bool) -> None:
    cases = [*product((1, 2), (None, [6, 1, 3, 4]))]
    number = CASES.index(cell) + bidirectional
    for readout, (layers, lengths) in zip(READOUTS, rotated(cases, number), strict=True):
        rng = np.random.default_rng(0)
        model = architecture(cell, readout, num_layers=layers, bidirectional=bidirectional)
        network = network_for("softmax_cross_entropy", model, 2, rng)
        batch = random_batch("softmax_cross_entropy", model, 2, rng, lengths=lengths)
        loss = LOSSES["softmax_cross_entropy"]
        results = list(gradcheck(network, loss, batch))
        assert all(result.passed for result in results)
        assert max(result.max_relative_error or 0 for result in results) <= 1e-12
        names = {result.name for result in results}
        assert ("rnn.weight_ph_l0" in names) == isinstance(cell, Peephole)
        assert explain(network, loss, batch) is None


def test_a_mistake_in_an_array_of_its_own_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, (Peephole, "gradient += (dz", "gradient -= (dz"))
    rng = np.random.default_rng(0)
    model = architecture(Peephole())
    network = network_for("binary_cross_entropy", model, 2, rng)
    batch = random_batch("binary_cross_entropy", model, 2, rng)
    results = gradcheck(network, LOSSES["binary_cross_entropy"], batch)
    wrong = [result.name for result in results if not result.passed]
    assert wrong == ["rnn.weight_ph_l0"]


@pytest.mark.parametrize("cell", CASES, ids=repr)
def test_it_equals_a_loop_over_sequences(cell: Cell) -> None:
    rng = np.random.default_rng(1)
    network = network_for("mean_squared_error", architecture(cell), 3, rng)
    arrays = {name: np.concatenate(blocks) for name, blocks in network.arrays.items()}
    x = rng.standard_normal((5, 7, 3))
    expected = []
    for sequence in x:
        h = np.zeros(4)
        for features in sequence:
            z = arrays["rnn.weight_ih_l0"] @ features + arrays["rnn.bias_ih_l0"]
            z += arrays["rnn.weight_hh_l0"] @ h
            if isinstance(cell, Leaky):
                h = (1 - cell.leak) * h + cell.leak * np.tanh(z)
            else:
                h = 1 / (1 + np.exp(-z - arrays["rnn.weight_ph_l0"] * h))
        expected.append(arrays["head.weight"] @ h + arrays["head.bias"])
    result = outputs(UnrolledPool(network), x)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-13)
    lengths = np.array([7, 1, 3, 7, 5])
    padded = np.where(np.arange(7)[:, np.newaxis] >= 7 - lengths[:, np.newaxis, np.newaxis], x, 0)
    together = outputs(UnrolledPool(network), padded, lengths)
    for row, length in enumerate(lengths):
        alone = outputs(UnrolledPool(network), x[row : row + 1, 7 - length :])
        np.testing.assert_allclose(together[row], alone[0], rtol=0, atol=1e-13)


@pytest.mark.parametrize("text", ["{kind: leaky, leak: 0.1}", "leaky", "peephole_gate"])
def test_it_is_trained_saved_loaded_resumed_and_verified(
    rnn: Command, small: Path, text: str
) -> None:
    words = ["--set", f"model.cell={text}", "--set", "model.num_layers=2"]
    done = rnn("train", "-q", "-c", small, *words)
    assert done.code == 0, done.err
    run = Path(done.out.strip())
    saved = read_config(run / "config.yaml").model.cell
    assert saved == (Leaky(leak=0.1) if "0.1" in text else CELLS[text]())
    for command in (
        ["predict", "-w", run, "-i", "x.csv"],
        ["evaluate", "-w", run],
        ["gradcheck", "-w", run, "--explain"],
        ["trace", "-w", run],
        ["verify", run, "-q"],
        ["train", "-q", "--resume", run, "--set", "training.num_epochs=4"],
    ):
        Path("x.csv").write_text("1,2,3,4,5\n")
        result = rnn(*command)
        assert result.code == 0, (command, result.err)
    model = rnncli.load(run)
    assert model.network.architecture.cell == saved
    x = np.random.default_rng(0).standard_normal((3, 5, 1))
    assert model.predict_proba(x).shape == (3, 2)


def test_its_keys_are_in_the_schema_and_checked(rnn: Command, small: Path) -> None:
    schema = json_schema()
    for cell in ("leaky", {"kind": "leaky", "leak": 0.1}, {"kind": "leaky"}, "tanh"):
        jsonschema.validate({"model": {"cell": cell}}, schema)
        config_from({"model": {"cell": cell}})
    for cell in ({"kind": "leaky", "leak": 2}, {"kind": "leaky", "leek": 0.1}, "leeky"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"model": {"cell": cell}}, schema)
    wrong = rnn("train", "-c", small, "--set", "model.cell={kind: leaky, leak: 2}")
    assert wrong.code == 2
    assert "leak: 2 is out of range; above 0 and at most 1" in wrong.err
    keys = json.loads(rnn("config", "keys", "model.cell", "--json").out)["keys"]
    (leak,) = [key for key in keys if key["key"] == "model.cell.leak"]
    assert leak["kinds"] == ["leaky"]


@pytest.mark.parametrize(
    ("right", "wrong", "array"),
    [
        ("(1 - unrolled.buffers[step] ** 2)", "(1 - unrolled.outputs[step] ** 2)", "dL/dz"),
        ("+ (1 - self.leak) * dh", "", "dL/dh"),
    ],
)
def test_an_explanation_says_what_it_cannot_know(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, array: str
) -> None:
    plant(monkeypatch, (Leaky, right, wrong))
    words = ["gradcheck", "-c", small, "--set", "model.cell=leaky", "--explain"]
    result = rnn(*words)
    assert result.code == 1
    assert f": {array} in layer l0" in result.out
    assert "the formulas of the cell 'leaky' are not known" in result.out
    explanation = json.loads(rnn(*words, "--json").out)["explanation"]
    assert explanation["array"] == array
    assert (explanation["cause"], explanation["unknown_cell"]) == (None, "leaky")


def test_it_is_initialized_like_the_others() -> None:
    network = Network(architecture(Peephole(), hidden_size=16), 3, 1)
    network.initialize(np.random.default_rng(0))
    (recurrent,) = network.arrays["rnn.weight_hh_l0"]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(16), atol=1e-12)
    assert not network.arrays["rnn.weight_ph_l0"][0].any()
