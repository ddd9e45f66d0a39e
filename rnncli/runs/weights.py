"""``weights.npz``: a model in one file, with PyTorch's names and shapes."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from rnncli.data.inputs import Expected
from rnncli.data.npz import open_arrays
from rnncli.data.scaling import Scaler
from rnncli.data.task import Task
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.nn.network import Architecture, Network
from rnncli.runs.archive import METADATA, read_archive, write_archive
from rnncli.training.model import Model

FORMAT, VERSION = "rnncli-weights", 1


def save_model(path: Path, model: Model) -> None:
    """Write a model to a weights file, atomically."""
    network, task = model.network, asdict(model.task)
    labels = task.pop("labels")
    metadata = {
        "model": asdict(network.architecture)
        | {"input_size": network.input_size, "output_size": network.output_size},
        "task": task | {"loss": model.task.loss},
        "input": None if model.scaler is None else asdict(model.scaler),
        "labels": labels or None,
        "gates": network.cell.gate_order,
        "rows": asdict(model.expected),
    }
    write_archive(path, FORMAT, VERSION, torch_arrays(network), metadata)


def load_model(path: Path) -> Model:
    """Read a model from a weights file.

    Raises
    ------
    InputError
        The file is damaged, no weights file, from a newer version, or inconsistent.
    """
    arrays, metadata = read_archive(path, FORMAT, VERSION)
    try:
        return _model(arrays, metadata)
    except KeyError as error:
        raise InputError(f"{path}: the metadata has no {error}; the file is damaged") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: metadata: {key}: {first['msg']}") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None


def start_from(network: Network, path: Path) -> None:
    """Fill a network with the arrays of a weights file, or of a PyTorch ``state_dict``.

    A ``state_dict`` of a module with the parts ``rnn`` and ``head``, saved with ``np.savez``, has
    the names that are wanted; the precision is converted.

    Raises
    ------
    InputError
        There is no such file, or its arrays are not those of this network.
    """
    arrays = open_arrays(path)
    arrays.pop(METADATA, None)
    dtype = network.parameters.dtype
    try:
        fill_network(network, {name: array.astype(dtype) for name, array in arrays.items()})
    except ValueError as error:
        raise InputError(f"training.start_from: {path}: {error}") from None


def torch_arrays(network: Network) -> dict[str, Array]:
    """Return copies of the weights under all of PyTorch's names.

    PyTorch adds two biases where the network has one; the second is zero.
    """
    arrays = {name: np.concatenate(blocks) for name, blocks in network.arrays.items()}
    for name in [name for name in arrays if "bias_ih" in name]:
        # The second bias stands alone in the last of its gates only, if at all.
        second, apart = np.zeros_like(arrays[name]), arrays.get(_second(name), arrays[name][:0])
        second[len(second) - len(apart) :] = apart
        arrays[_second(name)] = second
    return arrays


def fill_network(network: Network, arrays: dict[str, Array]) -> None:
    """Copy PyTorch's arrays into a network; raise ``ValueError`` where they do not fit."""
    expected = torch_arrays(network)
    if missing := expected.keys() - arrays.keys():
        raise ValueError(f"{sorted(missing)[0]} is missing")
    if unknown := arrays.keys() - expected.keys():
        raise ValueError(f"{sorted(unknown)[0]} does not belong to this model")
    for name, array in expected.items():
        given = arrays[name]
        if (given.shape, given.dtype) != (array.shape, array.dtype):
            raise ValueError(
                f"{name} has shape {given.shape} and type {given.dtype}; {array.shape} and "
                f"{array.dtype} were expected"
            )
        if not np.isfinite(given).all():
            raise ValueError(f"{name} holds values that are not finite")
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


def _model(arrays: dict[str, Array], metadata: dict[str, Any]) -> Model:
    model, task = dict(metadata["model"]), dict(metadata["task"])
    sizes = _validated(tuple[int, int], [model.pop("input_size"), model.pop("output_size")])
    task.pop("loss")
    task["labels"] = metadata["labels"] or ()
    network = Network(_validated(Architecture, model), *sizes)
    known = _validated(Task, task)
    scaler = _validated(Scaler | None, metadata["input"])
    if known.output_size != network.output_size:
        raise ValueError(
            f"{network.output_size} outputs do not fit a {known.kind} task with {known.output_size}"
        )
    if scaler is not None and not len(scaler.mean) == len(scaler.std) == network.input_size:
        raise ValueError(f"the input's scale is not for {network.input_size} features")
    fill_network(network, arrays)
    expected = _validated(Expected, metadata["rows"])
    return Model(network, known, scaler, expected)


def _validated(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)
