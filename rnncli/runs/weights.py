"""``weights.npz``: a model in one file, with PyTorch's names and shapes."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.task import MOST_CLASSES, Task
from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.architecture import Architecture
from rnncli.nn.input_stage import Features
from rnncli.nn.network import Network
from rnncli.nn.parameters import Layout
from rnncli.nn.state_dict import load_state_dict, state_dict, state_dict_shapes
from rnncli.runs.archive import METADATA, Contents, Shapes, read_contents
from rnncli.sections import adapter, plain

FORMAT, VERSION = "rnncli-weights", 1
_MOST_FEATURES = 1 << 20


def weights_of(model: Model) -> Contents:
    """Return a copy of a model, as it goes into a weights file."""
    network, task = model.network, asdict(model.task)
    labels = task.pop("labels")
    metadata = {
        "model": plain(network.architecture)
        | {"input_size": network.input_size, "output_size": network.output_size},
        "task": task | {"loss": model.task.loss},
        "input": None if model.scaler is None else asdict(model.scaler),
        "labels": labels or None,
        "gates": network.architecture.cell.gate_order,
        "rows": asdict(model.input_spec),
    }
    return Contents(FORMAT, VERSION, state_dict(network), metadata)


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
    load_state_dict(network, contents.arrays)
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
            load_state_dict(network, {name: array.astype(dtype) for name, array in arrays.items()})
    except ValueError as error:
        raise InputError(f"training.start_from: {path}: {error}") from None


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
        layout = Layout(self.architecture, Features(self.input_size), self.task.output_size)
        return state_dict_shapes(layout)


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
    return adapter(kind).validate_python(value)
