"""Gradients are correct for every kind of network, and the check detects every classic mistake."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers import mistakes
from helpers.networks import (
    OUTPUTS,
    READOUTS,
    VARIANTS,
    Mistake,
    architecture,
    network_for,
    number_of,
    plant,
    random_batch,
    rotated,
)

from rnncli.gradients.gradcheck import ArrayCheck, gradcheck
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network

LENGTHS = [4, 1, 3]


def check(
    cell: str = "tanh",
    loss: str = "binary_cross_entropy",
    readout: str = "last",
    layers: int = 1,
    bidirectional: bool = False,
    lengths: bool = False,
    shape: tuple[int, int] = (3, 4),
    method: str = "complex",
) -> list[ArrayCheck]:
    rng = np.random.default_rng(7)
    model = architecture(
        cell,
        readout,
        hidden_size=3,
        num_layers=layers,
        bidirectional=bidirectional,
        dropout=0.3 if layers > 1 else 0.0,
    )
    network = network_for(loss, model, 2, rng)
    batch = random_batch(loss, model, 2, rng, shape, LENGTHS if lengths else None)
    return list(gradcheck(network, LOSSES[loss], batch, method))


def passes(**arguments: object) -> bool:
    return all(result.passed for result in check(**arguments))


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_gradient_is_exact(cell: str, readout: str, bidirectional: bool) -> None:
    number = number_of(cell) + 2 * READOUTS.index(readout) + bidirectional
    for loss, (layers, lengths) in zip(
        rotated([*LOSSES], number), ((1, False), (2, True)), strict=False
    ):
        for result in check(cell, loss, readout, layers, bidirectional, lengths):
            case = (loss, layers, lengths, result)
            assert result.passed, case
            assert (result.max_relative_error or 0) <= 1e-12, case
            assert result.tested or "initial" in result.name or cell == "relu", case


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (50, 3)])
def test_any_length_and_batch_size(cell: str, shape: tuple[int, int]) -> None:
    for result in check(cell, layers=3, shape=shape):
        assert result.passed
        assert (result.max_relative_error or 0) <= 1e-12, result


@pytest.mark.parametrize("cell", CELLS)
def test_central_differences_agree(cell: str) -> None:
    for loss in LOSSES:
        assert passes(cell=cell, loss=loss, layers=2, bidirectional=True, method="central")


@pytest.mark.parametrize("mistake", mistakes.TANH)
def test_mistakes_in_a_tanh_network_are_detected(
    mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.TANH[mistake])
    for layers, method in product((1, 2), ("complex", "central")):
        assert not passes(layers=layers, method=method)


@pytest.mark.parametrize(
    ("cell", "mistake"),
    [
        pytest.param(cell, mistake, id=f"{cell}-{name}")
        for cell in CELLS
        for name, mistake in (mistakes.CELLS[cell] | mistakes.LAYERS).items()
    ],
)
def test_mistakes_in_cells_and_between_layers_are_detected(
    cell: str, mistake: Mistake, monkeypatch: pytest.MonkeyPatch
) -> None:
    readout = "every_step" if mistake in mistakes.LAYERS.values() else "last"
    plant(monkeypatch, mistake)
    assert not passes(cell=cell, readout=readout, layers=2, bidirectional=True, lengths=True)


def test_a_sum_in_place_of_the_mean_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, loss in list(LOSSES.items()):

        def summed(z: np.ndarray, y: np.ndarray, loss=loss) -> tuple[np.ndarray, np.ndarray]:
            value, gradient = loss(z, y)
            return value, gradient * z.shape[1]

        monkeypatch.setitem(LOSSES, name, summed)
        assert not any(result.passed for result in check(loss=name))


def test_entries_without_a_gradient_are_not_tested() -> None:
    rng = np.random.default_rng(0)
    network = Network(architecture(), 3, 1).initialize(rng)
    x = rng.standard_normal((4, 5, 3))
    x[:, :, 1] = 0
    batch, loss = Batch(x, np.zeros((4, 1))), LOSSES["binary_cross_entropy"]
    by_name = {result.name: result for result in gradcheck(network, loss, batch)}
    assert by_name["rnn.weight_ih_l0"].untested == 4
    assert by_name["rnn.weight_ih_l0"].tested == 8
    network.views.head[...] = 0
    by_name = {result.name: result for result in gradcheck(network, loss, batch)}
    assert by_name["rnn.weight_hh_l0"].tested == 0
    assert by_name["rnn.weight_hh_l0"].max_relative_error is None


@pytest.mark.parametrize("method", ["complex", "central"])
def test_gradients_that_cancel_over_the_batch_are_no_mistake(method: str) -> None:
    rng = np.random.default_rng(0)
    network = Network(architecture(), 1, 1).initialize(rng)
    x, y = np.zeros((8, 5, 1)), np.array([[0.0], [1.0]] * 4)
    network.views.head[:, -1] -= network.unroll(5, 8).forward(Batch(x, y))[0, 0]
    for result in gradcheck(network, LOSSES["binary_cross_entropy"], Batch(x, y), method):
        assert result.passed, result
        if result.name.startswith(("rnn", "head")):
            assert result.tested == 0, result


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_relu_at_exactly_zero_is_no_mistake(method: str) -> None:
    network = Network(architecture("relu"), 1, 1).initialize(np.random.default_rng(0))
    before = network.parameters.copy()
    x = np.array([[[0.0], [1.0], [0.0]], [[0.0], [0.0], [1.0]]])
    batch = Batch(x, np.array([[0.0], [1.0]]))
    results = list(gradcheck(network, LOSSES["binary_cross_entropy"], batch, method))
    assert all(result.passed for result in results)
    assert sum(result.tested for result in results) > 20
    np.testing.assert_array_equal(network.parameters, before)


def test_a_gradient_that_is_not_a_number_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    owner, right, _ = mistakes.TANH["bias forgotten"]
    plant(monkeypatch, (owner, right, right + "\n    self.gradient[0, 0] = np.nan"))
    first = check()[0]
    assert not first.passed
    assert first.worst == (0, 0)


@pytest.mark.parametrize("samples", [1, 7])
def test_single_precision_configs_are_checked_in_double(
    rnn: Command, small: Path, samples: int
) -> None:
    result = rnn("gradcheck", "-c", small, "--num-samples", samples, "--json")
    assert result.code == 0
    errors = [array["max_relative_error"] for array in json.loads(result.out)["arrays"]]
    assert max(error for error in errors if error is not None) <= 1e-12


def test_the_command_takes_a_config_a_run_and_weights(
    rnn: Command, run_folder: Path, small: Path
) -> None:
    for arguments in (["-c", small], ["-w", run_folder], ["-w", run_folder / "weights.npz"]):
        result = rnn("gradcheck", *arguments, "--json")
        assert result.code == 0, result.err
        report = json.loads(result.out)
        assert report["passed"] is True
        assert report["method"] == "complex"
        keys = {"name", "shape", "max_relative_error", "gradient_norm", "tested", "untested"}
        keys.add("sampled")
        assert all(set(array) == keys for array in report["arrays"])
    copy = run_folder.parent / "alone.npz"
    copy.write_bytes((run_folder / "weights.npz").read_bytes())
    assert rnn("gradcheck", "-w", copy, "--method", "central").code == 0


def test_the_command_names_the_worst_entry(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.TANH["gradient scaled by 1.001"])
    result = rnn("gradcheck", "-c", small)
    assert result.code == 1
    assert "rnn.weight_hh_l0[" in result.out
    assert "the true derivative is" in result.out
    assert result.err.startswith("error: wrong gradients: rnn.weight_ih_l0")
    assert json.loads(rnn("gradcheck", "-c", small, "--json").out)["passed"] is False


def test_a_loss_needs_its_number_of_outputs() -> None:
    assert set(OUTPUTS) == set(LOSSES)
