"""A model with a batch on which its gradients are checked and traced."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rnncli.analysis.evaluation_data import read_evaluation_data
from rnncli.analysis.language_models import evaluation_text
from rnncli.config.reading import default_config, read_config
from rnncli.datasets.examples import Examples
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.inputs import read_inputs
from rnncli.datasets.sequences import Sequences, joined
from rnncli.datasets.streams import Streams
from rnncli.datasets.text import Text
from rnncli.datasets.untrusted.lines import STANDARD_INPUT
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.losses import LOSSES, Loss
from rnncli.nn.network import Network
from rnncli.random_streams import generator
from rnncli.runs.saved_model import open_model
from rnncli.runs.training_setup import set_up

# Random sequences are no longer than this: more time steps would take longer and prove no more.
_MAX_RANDOM_LENGTH = 200


@dataclass(frozen=True)
class ModelBatch:
    """A model and a batch of its inputs, with targets or without."""

    model: Model
    batch: Batch

    @property
    def network(self) -> Network:
        """The model's network."""
        return self.model.network

    @property
    def loss(self) -> Loss:
        """The loss that the model is trained with."""
        return LOSSES[self.model.task.loss]


def gradcheck_batch(
    config: Path | None, weights: str | None, overrides: list[str], num_samples: int
) -> ModelBatch:
    """Return the model and the batch of ``rnn gradcheck``: of a config, or of a trained model.

    A run is checked on its own training data, a weights file without a run on standard normal
    sequences with random targets.

    Parameters
    ----------
    config, weights : Path or None, str or None
        A config file or a FILE-or-RUN; without both, the default config is used.
    overrides : list of str
        Of the form ``KEY=VALUE``, for the config.
    num_samples : int
        The number of sequences.

    Raises
    ------
    InputError
        The options contradict each other, or the config, the data or the weights are invalid.
    """
    if config is not None and weights is not None:
        raise InputError("gradcheck: give --config or --weights, not both")
    if weights is None:
        setup = set_up(
            default_config(overrides) if config is None else read_config(config, overrides)
        )
        return _training_batch(setup.model, setup.train, num_samples)
    saved = open_model(weights)
    if saved.run is None:
        if overrides:
            raise InputError("gradcheck: --set changes a config; a weights file alone has none")
        return random_batch(saved.model, num_samples)
    run_config = saved.read_config(overrides)
    examples = saved.model.examples(run_config.data.read(run_config.seed).splits.train)
    return _training_batch(saved.model, examples, num_samples)


def trace_batch(
    weights: str, source: str | None, num_samples: int, sample: int | None
) -> ModelBatch:
    """Return the model and the sequences that ``rnn trace`` follows through time.

    The sequences are read from a file, with its labels if it has any; by default they are the
    run's evaluation data, or, for a weights file without a run, standard normal sequences with
    random targets.

    Parameters
    ----------
    weights, source : str, str or None
        A FILE-or-RUN, and the file of sequences.
    num_samples : int
        The number of sequences; of labelled data, those without a label do not count.
    sample : int or None
        The index of a single sequence, from 0; `num_samples` is then ignored.

    Raises
    ------
    InputError
        There are no such sequences, or none has a label.
    """
    saved = open_model(weights)
    count = num_samples if sample is None else sample + 1
    is_random = source is None and saved.run is None
    if is_random or saved.model.task.is_language_model:
        batch = (
            random_batch(saved.model, count).batch
            if is_random
            else _second_window(saved.model, evaluation_text(saved, source), count)
        )
        return ModelBatch(
            saved.model, batch if sample is None else batch.part(slice(sample, sample + 1))
        )
    if source is None:
        _, sequences = read_evaluation_data(saved)
    else:
        sequences = _read_with_labels_if_any(source, saved.model.input_spec, count)
    return _traced_batch(saved.model, sequences, num_samples, sample)


