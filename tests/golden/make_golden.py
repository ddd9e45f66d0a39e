"""Write the ``.npz`` files in this folder with PyTorch in float64.

Run with PyTorch installed: ``python tests/golden/make_golden.py``. The arrays in the repository
came from PyTorch 2.13.0 on a CPU.
"""

import itertools
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
BATCH, STEPS, INPUTS, HIDDEN = 5, 9, 3, 6
LOSSES = {
    "binary_cross_entropy": (1, torch.nn.functional.binary_cross_entropy_with_logits),
    "softmax_cross_entropy": (4, torch.nn.functional.cross_entropy),
    "mean_squared_error": (2, torch.nn.functional.mse_loss),
}
LENGTHS = [9, 1, 5, 9, 3]
CELLS = {
    "tanh": (torch.nn.RNN, {"nonlinearity": "tanh"}),
    "relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (torch.nn.LSTM, {}),
    "gru": (torch.nn.GRU, {}),
}
# Cells that PyTorch does not have: the number of gates, and the named arrays beside the usual ones.
LOOPS = {
    "peephole": (4, {"weight_hh": (16, 4), "weight_peephole": (12,)}),
    "mingru": (2, {}),
    "mingru signed": (2, {}),
}
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-6),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.05),
}


def values_and_gradients(case: str, named: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Return tensors and their gradients by the names of a case."""
    arrays = {}
    for name, value in named.items():
        arrays[f"{case}/value/{name}"] = value.detach().numpy()
        arrays[f"{case}/gradient/{name}"] = value.grad.numpy()
    return arrays


def networks() -> dict[str, np.ndarray]:
    """Return weights, data, outputs, losses and gradients of tanh nets of 1 to 3 layers."""
    arrays = {}
    for layers in (1, 2, 3):
        for loss_name, (outputs, loss_function) in LOSSES.items():
            rnn = torch.nn.RNN(INPUTS, HIDDEN, layers)
            head = torch.nn.Linear(HIDDEN, outputs)
            x = torch.randn(STEPS, BATCH, INPUTS, requires_grad=True)
            initial = (0.3 * torch.randn(layers, BATCH, HIDDEN)).requires_grad_()
            z = head(rnn(x, initial)[0][-1])
            if loss_name == "softmax_cross_entropy":
                y = torch.randint(outputs, (BATCH,))
                loss = loss_function(z, y)
            else:
                y = torch.randn(BATCH, outputs)
                y = (y > 0).double() if loss_name == "binary_cross_entropy" else y
                loss = loss_function(z, y)
            loss.backward()
            named = {f"rnn.{name}": value for name, value in rnn.named_parameters()}
            named |= {f"head.{name}": value for name, value in head.named_parameters()}
            named |= {"input": x, "initial": initial}
            case = f"{layers}/{loss_name}"
            arrays |= values_and_gradients(case, named)
            arrays |= {f"{case}/z": z.detach().numpy(), f"{case}/y": y.numpy()}
            arrays[f"{case}/loss"] = loss.detach().numpy()
    return arrays


def cells() -> dict[str, np.ndarray]:
    """Return all cells of 1 to 3 layers, one way and both, on packed sequences of any length."""
    arrays = {}
    lengths = torch.tensor(LENGTHS)
    for cell, layers, both in itertools.product(CELLS, (1, 2, 3), (False, True)):
        kind, options = CELLS[cell]
        rnn = kind(INPUTS, 4, layers, bidirectional=both, **options)
        head = torch.nn.Linear(8 if both else 4, 2)
        x = torch.randn(STEPS, len(LENGTHS), INPUTS, requires_grad=True)
        y = torch.randn(len(LENGTHS), 2)
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        states = rnn(packed)[1]
        states = states[0] if cell == "lstm" else states
        z = head(torch.cat(list(states[-2:]), 1) if both else states[-1])
        loss = torch.nn.functional.mse_loss(z, y)
        loss.backward()
        named = {f"rnn.{name}": value for name, value in rnn.named_parameters()}
        named |= {f"head.{name}": value for name, value in head.named_parameters()}
        case = f"{cell}/{layers}/{both}"
        arrays |= values_and_gradients(case, named | {"input": x})
        arrays |= {f"{case}/z": z.detach().numpy(), f"{case}/y": y.numpy()}
    return arrays


def optimizers() -> dict[str, np.ndarray]:
    """Return the paths of each optimizer over ten given gradients."""
    start, gradients = torch.randn(7), torch.randn(10, 7)
    arrays = {"start": start.numpy(), "gradients": gradients.numpy()}
    for name, make in OPTIMIZERS.items():
        parameters = torch.nn.Parameter(start.clone())
        optimizer, path = make([parameters]), []
        for gradient in gradients:
            parameters.grad = gradient.clone()
            optimizer.step()
            path.append(parameters.detach().numpy().copy())
        arrays[name] = np.array(path)
    return arrays


def peephole(x: torch.Tensor, w: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return the states of an LSTM with peepholes for one sequence (L, D)."""
    h, c, states = torch.zeros(4), torch.zeros(4), []
    p_i, p_f, p_o = w["weight_peephole"].chunk(3)
    for features in x:
        a = w["weight_ih"] @ features + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]
        a_i, a_f, a_g, a_o = a.chunk(4)
        i, f = torch.sigmoid(a_i + p_i * c), torch.sigmoid(a_f + p_f * c)
        c = f * c + i * torch.tanh(a_g)
        h = torch.sigmoid(a_o + p_o * c) * torch.tanh(c)
        states.append(h)
    return states


