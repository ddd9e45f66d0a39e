"""What a gradient check of a config, a run or a weights file is about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnncli.blas import threads_for
from rnncli.config.reading import default_config, read_config
from rnncli.datasets.examples import Examples
from rnncli.errors import InputError
from rnncli.gradients.explain import Explanation, explain
from rnncli.gradients.gradcheck import TOLERANCES, ArrayCheck, gradcheck
from rnncli.inference.model import Model
from rnncli.nn.batch import Batch
from rnncli.nn.losses import LOSSES
from rnncli.random_streams import generator
from rnncli.runs.run_folder import CONFIG, find_weights
from rnncli.runs.trainer import build
from rnncli.runs.weights import load_model
from rnncli.suggestions import suggest

# Of sequences that are made up, more steps prove no more.
_MOST_STEPS = 200


@dataclass(frozen=True)
class Subject:
    """A model and the batch that it is checked on."""

    model: Model
    batch: Batch


def subject(
    config: Path | None, weights: str | None, overrides: list[str], num_samples: int
) -> Subject:
    """Return what is to be checked: a config's new network, or a trained one.

    A run is checked on its own training data. A weights file without a run has none; standard
    normal sequences with random targets serve instead.
    """
    if config is not None and weights is not None:
        raise InputError("gradcheck: give --config or --weights, not both")
    if weights is None:
        settings = default_config(overrides) if config is None else read_config(config, overrides)
        experiment = build(settings)
        return _subject(experiment.model, experiment.train, num_samples)
    path, run = find_weights(weights)
    model = load_model(path)
    if run is None:
        if overrides:
            raise InputError("gradcheck: --set changes a config; a weights file alone has none")
        return random_subject(model, num_samples)
    read = read_config(run / CONFIG, overrides)
    examples = model.examples(read.data.read(read.seed).splits.train)
    return _subject(model, examples, num_samples)


def check_gradients(
    subject: Subject, method: str, on_entry: Callable[[], None] = lambda: None
) -> list[ArrayCheck]:
    """Check all arrays; see `rnncli.gradients.gradcheck.gradcheck`."""
    if method not in TOLERANCES:
        raise InputError(f"--method: '{method}' is not known; {suggest(method, TOLERANCES)}")
    network, loss = subject.model.network, LOSSES[subject.model.task.loss]
    with threads_for(network.architecture.hidden_size):
        return list(gradcheck(network, loss, subject.batch, method, on_entry))


def explain_gradients(subject: Subject) -> Explanation | None:
    """Return where backpropagation goes wrong; see `rnncli.gradients.explain.explain`."""
    network, loss = subject.model.network, LOSSES[subject.model.task.loss]
    with threads_for(network.architecture.hidden_size):
        return explain(network, loss, subject.batch)


def random_subject(model: Model, num_samples: int) -> Subject:
    """Return standard normal sequences with random targets, for a model without data."""
    rng, task = generator(0, "data"), model.task
    steps = min(model.input_spec.sequence_length, _MOST_STEPS)
    x = rng.standard_normal((num_samples, steps, model.network.input_size))
    every_step = model.network.architecture.predicts_every_step
    shape = x.shape[:2] if every_step else x.shape[:1]
    if task.kind == "regression":
        return Subject(model, Batch(x, rng.standard_normal((*shape, task.output_size))))
    classes = rng.integers(len(task.labels), size=(*shape, 1))
    return Subject(model, Batch(x, classes.astype(np.float64)))


def _subject(model: Model, examples: Examples, num_samples: int) -> Subject:
    labelled = ~np.isnan(examples.y).reshape(len(examples), -1).all(axis=1)
    return Subject(model, examples.batch(np.flatnonzero(labelled)[:num_samples]))
