"""Outputs, gradients and optimizer trajectories equal those of PyTorch.

The cells that PyTorch does not have are loops over time there, with its automatic derivatives.

``golden/make_golden.py`` saved them.
"""

from pathlib import Path

import numpy as np
import pytest
from helpers.networks import VARIANTS, architecture

from rnncli.config.reading import config_from
from rnncli.errors import InputError
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective, ObservedObjective
from rnncli.nn.state_dict import load_state_dict, state_dict
from rnncli.runs.training_setup import set_up
from rnncli.training.optimizers import SGD, Adam, AdamW

GOLDEN = Path(__file__).parent.parent / "golden"
OPTIMIZERS = {
    "sgd": SGD(learning_rate=0.1),
    "sgd_momentum": SGD(learning_rate=0.1, momentum=0.9, weight_decay=0.01),
    "sgd_nesterov": SGD(learning_rate=0.1, momentum=0.9, nesterov=True),
    "adam": Adam(learning_rate=0.1, beta1=0.8, beta2=0.95, epsilon=1e-6),
    "adamw": AdamW(learning_rate=0.1, weight_decay=0.05),
}


def largest_error(calculated: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(calculated - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_outputs_and_gradients_of_tanh_nets(layers: int, loss: str) -> None:
    with np.load(GOLDEN / "tanh.npz") as golden:
        case = f"{layers}/{loss}/"
        arrays = {name.removeprefix(case): golden[name] for name in golden if case in name}
    values = {n.removeprefix("value/"): a for n, a in arrays.items() if n.startswith("value/")}
    x, initial = values.pop("input"), values.pop("initial")
    _, batch, inputs = x.shape
    hidden = initial.shape[2]
    model = Architecture(hidden_size=hidden, num_layers=layers, dtype="float64")
    network = Network(model, inputs, arrays["z"].shape[1])
    load_state_dict(network, values)
    state = [{"state": state.T} for state in initial]
    given = Batch(x.transpose(1, 0, 2), arrays["y"].reshape(batch, -1), initial_state=state)
    objective = ObservedObjective(network, LOSSES[loss], given)
    value, unrolled = objective.forward(given), objective.unrolled
    assert largest_error(unrolled.outputs, arrays["z"].T) <= 1e-12
    assert abs(value.mean / arrays["loss"] - 1) <= 1e-12
    objective.backward(value)
    gradients = network.layout.named(unrolled.gradient)
    calculated = {name: np.concatenate(blocks) for name, blocks in gradients.items()}
    calculated |= {f"rnn.bias_hh_l{i}": calculated[f"rnn.bias_ih_l{i}"] for i in range(layers)}
    calculated["input"] = unrolled.grad_inputs.transpose(0, 2, 1)
    states = [cell.cell.initial_gradients(cell)["state"].T for cell in unrolled.cells]
    calculated["initial"] = np.stack(states)
    for name, array in arrays.items():
        if name.startswith("gradient/"):
            assert largest_error(calculated[name.removeprefix("gradient/")], array) <= 1e-12, name


@pytest.mark.parametrize("cell", ["tanh", "relu", "lstm", "gru"])
@pytest.mark.parametrize("tied", [False, True])
def test_language_models_over_two_windows(cell: str, tied: bool) -> None:
    """The second window starts from the state after the first one, which is a constant for it."""
    with np.load(GOLDEN / "language_models.npz") as golden:
        case = f"{cell}/{tied}/"
        arrays = {name.removeprefix(case): golden[name] for name in golden if case in name}
    values = {n.removeprefix("value/"): a for n, a in arrays.items() if n.startswith("value/")}
    num_symbols, embedding_size = values["embedding.weight"].shape
    model = architecture(
        cell,
        "every_step",
        hidden_size=5,
        num_layers=2,
        embedding_size=embedding_size,
        tie_weights=tied,
    )
    network = Network(model, num_symbols, num_symbols)
    load_state_dict(network, values)
    assert state_dict(network).keys() == values.keys()
    objective = Objective(network, LOSSES["softmax_cross_entropy"])
    text, steps = arrays["text"].T[:, :, np.newaxis], len(arrays["z"])
    state = None
    for start in (0, steps):
        x, y = text[:, start : start + steps], text[:, start + 1 : start + steps + 1]
        value = objective.forward(Batch(x, y.astype(float), initial_state=state))
        state = objective.unrolled.final_state()
    z = objective.unrolled.outputs.T.reshape(arrays["z"].shape)
    assert largest_error(z, arrays["z"]) <= 1e-12
    assert abs(value.mean / arrays["loss"] - 1) <= 1e-12
    objective.backward(value)
    gradients = network.layout.named(objective.unrolled.gradient)
    for name, blocks in gradients.items():
        expected = arrays[f"gradient/{name}"]
        calculated = np.concatenate(blocks)
        # Only the last gate may have a separate second bias.
        assert largest_error(calculated, expected[-len(calculated) :]) <= 1e-12, name


LENGTHS = np.array([9, 1, 5, 9, 3])


def golden_cell(case: str) -> dict[str, np.ndarray]:
    """Return the arrays of a case of `cells` or `loops` without its name."""
    for path in ("cells.npz", "loops.npz"):
        with np.load(GOLDEN / path) as golden:
            names = [name for name in golden if name.startswith(case)]
            if names:
                return {name.removeprefix(case): golden[name] for name in names}
    raise LookupError(case)


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("both", [False, True])
def test_all_cells_on_packed_sequences(cell: str, layers: int, both: bool) -> None:
    arrays = golden_cell(f"{cell}/{layers}/{both}/")
    values = {n.removeprefix("value/"): a for n, a in arrays.items() if n.startswith("value/")}
    x = values.pop("input").transpose(1, 0, 2)
    inputs = x.shape[2]
    network = Network(architecture(cell, num_layers=layers, bidirectional=both), inputs, 2)
    load_state_dict(network, values)
    batch = Batch(to_the_end(x), arrays["y"], LENGTHS)
    objective = ObservedObjective(network, LOSSES["mean_squared_error"], batch)
    value, unrolled = objective.forward(batch), objective.unrolled
    assert largest_error(unrolled.outputs.T, arrays["z"]) <= 1e-12
    objective.backward(value)
    gradients = network.layout.named(unrolled.gradient)
    calculated = {name: np.concatenate(blocks) for name, blocks in gradients.items()}
    calculated["input"] = unrolled.grad_inputs.transpose(2, 0, 1)
    for name, array in arrays.items():
        name = name.removeprefix("gradient/")
        if name == "input":
            assert largest_error(calculated[name], to_the_end(array.transpose(1, 0, 2))) <= 1e-12
        elif name in calculated and name in values:
            expected = arrays[f"gradient/{name}"]
            # Only the last gate may have a separate second bias.
            assert largest_error(calculated[name], expected[-len(calculated[name]) :]) <= 1e-12, (
                name
            )
    # Weights are saved as they were loaded; two biases that are only ever added are saved as a sum.
    again = state_dict(network)
    assert again.keys() == values.keys()
    for name, value in values.items():
        if "bias_ih" in name:
            other = name.replace("bias_ih", "bias_hh")
            total = again[name] + again[other]
            np.testing.assert_allclose(total, value + values[other], rtol=0, atol=1e-15)
        elif "bias_hh" not in name:
            np.testing.assert_array_equal(again[name], value)


@pytest.mark.parametrize("cell", CELLS)
def test_a_state_dict_saved_as_npz_is_a_start(cell: str, tmp_path: Path) -> None:
    values = golden_cell(f"{cell}/2/True/value/")
    del values["input"]
    np.savez(tmp_path / "state.npz", **values)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=rng.standard_normal((20, 5, 3)), y=rng.standard_normal((20, 2)))
    tree = {
        "data": {"kind": "npz", "path": str(tmp_path / "a.npz")},
        "model": {
            "cell": cell,
            "hidden_size": 4,
            "num_layers": 2,
            "bidirectional": True,
            "pooling": "last",
        },
        "training": {"start_from": str(tmp_path / "state.npz")},
    }
    loaded = state_dict(set_up(config_from(tree)).model.network)
    np.testing.assert_array_equal(loaded["head.weight"], values["head.weight"].astype("f"))
    name = "rnn.weight_ih_l1_reverse"
    np.testing.assert_array_equal(loaded[name], values[name].astype("f"))
    tree["model"]["hidden_size"] = 5  # type: ignore[index]
    with pytest.raises(InputError, match=r"state\.npz: .* has shape"):
        set_up(config_from(tree))


def to_the_end(x: np.ndarray) -> np.ndarray:
    """Move sequences (B, T, D) from the beginning to the end of their rows."""
    moved = np.zeros_like(x)
    for row, sequence, length in zip(moved, x, LENGTHS, strict=True):
        row[len(row) - length :] = sequence[:length]
    return moved


def test_arrays_have_pytorchs_names_and_shapes() -> None:
    with np.load(GOLDEN / "tanh.npz") as golden:
        case = "2/softmax_cross_entropy/value/"
        shapes = {n.removeprefix(case): golden[n].shape for n in golden if n.startswith(case)}
    del shapes["input"], shapes["initial"]
    network = Network(Architecture(hidden_size=6, num_layers=2), 3, 4)
    assert {name: array.shape for name, array in state_dict(network).items()} == shapes


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_take_the_same_path(name: str) -> None:
    with np.load(GOLDEN / "optimizers.npz") as golden:
        parameters, gradients = golden["start"].copy(), golden["gradients"]
        path = golden[name]
    optimizer = OPTIMIZERS[name]
    slots = {slot: np.zeros_like(parameters) for slot in optimizer.slots}
    for step, (gradient, expected) in enumerate(zip(gradients, path, strict=True), 1):
        optimizer.update(parameters, gradient.copy(), slots, optimizer.learning_rate, step)
        assert largest_error(parameters, expected) <= 1e-12
