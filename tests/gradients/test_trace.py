"""The gradient on its way back through time is exact, and shown as it is."""

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from test_gradcheck import OUTPUTS, planted

from rnncli.display.traces import show_trace, trace_numbers
from rnncli.gradients.gradcheck import Batch
from rnncli.gradients.observed import Nudge, Nudged, copy_of
from rnncli.gradients.trace import LayerTrace, run_watched, trace, watched_layers
from rnncli.nn.cells import CELLS, elman
from rnncli.nn.losses import LOSSES, loss_at_labels
from rnncli.nn.network import Architecture, Network
from rnncli.nn.readout import POOLINGS

READINGS = [*POOLINGS, "every_step"]
LOSS = "softmax_cross_entropy"


def subject(
    cell: str, reading: str = "last", layers: int = 1, both: bool = False, lengths: bool = False
) -> tuple[Network, Batch]:
    rng = np.random.default_rng(7)
    every_step = reading == "every_step"
    architecture = Architecture(
        cell,
        hidden_size=2,
        num_layers=layers,
        bidirectional=both,
        pooling="last" if every_step else reading,
        output="every_step" if every_step else "sequence",
        dtype="float64",
    )
    network = Network(architecture, 2, OUTPUTS[LOSS]).initialize(rng)
    for blocks in network.arrays.values():
        for block in blocks:
            block += 0.2 * rng.standard_normal(block.shape)
    batch, steps = 3, 4
    some = np.array([4, 1, 2]) if lengths else None
    x = rng.standard_normal((batch, steps, 2))
    y = rng.integers(4, size=(batch, steps, 1) if every_step else (batch, 1)).astype(float)
    if some is not None:
        before = np.arange(steps) < steps - some[:, np.newaxis]
        x[before] = 0
        if every_step:
            y[before] = np.nan
    return network, Batch(x, y, some)


def true_flow(network: Network, batch: Batch, number: int, state: int, step: int) -> np.ndarray:
    """Return the derivative with respect to every entry of a state that a step hands on."""
    unrolled = batch.load(copy_of(network, complex, Nudged))
    layer = unrolled.layers[number]
    true = np.empty(layer.outputs.shape[1:])
    for index in np.ndindex(true.shape):
        change = np.zeros(true.shape, complex)
        change[index] = 1e-30j
        layer.nudge = Nudge(step, state, change)
        losses = loss_at_labels(LOSSES[LOSS], unrolled.forward(), batch.y)[0]
        true[index] = losses.mean().imag / 1e-30
    return true


def largest_error(network: Network, batch: Batch) -> float:
    unrolled = run_watched(network, LOSSES[LOSS], batch)[1]
    errors = []
    for number, (_, layer) in enumerate(watched_layers(network, unrolled)):
        for state, (kind, flow) in enumerate(layer.flows.items()):
            steps = range(-1, len(flow))
            true = np.array([true_flow(network, batch, number, state, step) for step in steps])
            found = np.concatenate([layer.start_flows[kind][np.newaxis], flow])
            errors.append(np.abs(found - true).max() / np.abs(true).max())
    return max(errors)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("both", [False, True])
def test_what_flows_back_is_the_derivative(cell: str, both: bool) -> None:
    for reading, layers, lengths in product(READINGS, (1, 2), (False, True)):
        error = largest_error(*subject(cell, reading, layers, both, lengths))
        assert error <= 1e-12, (reading, layers, lengths)


def test_a_wrong_way_back_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = "transposed[...] = self.recurrent_weights.T"
    for name, method in planted(elman.Tanh, right, right[:-2]).items():
        monkeypatch.setattr(elman.Tanh, name, method)
    assert largest_error(*subject("tanh")) > 1e-3


def layer_of(cell: str, forget_bias: float | None = None) -> LayerTrace:
    rng = np.random.default_rng(0)
    network = Network(Architecture(cell, 32), 1, 1).initialize(rng)
    if forget_bias is not None:
        network.arrays["rnn.bias_ih_l0"][1][...] = forget_bias
    batch = Batch(rng.standard_normal((16, 100, 1)), rng.integers(2, size=(16, 1)).astype(float))
    (layer,) = trace(network, LOSSES["binary_cross_entropy"], batch).layers
    return layer


