"""Traces show the true states, gates and gradients."""

import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, write_csv
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

from rnncli.display.trace_report import show_trace, trace_numbers
from rnncli.gradients.observed import ObservedCell, Perturbation, PerturbedCell
from rnncli.gradients.trace import CellTrace, run_observed, trace
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective, ObservedObjective

LOSS = "softmax_cross_entropy"
GATES = {"lstm": set("ifo"), "gru": set("rz"), "peephole": set("ifo"), "mingru": set("z")}


def network_and_batch(
    cell: str,
    readout: str = "last",
    layers: int = 1,
    bidirectional: bool = False,
    lengths: bool = False,
) -> tuple[Network, Batch]:
    rng = np.random.default_rng(7)
    model = architecture(
        cell, readout, hidden_size=2, num_layers=layers, bidirectional=bidirectional
    )
    network = network_for(LOSS, model, 2, rng)
    return network, random_batch(LOSS, model, 2, rng, (3, 4), [4, 1, 2] if lengths else None)


def observed(network: Network, batch: Batch) -> list[ObservedCell]:
    objective = ObservedObjective(network.astype(float), LOSSES[LOSS], batch, ObservedCell)
    run_observed(objective, batch)
    return objective.unrolled.cells


def true_gradients(network: Network, batch: Batch, number: int, state: str) -> np.ndarray:
    """Return the gradients (T+1, H, B) of a carried state, the initial one first."""
    objective = ObservedObjective(network.astype(complex), LOSSES[LOSS], batch, PerturbedCell)
    objective.forward(batch)
    cell = objective.unrolled.cells[number]
    cell.keep_states()
    true = np.empty((len(cell.outputs) + 1, *cell.outputs.shape[1:]))
    for step, *index in np.ndindex(true.shape):
        change = np.zeros(true.shape[1:], complex)
        change[tuple(index)] = 1e-30j
        cell.perturbation = Perturbation(step - 1, change, state)
        true[step, *index] = objective.forward(batch).mean.imag / 1e-30
    return true


def largest_error(network: Network, batch: Batch) -> float:
    errors = []
    for number, cell in enumerate(observed(network, batch)):
        for state, gradients in cell.grad_states.items():
            true = true_gradients(network, batch, number, state)
            calculated = np.concatenate([cell.grad_initial[state][np.newaxis], gradients])
            errors.append(np.abs(calculated - true).max() / np.abs(true).max())
    return max(errors)


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_observed_gradients_are_true(cell: str, bidirectional: bool) -> None:
    cases = [*product((1, 2), (False, True))]
    number = number_of(cell) + bidirectional
    for readout, (layers, lengths) in zip(READOUTS, rotated(cases, number), strict=True):
        error = largest_error(*network_and_batch(cell, readout, layers, bidirectional, lengths))
        assert error <= 1e-12, (readout, layers, lengths)


def test_a_wrong_gradient_is_observed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, mistakes.TANH["recurrent weights not transposed"])
    assert largest_error(*network_and_batch("tanh")) > 1e-3


@pytest.mark.parametrize("cell", CELLS)
def test_observing_changes_nothing(cell: str) -> None:
    network, batch = network_and_batch(cell, layers=2, lengths=True)
    objective = Objective(network, LOSSES[LOSS])
    gradient = objective.backward(objective.forward(batch)).copy()
    observed = ObservedObjective(network, LOSSES[LOSS], batch, ObservedCell)
    run_observed(observed, batch)
    np.testing.assert_array_equal(observed.unrolled.gradient.vector, gradient)


def cell_trace(cell: str, forget_bias: float | None = None) -> CellTrace:
    rng = np.random.default_rng(0)
    network = Network(Architecture(CELLS[cell](), 32), 1, 1).initialize(rng)
    if forget_bias is not None:
        network.arrays["rnn.bias_ih_l0"][1][...] = forget_bias
    batch = Batch(rng.standard_normal((16, 100, 1)), rng.integers(2, size=(16, 1)).astype(float))
    (result,) = trace(network, LOSSES["binary_cross_entropy"], batch).cells
    return result


