"""Checks of a config that need to know its data: what the keys mean together, and the memory."""

import numpy as np

from rnncli.config.config import Config
from rnncli.cores import num_cores
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.memory import require_memory
from rnncli.nn.parameters import Layout
from rnncli.training.augmentation import check_augmentations
from rnncli.training.state import NUM_PARAMETER_VECTORS, NUM_SAVED_VECTORS


def check_config(config: Config, spec: InputSpec, task: Task) -> None:
    """Raise `InputError` if keys do not fit the data or each other, or need too much memory."""
    _check_symbols(config, spec, task)
    check_augmentations(config.training.augmentation, spec, config.model.predicts_every_step)
    _check_head_inputs(config)
    _check_memory(config, spec, task)
    num_cores()  # An invalid variable is refused before the run begins.


def _check_memory(config: Config, spec: InputSpec, task: Task) -> None:
    """Check that the budget allows all vectors of parameters: weights, gradients and the like.

    Each network of an ensemble has all but the gradient and the parameters before the last step,
    which belong to the one that is being trained.
    """
    size = Layout(config.model, config.model.input_stage(spec.num_inputs), task.output_size).size
    training, num_slots = config.training, len(config.training.optimizer.slots)
    num_vectors = NUM_PARAMETER_VECTORS + num_slots
    num_vectors += (training.ensemble - 1) * (NUM_SAVED_VECTORS + num_slots)
    itemsize = np.dtype(config.model.dtype).itemsize
    require_memory(
        num_vectors * size * itemsize,
        f"model: {num_vectors} vectors of {size} parameters",
        "lower model.hidden_size or model.num_layers"
        + (" or training.ensemble" if training.ensemble > 1 else ""),
    )


def _check_head_inputs(config: Config) -> None:
    """Check the key of the model that needs a prediction per sequence."""
    if config.model.head_inputs and config.model.predicts_every_step:
        raise InputError(
            "model.head_inputs: needs one prediction per sequence, not one per time step; set it "
            "to 0"
        )


def _check_symbols(config: Config, spec: InputSpec, task: Task) -> None:
    """Check the keys of the model that depend on whether the data are symbols."""
    model, has_symbols = config.model, spec.vocabulary is not None
    if has_symbols != (model.embedding_size is not None):
        raise InputError(
            "model.embedding_size: is null, but the data are symbols; give the width of their "
            "vectors, such as 64"
            if has_symbols
            else f"model.embedding_size: is {model.embedding_size}, but the data are numbers; "
            "set it to null"
        )
    if task.is_language_model and config.training.ensemble > 1:
        raise InputError(
            "training.ensemble: a language model is a single network; set it to 1, or omit it"
        )
    if task.is_language_model and model.bidirectional:
        raise InputError(
            "model.bidirectional: a language model predicts what comes next, and cannot read it; "
            "set it to false"
        )
    if not model.tie_weights:
        return
    if not task.is_language_model:
        raise InputError("model.tie_weights: only a language model has a head with symbols")
    if model.embedding_size != model.hidden_size:
        raise InputError(
            f"model.tie_weights: needs model.embedding_size, {model.embedding_size}, equal to "
            f"model.hidden_size; set it to {model.hidden_size}"
        )
