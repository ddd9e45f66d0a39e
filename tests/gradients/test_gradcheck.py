"""Gradients are proven, and the checker refuses every classic mistake."""

import inspect
import json
import textwrap
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

from rnncli.gradients.gradcheck import ArrayCheck, Batch, gradcheck
from rnncli.nn.cells import CELLS, elman
from rnncli.nn.cells import layer as layer_module
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Architecture, Network
from rnncli.nn.unrolled import Unrolled

OUTPUTS = {"binary_cross_entropy": 1, "softmax_cross_entropy": 4, "mean_squared_error": 2}


def targets(loss: str, batch: int, rng: np.random.Generator) -> np.ndarray:
    if loss == "mean_squared_error":
        return rng.standard_normal((batch, OUTPUTS[loss]))
    return rng.integers(max(2, OUTPUTS[loss]), size=(batch, 1)).astype(float)


def check(
    loss: str = "binary_cross_entropy",
    cell: str = "tanh",
    layers: int = 1,
    steps: int = 6,
    batch: int = 4,
    method: str = "complex",
    initialization: str = "orthogonal",
) -> list[ArrayCheck]:
    rng = np.random.default_rng(3)
    architecture = Architecture(cell, 5, layers, dtype="float64", initialization=initialization)
    network = Network(architecture, 3, OUTPUTS[loss]).initialize(rng)
    network.parameters += 0.1 * rng.standard_normal(network.parameters.shape)
    x = rng.standard_normal((batch, steps, 3))
    return list(gradcheck(network, LOSSES[loss], Batch(x, targets(loss, batch, rng)), method))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (7, 3), (50, 2), (3, 50)])
def test_every_gradient_is_exact(cell: str, loss: str, layers: int, steps: int, batch: int) -> None:
    for result in check(loss, cell, layers, steps, batch):
        assert result.passed
        assert result.max_relative_error is None or result.max_relative_error <= 1e-12, result
        if cell != "relu" and steps > 1:  # a unit of a ReLU may be dead, and a first state is zero
            assert result.tested == np.prod(result.shape), result


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layers", [1, 3])
def test_central_differences_agree(loss: str, layers: int) -> None:
    for result in check(loss, layers=layers, steps=10, method="central"):
        assert result.passed
        assert result.max_relative_error is not None
        assert result.max_relative_error <= 1e-6


# Each mistake: where it is made, the right code, the wrong code. The first four are the
# tutorial's.
MISTAKES = {
    "slope of the last state at every step": (
        elman.Tanh,
        "np.multiply(self.outputs, self.outputs, out=self.delta)",
        "np.multiply(self.outputs[-1:], self.outputs[-1:], out=self.delta)",
    ),
    "output gradient added at every step": (
        elman.Tanh,
        "        if step or through_start:\n            dot(transposed, delta, flow)",
        "        dot(transposed, delta, flow)\n        flow += self.kept",
    ),
    "slope of the sigmoid on top of the loss": (
        Unrolled,
        "np.dot(output_gradient, self.readout.features.T, out=self.head_gradient)",
        "np.dot(output_gradient, self.readout.features.T, out=self.head_gradient)\n"
        "    p = 1 / (1 + np.exp(-self.outputs))\n"
        "    output_gradient = output_gradient * p * (1 - p)",
    ),
    "wrong states paired with the recurrent weights": (
        layer_module.Layer,
        "self.states[:-1].transpose(0, 2, 1)",
        "self.states[1:].transpose(0, 2, 1)",
    ),
    "recurrent term dropped": (elman.Tanh, "dot(transposed, delta, flow)", "flow[...] = 0"),
    "recurrent weights not transposed": (
        elman.Tanh,
        "transposed[...] = self.recurrent_weights.T",
        "transposed[...] = self.recurrent_weights",
    ),
    "time index off by one": (
        elman.Tanh,
        "np.multiply(self.outputs, self.outputs, out=self.delta)",
        "h = self.states[:-1, len(self.inputs[0]):-1]; np.multiply(h, h, out=self.delta)",
    ),
    "bias forgotten": (
        layer_module.Layer,
        "out=self.gradient)\n",
        "out=self.gradient)\n        self.gradient[:, -1] = 0\n",
    ),
    "gradient scaled by 1.001": (
        layer_module.Layer,
        "out=self.gradient)\n",
        "out=self.gradient)\n        self.gradient *= 1.001\n",
    ),
    "input gradient zeroed": (
        layer_module.Layer,
        "return self.input_gradient",
        "self.input_gradient[...] = 0\n    return self.input_gradient",
    ),
    "initial state's gradient left out": (
        elman.Tanh,
        "if step or through_start:",
        "if step:",
    ),
}