def test_a_gradient_vanishes_or_is_carried() -> None:
    tanh, lstm = cell_trace("tanh"), cell_trace("lstm", 1)
    open_gates, shut_gates = cell_trace("lstm", 5), cell_trace("lstm", -5)
    for result in (tanh, lstm, open_gates, shut_gates):
        norms = result.curves["gradient_norm"]
        assert result.gradient_ratio == pytest.approx(norms[0] / norms[-1])
        assert result.decay_per_step == pytest.approx((norms[0] / norms[-1]) ** (1 / 99))
        assert result.curves["weight_share"].sum() == pytest.approx(1)
    assert tanh.gradient_ratio < 1e-6
    assert lstm.gradient_ratio > 100 * tanh.gradient_ratio
    assert open_gates.gradient_ratio > 0.1
    assert shut_gates.gradient_ratio < tanh.gradient_ratio


def test_gates_go_by_their_own_names() -> None:
    for number, gate in enumerate("if"):
        network, batch = network_and_batch("lstm")
        network.arrays["rnn.bias_ih_l0"][number][...] = 20
        (result,) = trace(network, LOSSES[LOSS], batch).cells
        assert result.gates == ("i", "f", "o")
        assert [name for name in result.gates if result.curves[name].min() > 0.99] == [gate]
    for number, gate in enumerate("rz"):
        network, batch = network_and_batch("gru")
        network.arrays["rnn.bias_ih_l0"][number][...] = 20
        (result,) = trace(network, LOSSES[LOSS], batch).cells
        assert result.gates == ("r", "z")
        assert [name for name in result.gates if result.curves[name].min() > 0.99] == [gate]