def mingru(x: torch.Tensor, w: dict[str, torch.Tensor], signed: bool) -> list[torch.Tensor]:
    """Return the states of a minGRU for one sequence (L, D)."""
    h, states = torch.zeros(4), []
    for features in x:
        a, n = (w["weight_ih"] @ features + w["bias_ih"] + w["bias_hh"]).chunk(2)
        # With signed gates the state's factor 1 - 2 sigmoid(a) is -tanh(a/2).
        factor = -torch.tanh(a / 2) if signed else torch.sigmoid(-a)
        h = factor * h + torch.sigmoid(a) * n
        states.append(h)
    return states


def layer_states(
    cell: str, x: torch.Tensor, directions: list[dict[str, torch.Tensor]]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the outputs (L, F) of a layer for one sequence (L, D), and the last of each way."""
    outputs, ends = [], []
    for number, weights in enumerate(directions):
        read = x.flip(0) if number else x
        states = (
            peephole(read, weights)
            if cell == "peephole"
            else mingru(read, weights, signed="signed" in cell)
        )
        outputs.append(torch.stack(states[::-1] if number else states))
        ends.append(states[-1])
    return torch.cat(outputs, 1), ends


def loops() -> dict[str, np.ndarray]:
    """Return what `cells` does for the cells that PyTorch does not have, one sequence at a time."""
    arrays = {}
    for cell, layers, both in itertools.product(LOOPS, (1, 2, 3), (False, True)):
        gates, others = LOOPS[cell]
        ways = ["", "_reverse"] if both else [""]
        weights, named = [], {}
        for layer in range(layers):
            inputs = 4 * len(ways) if layer else INPUTS
            shapes = {"weight_ih": (4 * gates, inputs), "bias_ih": (4 * gates,)}
            shapes |= {"bias_hh": (4 * gates,)} | others
            weights.append([{n: torch.rand(s) - 0.5 for n, s in shapes.items()} for _ in ways])
            for way, arrays_of_way in zip(ways, weights[-1], strict=True):
                named |= {f"rnn.{n}_l{layer}{way}": a for n, a in arrays_of_way.items()}
        head = torch.nn.Linear(4 * len(ways), 2)
        x, y = torch.randn(STEPS, len(LENGTHS), INPUTS), torch.randn(len(LENGTHS), 2)
        for array in (*named.values(), x):
            array.requires_grad_()
        ends = []
        for row, length in enumerate(LENGTHS):
            values = x[:length, row]
            for directions in weights:
                values, last = layer_states(cell, values, directions)
            ends.append(torch.cat(last))
        z = head(torch.stack(ends))
        torch.nn.functional.mse_loss(z, y).backward()
        named |= {f"head.{name}": value for name, value in head.named_parameters()}
        case = f"{cell}/{layers}/{both}"
        arrays |= values_and_gradients(case, named | {"input": x})
        arrays |= {f"{case}/z": z.detach().numpy(), f"{case}/y": y.numpy()}
    return arrays


def language_models() -> dict[str, np.ndarray]:
    """Return two windows of streams in a row, of which the second starts from a detached state."""
    arrays = {}
    symbols, streams, steps, hidden, layers = 7, 4, 6, 5, 2
    for cell, tied in itertools.product(CELLS, (False, True)):
        kind, options = CELLS[cell]
        embedding = torch.nn.Embedding(symbols, hidden if tied else 3)
        rnn = kind(embedding.embedding_dim, hidden, layers, **options)
        head = torch.nn.Linear(hidden, symbols)
        if tied:
            embedding.weight = head.weight
        text, state = torch.randint(symbols, (2 * steps + 1, streams)), None
        for start in (0, steps):
            outputs, state = rnn(embedding(text[start : start + steps]), state)
            state = tuple(s.detach() for s in state) if cell == "lstm" else state.detach()
            z, y = head(outputs), text[start + 1 : start + steps + 1]
        loss = torch.nn.functional.cross_entropy(z.reshape(-1, symbols), y.reshape(-1))
        loss.backward()
        named = {"embedding.weight": embedding.weight}
        named |= {f"rnn.{name}": value for name, value in rnn.named_parameters()}
        named |= {f"head.{name}": value for name, value in head.named_parameters()}
        case = f"{cell}/{tied}"
        arrays |= values_and_gradients(case, named)
        arrays |= {f"{case}/text": text.numpy(), f"{case}/z": z.detach().numpy()}
        arrays[f"{case}/loss"] = loss.detach().numpy()
    return arrays


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    np.savez_compressed(HERE / "tanh.npz", **networks())
    np.savez_compressed(HERE / "cells.npz", **cells())
    np.savez_compressed(HERE / "optimizers.npz", **optimizers())
    np.savez_compressed(HERE / "loops.npz", **loops())
    torch.manual_seed(0)
    np.savez_compressed(HERE / "language_models.npz", **language_models())
