"""The true gradients of the check are those of moving one entry at a time, for every network."""

import json
import tracemalloc
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from conftest import Command
from helpers import mistakes
from helpers.networks import (
    LISTS,
    READOUTS,
    VARIANTS,
    architecture,
    network_for,
    number_of,
    plant,
    random_batch,
)

from rnncli.gradients import local_steps
from rnncli.gradients.derivatives import COMPLEX_STEP, central_difference, complex_step
from rnncli.gradients.gradcheck import dropout_masks, gradcheck
from rnncli.gradients.local_steps import CellGradients
from rnncli.gradients.true_gradients import true_gradients
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS, Cell
from rnncli.nn.cells.base import StepGradients, UnrolledCell
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective

LOSS = "softmax_cross_entropy"
Gradients = dict[str, np.ndarray]


def calculated(network: Network, batch: Batch, complex_steps: bool = True) -> Gradients:
    derivative = complex_step if complex_steps else central_difference
    masks = dropout_masks(network, len(batch))
    network = network.astype(complex if complex_steps else float)
    return true_gradients(network, LOSSES[LOSS], batch, masks, derivative)


def one_at_a_time(network: Network, batch: Batch) -> Gradients:
    """Move each entry by a complex step, with a pass through the whole network for each."""
    copy, masks = network.astype(complex), dropout_masks(network, len(batch))
    objective = Objective(copy, LOSSES[LOSS])
    arrays = {name: list(blocks) for name, blocks in copy.arrays.items()}
    if batch.x.dtype == float:
        batch = replace(batch, x=batch.x.astype(complex))
        arrays["input"] = [batch.x.transpose(1, 2, 0)]
    state = batch.initial_state or copy.zero_state(len(batch))
    state = [{name: values.astype(complex) for name, values in cell.items()} for cell in state]
    batch = replace(batch, initial_state=state)
    for cell_name, states in zip(copy.layout.cell_names, state, strict=True):
        arrays |= {f"initial_{name}_{cell_name}": [values] for name, values in states.items()}
    result = {}
    for name, blocks in arrays.items():
        gradients = []
        for block in blocks:
            gradient = np.empty(block.shape)
            for index in np.ndindex(block.shape):
                before = block[index]
                block[index] = before + 1j * COMPLEX_STEP
                gradient[index] = objective.forward(batch, masks).mean.imag / COMPLEX_STEP
                block[index] = before
            gradients.append(gradient)
        result[name] = np.concatenate(gradients)
    return result


def assert_same(result: Gradients, expected: Gradients, tolerance: float = 1e-12) -> None:
    assert set(result) == set(expected)
    for name, gradient in expected.items():
        largest = np.abs(gradient).max()
        np.testing.assert_allclose(
            result[name], gradient, rtol=0, atol=tolerance * largest, err_msg=name
        )


def with_state(network: Network, batch: Batch, rng: np.random.Generator) -> Batch:
    zeros = network.zero_state(len(batch))
    state = [{k: rng.standard_normal(v.shape) for k, v in cell.items()} for cell in zeros]
    return replace(batch, initial_state=state)


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
@pytest.mark.parametrize("readout", [*READOUTS, *LISTS])
def test_they_are_those_of_moving_one_entry_at_a_time(cell: str, readout: str) -> None:
    # Every cell and every readout has both.
    is_large = bool((number_of(cell) + [*READOUTS, *LISTS].index(readout)) % 2)
    rng = np.random.default_rng(3)
    model = architecture(
        cell,
        readout,
        hidden_size=2,
        num_layers=2 if is_large else 1,
        bidirectional=is_large,
        dropout=0.3 if is_large else 0.0,
        head_dropout=0.3 if is_large else 0.0,
    )
    network = network_for(LOSS, model, 1, rng)
    batch = random_batch(LOSS, model, 1, rng, (3, 3), [3, 1, 2] if is_large else None)
    batch = with_state(network, batch, rng)
    assert_same(calculated(network, batch), one_at_a_time(network, batch))


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
def test_those_of_a_language_model_too(cell: str) -> None:
    for tied, resets in product((False, True), repeat=2):
        rng = np.random.default_rng(3)
        model = architecture(
            cell, "every_step", hidden_size=2, num_layers=2, embedding_size=2, tie_weights=tied
        )
        network = Network(model, 4, 4).initialize(rng)
        x, y = rng.integers(4, size=(2, 2, 4, 1))
        batch = Batch(x, y.astype(float))
        if resets:
            valid = np.array([[True, False, True, True], [True, True, True, False]])
            y = np.where(valid[:, :, np.newaxis], y, np.nan)
            batch = Batch(x, y, valid=valid)
        batch = with_state(network, batch, rng)
        assert_same(calculated(network, batch), one_at_a_time(network, batch))


@pytest.mark.parametrize("cell", CELLS)
def test_central_differences_too(cell: str) -> None:
    for readout in ("mean, max, last", "every_step"):
        rng = np.random.default_rng(4)
        model = architecture(cell, readout, num_layers=2, bidirectional=True, dropout=0.3)
        network = network_for(LOSS, model, 2, rng)
        batch = random_batch(LOSS, model, 2, rng, (3, 4), [4, 1, 3])
        batch = replace(batch, x=1e4 * batch.x)
        for cell_weights in network.views.cells[:2]:
            cell_weights.matrix[:, :2] *= 1e-4
        assert_same(calculated(network, batch, False), calculated(network, batch), 1e-7)