@pytest.mark.parametrize(("scale", "finite"), [(1.5, True), (1e5, False)])
def test_a_gradient_explodes(
    scale: float, finite: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    network = Network(Architecture(CELLS["relu"](), 8), 1, 1).initialize(rng)
    (weights,) = network.arrays["rnn.weight_hh_l0"]
    weights[...] = np.abs(weights) * scale
    batch = Batch(np.abs(rng.standard_normal((4, 100, 1))), np.zeros((4, 1)))
    result = trace(network, LOSSES["binary_cross_entropy"], batch)
    ratio = result.cells[0].gradient_ratio
    assert ratio > 1e20 if finite else ratio is None
    json.dumps(trace_numbers(result), allow_nan=False)
    show_trace(result)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_shares_of_the_weights_gradient_and_inactive_units() -> None:
    network, batch = network_and_batch("relu", lengths=True)
    (cell,) = observed(network, batch)
    parts = [dz @ h.T for dz, h in zip(cell.dz, cell.previous, strict=True)]
    np.testing.assert_allclose(sum(parts), cell.gradient.matrix[:, 2:-1], atol=1e-15)
    sizes = np.array([np.linalg.norm(part) for part in parts])
    (result,) = trace(network, LOSSES[LOSS], batch).cells
    np.testing.assert_allclose(result.curves["weight_share"], sizes / sizes.sum())
    assert result.agreement == pytest.approx(np.linalg.norm(sum(parts)) / sizes.sum())
    alone = cell.outputs[0, :, 0]  # the only sequence that has begun
    np.testing.assert_allclose(result.state[0], alone)
    assert result.curves["dead"][0] == np.mean(alone == 0)
    assert result.curves["state_norm"][0] == pytest.approx(np.linalg.norm(alone))


@pytest.mark.parametrize("kind", CELLS)
def test_curves_are_means_over_the_sequences_that_have_a_time_step(kind: str) -> None:
    network, batch = network_and_batch(kind, "every_step", bidirectional=True, lengths=True)
    cells = observed(network, batch)
    # Shorter sequences stand at the end; the reverse direction reads from there.
    lengths = np.array([4, 1, 2])
    in_time = np.arange(4)[:, np.newaxis] >= 4 - lengths
    for result, cell in zip(trace(network, LOSSES[LOSS], batch).cells, cells, strict=True):
        order = slice(None, None, -1 if result.reverse else 1)
        outputs = cell.outputs[order]
        norms = {
            "state_norm": np.linalg.norm(outputs, axis=1),
            "gradient_norm": 3 * np.linalg.norm(cell.grad_states["state"][order], axis=1),
        }
        if kind in ("lstm", "peephole"):
            norms["cell_gradient_norm"] = 3 * np.linalg.norm(
                cell.grad_states["cell"][order], axis=1
            )
        for step, valid in enumerate(in_time):
            np.testing.assert_allclose(result.state[step], outputs[step][:, valid].mean(axis=1))
            gradient = 3 * cell.grad_states["state"][order][step][:, valid].mean(axis=1)
            np.testing.assert_allclose(result.gradient[step], gradient, atol=1e-18)
            for name, values in norms.items():
                assert result.curves[name][step] == pytest.approx(values[step, valid].mean())
        assert set(norms) <= set(result.curves)
        first, last = norms["gradient_norm"][4 - lengths, range(3)], norms["gradient_norm"][-1]
        read = (last, first) if result.reverse else (first, last)
        assert result.gradient_ratio == pytest.approx(read[0].mean() / read[1].mean())
        expected = result.gradient_ratio ** (1 / (lengths - 1).mean())
        assert result.decay_per_step == pytest.approx(expected)


def test_a_single_time_step_has_no_decay() -> None:
    network, _ = network_and_batch("tanh")
    batch = Batch(np.ones((2, 1, 2)), np.zeros((2, 1)))
    (result,) = trace(network, LOSSES[LOSS], batch).cells
    assert (result.gradient_ratio, result.decay_per_step) == (None, None)


def test_saturated_units_are_those_beyond_the_threshold() -> None:
    network = Network(Architecture(CELLS["tanh"](), 2, dtype="float64"), 1, 1)
    network.arrays["rnn.bias_ih_l0"][0][...] = np.arctanh([0.98, -0.96])
    batch = Batch(np.zeros((1, 3, 1)), np.zeros((1, 1)))
    (result,) = trace(network, LOSSES["binary_cross_entropy"], batch).cells
    np.testing.assert_array_equal(result.curves["saturated"], [0.5] * 3)


def test_without_targets_there_are_states_and_no_gradients() -> None:
    network, batch = network_and_batch("gru", bidirectional=True)
    with_targets = trace(network, LOSSES[LOSS], batch)
    without = trace(network, LOSSES[LOSS], replace(batch, y=None))
    assert without.loss is None
    for known, result in zip(with_targets.cells, without.cells, strict=True):
        np.testing.assert_array_equal(result.state, known.state)
        assert (result.gradient, result.gradient_ratio, result.agreement) == (None, None, None)
        assert set(known.curves) - set(result.curves) == {"gradient_norm", "weight_share"}


def numbers(report: object) -> list[float]:
    if isinstance(report, list):
        return [value for part in report for value in numbers(part)]
    if isinstance(report, dict):
        return numbers(list(report.values()))
    return [report] if isinstance(report, float) else []


@pytest.mark.parametrize("cell", CELLS)
def test_the_command_on_a_run_a_file_and_weights_alone(
    rnn: Command, small: Path, here: Path, cell: str
) -> None:
    model = ["--set", f"model.cell={cell}", "--set", "model.bidirectional=true"]
    run = rnn("train", "-c", small, "-q", *model).out.strip()
    (here / "x.csv").write_text("1,2,3,4,5,1\n-1,-2,-3,-4,-5,0\n" * 5)
    (here / "alone.npz").write_bytes((Path(run) / "weights.npz").read_bytes())
    for words, count in (
        (["-w", "latest"], 20),
        (["-w", run, "--num-samples", 4], 4),
        (["-w", "alone.npz", "-i", "x.csv"], 10),
        (["-w", "alone.npz", "-i", "x.csv", "--sample", 9], 1),
        (["-w", "alone.npz"], 32),
    ):
        result = rnn("trace", *words, "--json")
        assert result.code == 0, result.err
        report = json.loads(result.out)
        assert (report["num_samples"], report["num_steps"]) == (count, 5)
        assert [layer["name"] for layer in report["layers"]] == ["l0", "l0_reverse"]
        for layer in report["layers"]:
            assert np.shape(layer["state"]) == np.shape(layer["gradient"]) == (5, 8)
            assert set(layer["gates"]) == GATES.get(cell, set())
        assert np.isfinite(numbers(report)).all()
    one = json.loads(rnn("trace", "-w", run, "-i", "x.csv", "--sample", "1", "--json").out)
    np.testing.assert_allclose(one["input"], [[-1], [-2], [-3], [-4], [-5]])
    shown = rnn("trace", "-w", run)
    assert shown.code == 0, shown.err
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "\x1b" not in shown.out


def test_long_sequences_are_shown_in_twenty_rows(rnn: Command, small: Path) -> None:
    longer = ["--set", "data.sequence_length=300", "--set", "training.num_epochs=1"]
    assert rnn("train", "-c", small, "-q", *longer).code == 0
    lines = rnn("trace", "-w", "latest").out.splitlines()
    start = next(i for i, line in enumerate(lines) if "time step" in line) + 1
    rows = [int(line.split()[0]) for line in lines[start : start + 20]]
    assert len(rows) == 20
    assert (rows[0], rows[-1]) == (1, 300)
    assert max(map(len, lines)) <= 80


def test_a_model_with_frames_is_traced_and_checked_frame_by_frame(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((20, 12, 2))
    write_csv(here / "x.csv", x, [0, 1] * 10)
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: x.csv, input_size: 2, frames: 4, frame_values: stacked}\n"
        "model: {hidden_size: 3}\ntraining: {num_epochs: 1}\n"
    )
    run = Path(rnn("train", "-q", "-c", "c.yaml").out.strip())
    (here / "alone.npz").write_bytes((run / "weights.npz").read_bytes())
    for words in (
        ["-w", run],
        ["-w", "alone.npz"],
        ["-w", run, "-i", "x.csv"],
        ["-w", run, "-i", "x.csv", "--sample", 3],
    ):
        report = json.loads(rnn("trace", *words, "--json").out)
        assert (report["num_steps"], report["frame_length"]) == (4, 3)
        assert np.shape(report["input"]) == (4, 6)
        assert report["loss"] is not None
    shown = rnn("trace", "-w", run, "-o", "trace.png").out
    assert ", in frames of 3 time steps, loss" in shown.splitlines()[0]
    assert "\nframe " in shown
    assert " per frame back)" in shown
    for words in (["-w", run], ["-w", "alone.npz"], ["-c", "c.yaml"]):
        checked = rnn("gradcheck", *words, "--json", "--num-samples", 3)
        assert checked.code == 0, checked.out
        arrays = {array["name"]: array for array in json.loads(checked.out)["arrays"]}
        assert arrays["rnn.weight_ih_l0"]["shape"] == [9, 6]
        assert all(array["max_relative_error"] <= 1e-12 for array in arrays.values())