def planted(owner: type, right: str, wrong: str) -> dict[str, object]:
    """Return the methods of a class in which the right code is replaced by the wrong code."""
    found = {}
    for name, method in vars(owner).items():
        if not inspect.isfunction(method):
            continue
        source = textwrap.dedent(inspect.getsource(method))
        if right in source:
            scope = dict(method.__globals__)
            exec(source.replace(right, wrong), scope)
            found[name] = scope[name]
    assert found, f"{right!r} is not in {owner.__name__}"
    return found


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("layers", [1, 2])
def test_planted_mistakes_are_refused(
    mistake: str, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(result.passed for result in check(layers=layers))
    owner, right, wrong = MISTAKES[mistake]
    for name, method in planted(owner, right, wrong).items():
        monkeypatch.setattr(owner, name, method)
    if "self.kept" in wrong:
        _keep_the_output_gradient(monkeypatch)
    assert not all(result.passed for result in check(layers=layers))
    central = check(layers=layers, method="central")
    assert not all(result.passed for result in central)


def _keep_the_output_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    backward = elman.Tanh.backward

    def keeping(self: elman.Tanh, upstream: object, through_start: bool) -> None:
        self.kept = self.flow.copy()
        backward(self, upstream, through_start)

    monkeypatch.setattr(elman.Tanh, "backward", keeping)


def test_missing_mean_over_the_batch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, loss in list(LOSSES.items()):

        def summed(z: np.ndarray, y: np.ndarray, loss=loss) -> tuple[np.ndarray, np.ndarray]:
            value, gradient = loss(z, y)
            return value, gradient * z.shape[1]

        monkeypatch.setitem(LOSSES, name, summed)
        assert not any(result.passed for result in check(name))


def test_entries_without_signal_are_not_tested() -> None:
    rng = np.random.default_rng(0)
    network = Network(Architecture(hidden_size=4), 3, 1).initialize(rng)
    x = rng.standard_normal((4, 5, 3))
    x[:, :, 1] = 0
    checks = gradcheck(network, LOSSES["binary_cross_entropy"], Batch(x, np.zeros((4, 1))))
    by_name = {result.name: result for result in checks}
    assert by_name["rnn.weight_ih_l0"].untested == 4
    assert by_name["rnn.weight_ih_l0"].tested == 8
    network.head_weights[...] = 0
    checks = list(gradcheck(network, LOSSES["binary_cross_entropy"], Batch(x, np.zeros((4, 1)))))
    silent = next(result for result in checks if result.name == "rnn.weight_hh_l0")
    assert silent.tested == 0
    assert silent.max_relative_error is None


@pytest.mark.parametrize("method", ["complex", "central"])
def test_gradients_that_cancel_over_the_batch_are_no_mistake(method: str) -> None:
    rng = np.random.default_rng(0)
    network = Network(Architecture(hidden_size=4, dtype="float64"), 1, 1).initialize(rng)
    network.head_weights[:, -1] -= network.unroll(5, 1).forward().item()
    x, y = np.zeros((8, 5, 1)), np.array([[0.0], [1.0]] * 4)
    for result in gradcheck(network, LOSSES["binary_cross_entropy"], Batch(x, y), method):
        assert result.passed, result
        if result.name.startswith(("rnn", "head")):
            assert result.tested == 0, result


def test_not_a_number_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    methods = planted(
        layer_module.Layer,
        "out=self.gradient)\n",
        "out=self.gradient)\n        self.gradient[0, 0] = np.nan\n",
    )
    for name, method in methods.items():
        monkeypatch.setattr(layer_module.Layer, name, method)
    first = check()[0]
    assert not first.passed
    assert first.worst == (0, 0)


@pytest.mark.parametrize("samples", [1, 3, 7])
def test_single_precision_configs_are_checked_in_double(
    rnn: Command, small: Path, samples: int
) -> None:
    result = rnn("gradcheck", "-c", small, "--num-samples", samples, "--json")
    assert result.code == 0
    errors = [array["max_relative_error"] for array in json.loads(result.out)["arrays"]]
    assert max(error for error in errors if error is not None) <= 1e-12


def test_command_on_config_run_and_weights(rnn: Command, run_folder: Path, small: Path) -> None:
    for arguments in (["-c", small], ["-w", run_folder], ["-w", run_folder / "weights.npz"], []):
        result = rnn("gradcheck", *arguments, "--json")
        assert result.code == 0, result.err
        answer = json.loads(result.out)
        assert answer["passed"] is True
        assert answer["method"] == "complex"
        keys = {"name", "shape", "max_relative_error", "gradient_norm", "tested", "untested"}
        assert all(set(array) == keys for array in answer["arrays"])
    copied = run_folder.parent / "alone.npz"
    copied.write_bytes((run_folder / "weights.npz").read_bytes())
    assert rnn("gradcheck", "-w", copied, "--method", "central").code == 0


def test_command_names_the_worst_entry(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, method in planted(*MISTAKES["gradient scaled by 1.001"]).items():
        monkeypatch.setattr(layer_module.Layer, name, method)
    result = rnn("gradcheck", "-c", small)
    assert result.code == 1
    assert "rnn.weight_hh_l0[" in result.out
    assert "the true derivative is" in result.out
    assert result.err.startswith("error: wrong gradients: rnn.weight_ih_l0")
    assert json.loads(rnn("gradcheck", "-c", small, "--json").out)["passed"] is False