def _network_and_batch(cell: Cell | str, **keys: int) -> tuple[Network, Batch]:
    rng = np.random.default_rng(0)
    model: Architecture = architecture(cell, **keys)
    network = network_for(LOSS, model, 2, rng)
    return network, random_batch(LOSS, model, 2, rng)


@dataclass(frozen=True)
class Centred(Cell):
    """A cell whose units mix: h_t = tanh(z_t - the mean of z_t over the units)."""

    kind: Literal["centred"] = "centred"

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        for state, output in unrolled.steps[steps]:
            z = unrolled.matrix @ state
            output[...] = np.tanh(z - z.mean(axis=0))

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        for step, dz in reversed(unrolled.dz_steps[steps]):
            if grad_outputs is not None:
                unrolled.dh += grad_outputs[step]
            dz[...] = (1 - unrolled.outputs[step] ** 2) * unrolled.dh
            dz -= dz.mean(axis=0)
            unrolled.dh[...] = unrolled.recurrent_weights.T @ dz


def test_a_cell_of_another_kind_is_checked_entry_by_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    network, batch = _network_and_batch(Centred())
    result, expected = calculated(network, batch), one_at_a_time(network, batch)
    bias = "rnn.bias_ih_l0"
    assert np.abs(result[bias] - expected[bias]).max() > 1e-3 * np.abs(expected[bias]).max()
    for method in ("complex", "central"):
        calls: list[tuple[int, int]] = []

        def progress(done: int, total: int, calls: list[tuple[int, int]] = calls) -> None:
            calls.append((done, total))

        checks = list(gradcheck(network, LOSSES[LOSS], batch, method, on_progress=progress))
        assert all(check.passed and check.tested for check in checks[:5])
        assert calls[-1][1] > len(calls) / 2
        assert calls[-1] == (len(calls), len(calls))
    plant(monkeypatch, (Centred, "dz -= dz.mean(axis=0)", "pass"))
    wrong = {check.name for check in gradcheck(network, LOSSES[LOSS], batch) if not check.passed}
    assert {"rnn.weight_ih_l0", "rnn.weight_hh_l0", bias} <= wrong


@pytest.mark.parametrize("cell", ["gru", "peephole"])
def test_the_size_of_a_pass_does_not_change_them(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, batch = _network_and_batch(cell, num_layers=2)
    expected = calculated(network, batch)
    for size in (1, 6000):
        monkeypatch.setattr(local_steps, "_BYTES_PER_PASS", size)
        assert_same(calculated(network, batch), expected, 1e-14)


def test_the_number_of_cores_does_not_change_them(monkeypatch: pytest.MonkeyPatch) -> None:
    network, batch = _network_and_batch("lstm", num_layers=2)
    monkeypatch.setattr(local_steps, "_BYTES_PER_PASS", 6000)
    found = []
    for cores in ("1", "2", "5"):
        monkeypatch.setenv("RNN_NUM_THREADS", cores)
        found.append({name: a.tobytes() for name, a in calculated(network, batch).items()})
    assert found[0] == found[1] == found[2]


def test_a_pass_keeps_to_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    network, batch = _network_and_batch("gru", hidden_size=64)
    network = network.astype(complex)
    unrolled = network.unroll(*batch.x.shape[1::-1])
    unrolled.forward(batch)

    def peak() -> int:
        gradients = CellGradients(unrolled.cells[0], complex_step)
        tracemalloc.start()
        gradients.go_back(lambda step: np.ones((64, len(batch))), lambda: None)
        gradients.fill_weights(unrolled.cells[0].gradient)
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return memory

    whole = peak()
    monkeypatch.setenv("RNN_MAX_MEMORY", "8M")
    # A pass may take an eighth of that, 1 MB; the rest is the cell's gradients and states.
    assert peak() < 4 << 20 < whole


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_sample_is_checked_and_named(rnn: Command, small: Path, method: str) -> None:
    words = ["gradcheck", "-c", small, "--method", method, "--num-entries", 5]
    report = json.loads(rnn(*words, "--json").out)
    assert (report["passed"], report["num_entries"]) == (True, 5)
    for array in report["arrays"]:
        assert array["sampled"] == min(5, np.prod(array["shape"]))
        assert array["tested"] + array["untested"] == array["sampled"]
    text = rnn(*words).out
    assert "at most 5 random entries of each array" in text
    hidden = next(a for a in report["arrays"] if a["name"] == "rnn.weight_hh_l0")["shape"][0]
    assert f"5 of {hidden**2:,}" in text
    assert rnn(*words, "--json").out == json.dumps(report) + "\n"
    complete = json.loads(rnn("gradcheck", "-c", small, "--json").out)
    assert complete["num_entries"] is None
    assert all(a["sampled"] == np.prod(a["shape"]) for a in complete["arrays"])


def test_a_mistake_is_found_in_a_sample(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.TANH["gradient scaled by 1.001"])
    result = rnn("gradcheck", "-c", small, "--num-entries", 3)
    assert result.code == 1
    assert "rnn.weight_hh_l0[" in result.out
