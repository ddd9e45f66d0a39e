"""``weights.npz``: a model in one file, with PyTorch's names and shapes."""

from pathlib import Path

import numpy as np

from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.network import Network
from rnncli.nn.parameters import Layout
from rnncli.nn.state_dict import Shapes, load_state_dict, state_dict, state_dict_shapes
from rnncli.runs.archive import METADATA, Contents, read_contents
from rnncli.runs.weights_metadata import ModelDescription, metadata_of, parse_metadata

FORMAT, VERSION = "rnncli-weights", 1


def weights_of(model: Model) -> Contents:
    """Return a copy of a model as the content of a weights file."""
    return Contents(FORMAT, VERSION, state_dict(model.network), metadata_of(model))


def read_weights(path: Path) -> Contents:
    """Return the content of a weights file, checked completely.

    Raises
    ------
    InputError
        See `load_model`.
    """
    return read_contents(path, FORMAT, VERSION, lambda metadata: _shapes(parse_metadata(metadata)))


def load_model(path: Path) -> Model:
    """Read a model from a weights file.

    Raises
    ------
    InputError
        The file is damaged, inconsistent, from a newer version, or not a weights file.
    """
    contents = read_weights(path)
    description = parse_metadata(contents.metadata)
    network = Network(
        description.architecture, description.input_size, description.task.output_size
    )
    load_state_dict(network, contents.arrays)
    return Model(
        network,
        description.task,
        description.scaler,
        description.input_spec,
        description.intervals,
    )


def start_from(network: Network, path: Path) -> None:
    """Fill a network with the arrays of a weights file, or of a PyTorch ``state_dict``.

    A ``state_dict`` has the expected names if its module has the members ``rnn`` and ``head``; it
    is saved with ``np.savez``. The precision is converted.

    Raises
    ------
    InputError
        There is no such file, it is a damaged weights file, or its arrays do not fit this network.
    """
    arrays = open_arrays(path)
    if METADATA in arrays:
        arrays = read_weights(path).arrays
    dtype = network.parameters.dtype
    try:
        for name, array in arrays.items():
            if array.dtype.kind != "f":
                raise ValueError(f"{name} has type {array.dtype}; real numbers were expected")
        with np.errstate(over="ignore"):  # then the value is not finite
            load_state_dict(network, {name: array.astype(dtype) for name, array in arrays.items()})
    except ValueError as error:
        raise InputError(f"training.start_from: {path}: {error}") from None


def _shapes(description: ModelDescription) -> Shapes:
    architecture = description.architecture
    inputs = architecture.input_stage(description.input_size)
    return state_dict_shapes(Layout(architecture, inputs, description.task.output_size))
