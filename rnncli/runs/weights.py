"""``weights.npz``: a model in one file, with PyTorch's names and shapes."""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.task import MOST_CLASSES, Task
from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Architecture, Network
from rnncli.runs.archive import METADATA, Contents, Shapes, check_names, read_contents

FORMAT, VERSION = "rnncli-weights", 1
_MOST_FEATURES = 1 << 20


def weights_of(model: Model) -> Contents:
    """Return a copy of a model, as it goes into a weights file."""
    network, task = model.network, asdict(model.task)
    labels = task.pop("labels")
    metadata = {
        "model": asdict(network.architecture)
        | {"input_size": network.input_size, "output_size": network.output_size},
        "task": task | {"loss": model.task.loss},
        "input": None if model.scaler is None else asdict(model.scaler),
        "labels": labels or None,
        "gates": network.cell.gate_order,
        "rows": asdict(model.input_spec),
    }
    return Contents(FORMAT, VERSION, torch_arrays(network), metadata)


def read_weights(path: Path) -> Contents:
    """Return what a weights file holds, all of it checked.

    Raises
    ------
    InputError
        See `load_model`.
    """
    return read_contents(path, FORMAT, VERSION, lambda found: _described(found).shapes)


def load_model(path: Path) -> Model:
    """Read a model from a weights file.

    Raises
    ------
    InputError
        The file is damaged, no weights file, from a newer version, or inconsistent.
    """
    contents = read_weights(path)
    described = _described(contents.metadata)
    network = Network(described.architecture, described.input_size, described.task.output_size)
    fill_network(network, contents.arrays)
    return Model(network, described.task, described.scaler, described.expected)


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
        for name, array in arrays.items():
            if array.dtype.kind != "f":
                raise ValueError(f"{name} has type {array.dtype}; real numbers were expected")
        with np.errstate(over="ignore"):  # found as not finite
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


@dataclass(frozen=True)
class _Description:
    """What the metadata say of a model, its parts in agreement."""

    architecture: Architecture
    input_size: int
    task: Task
    scaler: Scaler | None
    expected: InputSpec

    def __post_init__(self) -> None:
        size, expected = self.input_size, self.expected
        if not 1 <= size <= _MOST_FEATURES or expected.input_size != size:
            raise ValueError(f"{size} features a step, rows with {expected.input_size}")
        if self.scaler is not None and not len(self.scaler.mean) == len(self.scaler.std) == size:
            raise ValueError(f"the input's scale is not for {size} features")
        windows, outputs = expected.windows, self.task.output_size
        if windows is not None and len(windows.targets) * windows.horizon != outputs:
            raise ValueError(f"windows that do not fit {outputs} outputs")
        if expected.label_per == "step" and self.architecture.output != "every_step":
            raise ValueError("labels of steps for a model with one answer a sequence")

    @property
    def shapes(self) -> Shapes:
        return torch_shapes(self.architecture, self.input_size, self.task.output_size)


def _described(metadata: dict[str, Any]) -> _Description:
    """Return a file's description; raise ``ValueError`` where it is wrong."""
    try:
        model, task = dict(metadata["model"]), dict(metadata["task"])
        labels = metadata["labels"] or ()
        if len(labels) > MOST_CLASSES:
            raise ValueError(f"{len(labels)} labels")
        size = _validated(int, model.pop("input_size"))
        loss, outputs = task.pop("loss"), model.pop("output_size")
        known = _validated(Task, task | {"labels": labels})
        if (outputs, loss) != (known.output_size, known.loss):
            raise ValueError(
                f"{outputs} outputs and {loss} do not fit a {known.kind} task with "
                f"{known.output_size}"
            )
        return _Description(
            _validated(Architecture, model),
            size,
            known,
            _validated(Scaler | None, metadata["input"]),
            _validated(InputSpec, metadata["rows"]),
        )
    except KeyError as error:
        raise ValueError(f"the metadata has no {error}; the file is damaged") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"metadata: {key}: {first['msg']}") from None
    except TypeError as error:
        raise ValueError(f"metadata: {error}") from None


def _validated(kind: Any, value: Any) -> Any:
    return _adapter(kind).validate_python(value)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