@pytest.mark.parametrize(("extension", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures(rnn: Command, run_folder: Path, extension: str, start: bytes) -> None:
    result = rnn("trace", "-w", run_folder, "-o", f"trace.{extension}")
    assert (result.code, result.err) == (0, "")
    assert Path(f"trace.{extension}").read_bytes().startswith(start)


def test_wrong_input_is_one_line(
    rnn: Command, run_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["trace", "-w", run_folder]
    for more, message in (
        (["-o", "trace.gif"], "trace.gif"),
        (["--sample", 20], "--sample"),
        (["-i", "no.csv"], "no.csv"),
    ):
        result = rnn(*words, *more)
        assert (result.code, result.out) == (2, ""), result
        assert message in result.err
        assert result.err.count("\n") == 1
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    missing = rnn(*words, "-o", "trace.png")
    assert (missing.code, missing.out) == (2, "")
    assert "pip install 'rnncli[plot]'" in missing.err
    assert rnn(*words).code == 0


@pytest.mark.parametrize("name", ["unlabelled.csv", "unlabelled.npz"])
def test_sequences_without_labels_are_traced_forward(
    rnn: Command, run_folder: Path, here: Path, name: str
) -> None:
    (here / "unlabelled.csv").write_text("1,2,3,4,5\n5,4,3,2,1\n")
    np.savez(here / "unlabelled.npz", x=np.ones((2, 5, 1)))
    result = rnn("trace", "-w", run_folder, "-i", name, "--json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["num_samples"] == 2
    assert report["loss"] is None
    assert np.shape(report["layers"][0]["state"]) == (5, 8)
    assert rnn("trace", "-w", run_folder, "-i", name, "-o", "trace.png").code == 0