def random_batch(model: Model, num_samples: int) -> ModelBatch:
    """Return a model with a batch of random targets and standard normal sequences, or symbols."""
    rng, task = generator(0, "data"), model.task
    spec = model.input_spec
    length = min(spec.num_steps(spec.sequence_length), _MAX_RANDOM_LENGTH)
    if spec.vocabulary is not None:
        x: Array = rng.integers(spec.num_inputs, size=(num_samples, length, 1))
    else:
        x = rng.standard_normal((num_samples, length, spec.num_inputs))
    every_step = model.network.architecture.predicts_every_step
    shape = x.shape[:2] if every_step else x.shape[:1]
    if task.kind == "regression":
        return ModelBatch(model, Batch(x, rng.standard_normal((*shape, task.output_size))))
    classes = rng.integers(task.num_symbols or len(task.labels), size=(*shape, 1))
    return ModelBatch(model, Batch(x, classes.astype(np.float64)))


def _labelled(examples: Examples) -> Array:
    """Return the indices of the sequences with at least one label."""
    return np.flatnonzero(~np.isnan(examples.y).reshape(len(examples), -1).all(axis=1))


def _training_batch(model: Model, examples: Examples | Streams, num_samples: int) -> ModelBatch:
    if isinstance(examples, Streams):
        return ModelBatch(model, _second_window(model, examples.text, num_samples))
    return ModelBatch(model, examples.batch(_labelled(examples)[:num_samples]))


def _second_window(model: Model, text: Text, num_streams: int) -> Batch:
    """Return the second window of a text, with the state after the first one as initial state."""
    streams = model.examples(text)
    assert isinstance(streams, Streams)
    batches = streams.epoch(num_streams, False, 0, 0)
    first = batches.batch(0)
    if len(batches) == 1:
        return first
    unrolled = model.network.unroll(first.x.shape[1], len(first))
    unrolled.forward(first)
    return replace(batches.batch(1), initial_state=unrolled.final_state())


def _traced_batch(
    model: Model, sequences: Sequences, num_samples: int, sample: int | None
) -> ModelBatch:
    if sample is not None and sample >= len(sequences):
        raise InputError(
            f"--sample: {sample}: {sequences.source} has {len(sequences)} sequences; choose one "
            f"of 0 to {len(sequences) - 1}"
        )
    if sequences.labels is None:
        index = np.arange(num_samples) if sample is None else np.array([sample])
        return _unlabelled_batch(model, sequences, index[index < len(sequences)])
    examples = model.examples(sequences)
    assert isinstance(examples, Examples)
    index = _labelled(examples)
    index = index[:num_samples] if sample is None else index[index == sample]
    if not len(index):
        raise InputError(f"{sequences.source}: no label; the loss needs labelled sequences")
    batch = examples.batch(index)
    start = 0 if batch.lengths is None else batch.x.shape[1] - int(batch.lengths.max())
    y = batch.targets if batch.targets.ndim == 2 else batch.targets[:, start:]
    return ModelBatch(model, Batch(batch.x[:, start:], y, batch.lengths))


def _unlabelled_batch(model: Model, sequences: Sequences, index: Array) -> ModelBatch:
    """Return the sequences at `index`, cut to the length of the longest, without targets."""
    taken = sequences.take(index)
    x, lengths = model.network_inputs(np.asarray(taken.x[:]), taken.lengths)
    start = 0 if lengths is None else x.shape[1] - int(lengths.max())
    return ModelBatch(model, Batch(x[:, start:], lengths=lengths))


def _read_with_labels_if_any(source: str, spec: InputSpec, count: int) -> Sequences:
    """Return the first sequences of a file, with labels if it has a column of labels.

    Standard input can be read only once, and is read without labels.
    """
    unlabelled = _first(read_inputs(source, spec, labelled=False), count)
    if source == STANDARD_INPUT:
        return unlabelled
    try:
        labelled = _first(read_inputs(source, spec, labelled=True), count)
    except InputError:
        return unlabelled
    # Without a header, a column of labels can be read as one more time step. The file has labels
    # if reading them leaves as many time steps as the model was trained on.
    has_labels = labelled.x.shape[1] in (unlabelled.x.shape[1], spec.sequence_length)
    return labelled if has_labels else unlabelled


def _first(batches: Iterable[Sequences], count: int) -> Sequences:
    """Return the first batches of a file, with at least `count` sequences if it has so many."""
    taken: list[Sequences] = []
    for batch in batches:
        taken.append(batch)
        if sum(map(len, taken)) >= count:
            break
    return joined(taken)
