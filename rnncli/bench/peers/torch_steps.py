"""The training step in PyTorch: eager, with its fused Adam."""

from typing import Any

import torch

from rnncli.bench.peers.own import LEARNING_RATE, Steps, Work, examples

VERSION = f"PyTorch {torch.__version__.partition('+')[0]}"


def peer_steps(work: Work, threads: int) -> Steps:
    """Return the step, on a number of threads."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x, y = (torch.from_numpy(array) for array in examples(work))
    x = x.transpose(0, 1).contiguous()
    if work.every_step:
        y = y.transpose(0, 1).flatten(0, 1)
    if work.loss == "softmax_cross_entropy":
        y = y[:, 0].long()
    loss = {
        "binary_cross_entropy": torch.nn.BCEWithLogitsLoss,
        "softmax_cross_entropy": torch.nn.CrossEntropyLoss,
        "mean_squared_error": torch.nn.MSELoss,
    }[work.loss]()
    network = _network(work).to(getattr(torch, work.dtype))
    adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)

    def step() -> None:
        adam.zero_grad()
        loss(_outputs(work, network, x), y).backward()
        adam.step()

    return step, 1


def _network(work: Work) -> Any:
    kind, keys = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(work.cell), {}
    if kind is None:
        kind, keys = torch.nn.RNN, {"nonlinearity": work.cell}
    directions = 1 + work.bidirectional
    parts = {
        "layers": kind(
            work.inputs, work.hidden, work.layers, bidirectional=work.bidirectional, **keys
        ),
        "head": torch.nn.Linear(directions * work.hidden, work.outputs),
    }
    if work.symbols:
        parts["embedding"] = torch.nn.Embedding(work.symbols, work.inputs)
    return torch.nn.ModuleDict(parts)


def _outputs(work: Work, network: Any, x: Any) -> Any:
    """Return the outputs (B, O), or (T*B, O) of time steps."""
    outputs, _ = network["layers"](network["embedding"](x) if work.symbols else x)
    if work.every_step:
        return network["head"](outputs).flatten(0, 1)
    last = outputs[-1]
    if work.bidirectional:
        hidden = work.hidden
        last = torch.cat([last[:, :hidden], outputs[0, :, hidden:]], dim=1)
    return network["head"](last)