def test_a_gradient_vanishes_or_is_carried() -> None:
    tanh, lstm = layer_of("tanh"), layer_of("lstm", 1)
    open_gates, shut_gates = layer_of("lstm", 5), layer_of("lstm", -5)
    for layer in (tanh, lstm, open_gates, shut_gates):
        norms = layer.curves["gradient_norm"]
        assert layer.gradient_ratio == pytest.approx(norms[0] / norms[-1])
        assert layer.decay_per_step == pytest.approx((norms[0] / norms[-1]) ** (1 / 99))
        assert layer.curves["weight_share"].sum() == pytest.approx(1)
    assert tanh.gradient_ratio < 1e-6
    assert lstm.gradient_ratio > 100 * tanh.gradient_ratio
    assert open_gates.gradient_ratio > 0.1
    assert shut_gates.gradient_ratio < tanh.gradient_ratio
    assert open_gates.curves["f"].mean() > 0.98
    assert shut_gates.curves["f"].mean() < 0.02


@pytest.mark.parametrize(("scale", "finite"), [(1.5, True), (1e5, False)])
def test_a_gradient_explodes(
    scale: float, finite: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    network = Network(Architecture("relu", 8), 1, 1).initialize(rng)
    (weights,) = network.arrays["rnn.weight_hh_l0"]
    weights[...] = np.abs(weights) * scale
    batch = Batch(np.abs(rng.standard_normal((4, 100, 1))), np.zeros((4, 1)))
    found = trace(network, LOSSES["binary_cross_entropy"], batch)
    ratio = found.layers[0].gradient_ratio
    assert ratio > 1e20 if finite else ratio is None
    json.dumps(trace_numbers(found), allow_nan=False)
    show_trace(found)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_each_steps_part_of_the_weights_gradient_and_what_is_stuck() -> None:
    network, batch = subject("relu", lengths=True)
    unrolled = run_watched(network, LOSSES[LOSS], batch)[1]
    (layer,) = unrolled.layers
    parts = [d @ h.T for d, h in zip(layer.delta, layer.states[:-1, 2:-1], strict=True)]
    np.testing.assert_allclose(sum(parts), layer.gradient[:, 2:-1], atol=1e-15)
    sizes = np.array([np.linalg.norm(part) for part in parts])
    (found,) = trace(network, LOSSES[LOSS], batch).layers
    np.testing.assert_allclose(found.curves["weight_share"], sizes / sizes.sum())
    assert found.agreement == pytest.approx(np.linalg.norm(sum(parts)) / sizes.sum())
    alone = layer.outputs[0, :, 0]  # the only sequence that has begun
    np.testing.assert_allclose(found.state[0], alone)
    assert found.curves["dead"][0] == np.mean(alone == 0)


def numbers(answer: object) -> list[float]:
    if isinstance(answer, list):
        return [value for part in answer for value in numbers(part)]
    if isinstance(answer, dict):
        return numbers(list(answer.values()))
    return [answer] if isinstance(answer, float) else []


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
        answer = json.loads(result.out)
        assert (answer["num_samples"], answer["num_steps"]) == (count, 5)
        assert [layer["name"] for layer in answer["layers"]] == ["l0", "l0_reverse"]
        for layer in answer["layers"]:
            assert np.shape(layer["state"]) == np.shape(layer["gradient"]) == (5, 8)
            assert set(layer["gates"]) == {"lstm": set("ifo"), "gru": set("rz")}.get(cell, set())
        assert np.isfinite(numbers(answer)).all()
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
    rows = [int(line.split("│")[1]) for line in lines if line.startswith("│")]
    assert len(rows) == 20
    assert (rows[0], rows[-1]) == (1, 300)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures(rnn: Command, run_folder: Path, ending: str, start: bytes) -> None:
    result = rnn("trace", "-w", run_folder, "-o", f"trace.{ending}")
    assert (result.code, result.err) == (0, "")
    assert Path(f"trace.{ending}").read_bytes().startswith(start)


def test_wrong_input_is_one_line(
    rnn: Command, run_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "unlabelled.csv").write_text("1,2,3,4,5\n")
    np.savez(here / "unlabelled.npz", x=np.zeros((3, 5, 1)))
    words = ["trace", "-w", run_folder]
    for more, message in (
        (["-o", "trace.gif"], "--output: 'trace.gif' has no known ending; one of png, svg, pdf"),
        (["--sample", 20], "--sample: 20: sum_sign has 20 sequences; choose one of 0 to 19"),
        (["-i", "no.csv"], "no.csv"),
        (["-i", "unlabelled.csv"], "unlabelled.csv"),
        (["-i", "unlabelled.npz"], "unlabelled.npz"),
    ):
        result = rnn(*words, *more)
        assert (result.code, result.out) == (2, ""), result
        assert message in result.err
        assert result.err.count("\n") == 1
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "rnncli.display.figures", raising=False)
    missing = rnn(*words, "-o", "trace.png")
    assert (missing.code, missing.out) == (2, "")
    assert "pip install 'rnncli[plot]'" in missing.err
    assert rnn(*words).code == 0
