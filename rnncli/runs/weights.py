"""``weights.npz``: a model in one file, with PyTorch's names and shapes."""

from pathlib import Path

import numpy as np

from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Architecture, Network
from rnncli.runs.archive import METADATA, Contents, Shapes, check_names, read_contents
from rnncli.runs.weights_metadata import ModelDescription, metadata_of, parse_metadata

FORMAT, VERSION = "rnncli-weights", 1


def weights_of(model: Model) -> Contents:
    """Return a copy of a model as the content of a weights file."""
    return Contents(FORMAT, VERSION, torch_arrays(model.network), metadata_of(model))


def read_weights(path: Path) -> Contents:
    """Return the content of a weights file, checked completely.

    Raises
    ------
    InputError
        See `load_model`.
    """
    return read_contents(path, FORMAT, VERSION, lambda read: _shapes(parse_metadata(read)))


def load_model(path: Path) -> Model:
    """Read a model from a weights file.

    Raises
    ------
    InputError
        The file is damaged, inconsistent, from a newer version, or not a weights file.
    """
    contents = read_weights(path)
    described = parse_metadata(contents.metadata)
    network = Network(described.architecture, described.input_size, described.task.output_size)
    fill_network(network, contents.arrays)
    return Model(network, described.task, described.scaler, described.input_spec)


def start_from(network: Network, path: Path) -> None:
    """Fill a network with the arrays of a weights file, or of a PyTorch ``state_dict``.

    A ``state_dict`` has the expected names if its module has the members ``rnn`` and ``head``; it
    is saved with ``np.savez``. The precision is converted.

    Raises
    ------
    InputError
        There is no such file, or its arrays do not fit this network.
    """
    arrays = open_arrays(path)
    arrays.pop(METADATA, None)
    dtype = network.parameters.dtype
    try:
        for name, array in arrays.items():
            if array.dtype.kind != "f":
                raise ValueError(f"{name} has type {array.dtype}; real numbers were expected")
        with np.errstate(over="ignore"):  # then the value is not finite
            fill_network(network, {name: array.astype(dtype) for name, array in arrays.items()})
    except ValueError as error:
        raise InputError(f"training.start_from: {path}: {error}") from None


def torch_arrays(network: Network) -> dict[str, Array]:
    """Return copies of the weights under PyTorch's names.

    PyTorch adds two biases where the network has one; the second is zero.
    """
    arrays = {name: np.concatenate(blocks) for name, blocks in network.arrays.items()}
    for name in [name for name in arrays if "bias_ih" in name]:
        # Only the last gate of a GRU has a second bias of its own.
        second, apart = np.zeros_like(arrays[name]), arrays.get(_second(name), arrays[name][:0])
        second[len(second) - len(apart) :] = apart
        arrays[_second(name)] = second
    return arrays


def torch_shapes(architecture: Architecture, input_size: int, output_size: int) -> Shapes:
    """Return PyTorch's names of a network's weights with their shapes and types."""
    hidden, ends = architecture.hidden_size, architecture.directions
    rows = hidden * len(CELLS[architecture.cell].input_blocks)
    shapes: dict[str, tuple[int, ...]] = {}
    for number in range(architecture.num_layers):
        features = len(ends) * hidden if number else input_size
        for end in ends:
            shapes[f"rnn.weight_ih_l{number}{end}"] = (rows, features)
            shapes[f"rnn.weight_hh_l{number}{end}"] = (rows, hidden)
            shapes[f"rnn.bias_ih_l{number}{end}"] = (rows,)
            shapes[f"rnn.bias_hh_l{number}{end}"] = (rows,)
    shapes |= {"head.weight": (output_size, len(ends) * hidden), "head.bias": (output_size,)}
    return {name: (shape, np.dtype(architecture.dtype)) for name, shape in shapes.items()}


def fill_network(network: Network, arrays: dict[str, Array]) -> None:
    """Copy PyTorch's arrays into a network; raise ``ValueError`` where they do not fit."""
    expected = torch_shapes(network.architecture, network.input_size, network.output_size)
    check_names(set(arrays), set(expected))
    for name, (shape, dtype) in expected.items():
        given = arrays[name]
        if (given.shape, given.dtype) != (shape, dtype):
            raise ValueError(
                f"{name} has shape {given.shape} and type {given.dtype}; {shape} and {dtype} were "
                "expected"
            )
        if not np.isfinite(given).all():
            raise ValueError(f"{name} contains values that are not finite")
    for name, blocks in network.arrays.items():
        if "bias_hh" in name:
            continue
        given = np.array(arrays[name])
        if "bias_ih" in name:
            second = np.array(arrays[_second(name)])
            apart = network.arrays.get(_second(name), ())
            alone = sum(len(block) for block in apart)
            given[: len(given) - alone] += second[: len(second) - alone]
            _fill(apart, second[len(second) - alone :])
        _fill(blocks, given)


def _second(name: str) -> str:
    return name.replace("bias_ih", "bias_hh")


def _fill(blocks: tuple[Array, ...], array: Array) -> None:
    """Copy an array into views that follow each other along its first axis."""
    start = 0
    for block in blocks:
        block[...] = array[start : start + len(block)]
        start += len(block)


def _shapes(described: ModelDescription) -> Shapes:
    return torch_shapes(described.architecture, described.input_size, described.task.output_size)
