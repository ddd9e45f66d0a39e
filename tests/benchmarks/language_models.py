"""Time language models against PyTorch: the same work, in turn, in one run.

    pip install torch==2.13.0
    python tests/benchmarks/language_models.py
    python tests/benchmarks/language_models.py --threads 0

A training step is an embedding of 65 symbols, an LSTM, the head, the softmax, backpropagation
through 50 time steps with a carried state, clipping and Adam, for 50 streams in float32. A step of
sampling chooses one symbol and reads it. A time is the best round of each, and a ratio above 1
means that rnn is the faster one.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch

from rnncli.cores import VARIABLE
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.inference.model import Model
from rnncli.inference.sampling import Sampler
from rnncli.inference.symbol_choice import Choice
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import LSTM
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState
from rnncli.training.training_step import TrainingStep

NUM_SYMBOLS, NUM_STREAMS, SEQUENCE_LENGTH, EMBEDDING_SIZE, HIDDEN_SIZE = 65, 50, 50, 64, 128
ROUNDS, ROUND_SECONDS, SAMPLE_LENGTH = 12, 0.4, 500


def network_of(num_layers: int) -> Network:
    """Return a new network."""
    architecture = Architecture(
        cell=LSTM(),
        hidden_size=HIDDEN_SIZE,
        num_layers=num_layers,
        embedding_size=EMBEDDING_SIZE,
        output="every_step",
    )
    network = Network(architecture, NUM_SYMBOLS, NUM_SYMBOLS)
    return network.initialize(np.random.default_rng(0))


def windows() -> tuple[np.ndarray, np.ndarray]:
    """Return symbols and the next symbols (B, T)."""
    symbols = np.random.default_rng(0).integers(
        NUM_SYMBOLS, size=(NUM_STREAMS, 1 + SEQUENCE_LENGTH)
    )
    return symbols[:, :-1], symbols[:, 1:]


def rnn_training(num_layers: int) -> Callable[[], object]:
    """Return this project's training step."""
    network, settings = network_of(num_layers), Training()
    step = TrainingStep(network, LOSSES["softmax_cross_entropy"], settings)
    task = Task("next_symbol", num_symbols=NUM_SYMBOLS)
    state = TrainingState.initial(network, task, settings, NUM_STREAMS)
    x, y = windows()
    batch = Batch(x[:, :, np.newaxis].astype(np.intp), y[:, :, np.newaxis].astype(np.float32))

    def train() -> None:
        _, norm = step.gradient(replace(batch, initial_state=state.carried))
        state.carried = step.objective.unrolled.final_state()
        step.update(norm, state.slots, 1e-3, 1)

    return train


class TorchModel(torch.nn.Module):
    """The same model in PyTorch."""

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(NUM_SYMBOLS, EMBEDDING_SIZE)
        self.rnn = torch.nn.LSTM(EMBEDDING_SIZE, HIDDEN_SIZE, num_layers)
        self.head = torch.nn.Linear(HIDDEN_SIZE, NUM_SYMBOLS)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        outputs, state = self.rnn(self.embedding(x), state)
        return self.head(outputs), state


def torch_training(num_layers: int) -> Callable[[], object]:
    """Return PyTorch's training step."""
    model = TorchModel(num_layers)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    x, y = (torch.tensor(array.T.copy()) for array in windows())
    loss_of, state = torch.nn.CrossEntropyLoss(), None

    def train() -> None:
        nonlocal state
        optimizer.zero_grad()
        logits, state = model(x, state)
        state = tuple(array.detach() for array in state)
        loss_of(logits.reshape(-1, NUM_SYMBOLS), y.reshape(-1)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return train


def rnn_sampling(num_layers: int) -> Callable[[], object]:
    """Return a function that samples `SAMPLE_LENGTH` symbols."""
    symbols = tuple(map(chr, range(ord("!"), ord("!") + NUM_SYMBOLS)))
    spec = InputSpec(1, SEQUENCE_LENGTH, vocabulary=Vocabulary(symbols))
    task = Task("next_symbol", num_symbols=NUM_SYMBOLS)
    model = Model(network_of(num_layers), task, None, spec)

    def sample() -> None:
        for _ in Sampler(model, Choice(), 1, 0).steps(SAMPLE_LENGTH):
            pass

    return sample


def torch_sampling(num_layers: int) -> Callable[[], object]:
    """Return the step-by-step loop of PyTorch's examples."""
    model = TorchModel(num_layers).eval()

    def sample() -> None:
        state, symbol = None, torch.zeros(1, 1, dtype=torch.long)
        with torch.no_grad():
            for _ in range(SAMPLE_LENGTH):
                logits, state = model(symbol, state)
                weights = torch.softmax(logits[-1, 0], 0)
                symbol = torch.multinomial(weights, 1)[None]
                symbol.item()

    return sample


def best_times(*functions: Callable[[], object]) -> list[float]:
    """Return the seconds of one call of each function: the best of several rounds in turn."""
    times = [float("inf")] * len(functions)
    for function in functions:
        function()
    for _ in range(ROUNDS):
        for number, function in enumerate(functions):
            start, calls = perf_counter(), 0
            while perf_counter() - start < ROUND_SECONDS:
                function()
                calls += 1
            times[number] = min(times[number], (perf_counter() - start) / calls)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="0 for all of the machine's")
    threads = parser.parse_args().threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    os.environ[VARIABLE] = str(threads)
    print(f"PyTorch {torch.__version__}, {threads} thread(s)")
    for num_layers in (1, 2):
        mine, theirs = best_times(rnn_training(num_layers), torch_training(num_layers))
        count = NUM_STREAMS * SEQUENCE_LENGTH
        print(
            f"training, {num_layers} x {HIDDEN_SIZE}: {count / mine:,.0f} symbols/s, PyTorch "
            f"{count / theirs:,.0f}, ratio {theirs / mine:.2f}",
            flush=True,
        )
    for num_layers in (1, 2):
        mine, theirs = best_times(rnn_sampling(num_layers), torch_sampling(num_layers))
        print(
            f"sampling, {num_layers} x {HIDDEN_SIZE}: {SAMPLE_LENGTH / mine:,.0f} symbols/s, "
            f"PyTorch {SAMPLE_LENGTH / theirs:,.0f}, ratio {theirs / mine:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
