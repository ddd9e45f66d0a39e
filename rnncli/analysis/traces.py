"""What a trace of a run or a weights file is about, and the trace."""

from collections.abc import Iterable

import numpy as np

from rnncli.analysis.gradient_checks import Subject, random_subject
from rnncli.blas import threads_for
from rnncli.config.reading import read_config
from rnncli.datasets.inputs import read_inputs
from rnncli.datasets.sequences import Sequences, joined
from rnncli.errors import InputError
from rnncli.gradients.trace import Trace, trace
from rnncli.inference.model import Model
from rnncli.nn.batch import Batch
from rnncli.nn.losses import LOSSES
from rnncli.runs.run_folder import CONFIG, find_weights
from rnncli.runs.weights import load_model


def trace_subject(
    weights: str, source: str | None, num_samples: int, sample: int | None
) -> Subject:
    """Return a model and the labelled sequences to follow through time.

    They come from a file, or else from what the run held out; for a weights file without either,
    standard normal sequences with random targets serve.

    Parameters
    ----------
    weights, source : str, str or None
        A FILE-or-RUN, and the file of sequences.
    num_samples : int
        How many sequences, from the first that has a label.
    sample : int or None
        The one sequence that is wanted instead, counted from 0.

    Raises
    ------
    InputError
        There are no such sequences, or none with a label.
    """
    path, run = find_weights(weights)
    model = load_model(path)
    wanted = num_samples if sample is None else sample + 1
    if source is not None:
        parts = read_inputs(source, model.input_spec, labelled=True)
        return _subject(model, _first(parts, wanted), num_samples, sample)
    if run is None:
        made_up = random_subject(model, wanted)
        one = made_up.batch if sample is None else made_up.batch.sequence(sample)
        return Subject(model, one)
    config = read_config(run / CONFIG)
    held_out = config.data.read(config.seed).splits.held_out
    if held_out is None:
        raise InputError(f"{run}: this run held no data out; give --input FILE")
    return _subject(model, held_out, num_samples, sample)


def trace_run(subject: Subject) -> Trace:
    """Follow a batch through time; see `rnncli.gradients.trace.trace`."""
    network = subject.model.network
    with threads_for(network.architecture.hidden_size):
        return trace(network, LOSSES[subject.model.task.loss], subject.batch)


def _first(parts: Iterable[Sequences], wanted: int) -> Sequences:
    """Return as many of the parts as hold the sequences that are wanted."""
    taken: list[Sequences] = []
    for part in parts:
        taken.append(part)
        if sum(map(len, taken)) >= wanted:
            break
    return joined(taken)


def _subject(model: Model, sequences: Sequences, num_samples: int, sample: int | None) -> Subject:
    if sample is not None and sample >= len(sequences):
        raise InputError(
            f"--sample: {sample}: {sequences.source} has {len(sequences)} sequences; "
            f"0 to {len(sequences) - 1} can be picked"
        )
    examples = model.examples(sequences)
    unlabelled = np.isnan(examples.y).reshape(len(examples), -1).all(axis=1)
    index = np.flatnonzero(~unlabelled)
    index = index[:num_samples] if sample is None else index[index == sample]
    if not len(index):
        raise InputError(f"{sequences.source}: no label; the loss whose gradient flows needs one")
    batch = examples.batch(index)
    start = 0 if batch.lengths is None else batch.x.shape[1] - int(batch.lengths.max())
    y = batch.y if batch.y.ndim == 2 else batch.y[:, start:]
    return Subject(model, Batch(batch.x[:, start:], y, batch.lengths))
