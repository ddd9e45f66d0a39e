"""``weights.npz``: a model in one file, with PyTorch's names and shapes."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.inference.ensemble import averaged
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network
from rnncli.nn.parameters import Layout
from rnncli.nn.state_dict import Shapes, load_state_dict, state_dict, state_dict_shapes
from rnncli.runs.archive import METADATA, Contents, read_contents
from rnncli.runs.weights_metadata import (
    ModelDescription,
    metadata_of,
    num_members,
    parse_metadata,
)
from rnncli.training.members import member_prefixes

FORMAT, VERSION = "rnncli-weights", 1


def weights_of(model: Model) -> Contents:
    """Return a copy of a model as the content of a weights file."""
    networks = [part.network for part in model.parts or (model,)]
    arrays = {
        prefix + name: array
        for prefix, network in zip(member_prefixes(len(networks)), networks, strict=True)
        for name, array in state_dict(network).items()
    }
    return Contents(FORMAT, VERSION, arrays, metadata_of(model))


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
    task = description.task
    models = []
    for prefix in member_prefixes(description.num_members):
        network = Network(description.architecture, description.input_size, task.output_size)
        load_state_dict(network, _without_prefix(contents.arrays, prefix))
        models.append(Model(network, task, description.scaler, description.input_spec))
    return replace(averaged(models), intervals=description.intervals)


def _without_prefix(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    """Return the arrays whose names begin with a prefix, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def start_from(network: Network, path: Path) -> None:
    """Fill a network with the arrays of a weights file, or of a PyTorch ``state_dict``.

    A ``state_dict`` has the expected names if its module has the members ``rnn`` and ``head``; it
    is saved with ``np.savez``. The precision is converted. Of an ensemble, the first
    network is taken.

    Raises
    ------
    InputError
        There is no such file, it is a damaged weights file, or its arrays do not fit this network.
    """
    arrays = open_arrays(path)
    if METADATA in arrays:
        contents = read_weights(path)
        prefix, *_ = member_prefixes(num_members(contents.metadata))
        arrays = _without_prefix(contents.arrays, prefix)
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
    shapes = state_dict_shapes(Layout(architecture, inputs, description.task.output_size))
    return {
        prefix + name: shape
        for prefix in member_prefixes(description.num_members)
        for name, shape in shapes.items()
    }
