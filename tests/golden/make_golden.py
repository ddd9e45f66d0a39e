"""Write ``tanh.npz``, ``cells.npz`` and ``optimizers.npz``: PyTorch in double precision.

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
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-6),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.05),
}


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
            for name, value in named.items():
                arrays[f"{case}/value/{name}"] = value.detach().numpy()
                arrays[f"{case}/gradient/{name}"] = value.grad.numpy()
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
        for name, value in (named | {"input": x}).items():
            arrays[f"{case}/value/{name}"] = value.detach().numpy()
            arrays[f"{case}/gradient/{name}"] = value.grad.numpy()
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


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    np.savez_compressed(HERE / "tanh.npz", **networks())
    np.savez_compressed(HERE / "cells.npz", **cells())
    np.savez_compressed(HERE / "optimizers.npz", **optimizers())
