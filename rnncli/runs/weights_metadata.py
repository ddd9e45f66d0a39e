"""The metadata of a weights file: the description of a model without its arrays."""

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.task import MOST_CLASSES, Task
from rnncli.inference.model import Model
from rnncli.nn.architecture import Architecture
from rnncli.sections import adapter, plain

# A million features of one time step take 4 MB; nothing larger is allocated for a file.
_MAX_FEATURES = 1 << 20


@dataclass(frozen=True)
class ModelDescription:
    """The model that the metadata of a weights file describe.

    Raises
    ------
    ValueError
        The values contradict each other.
    """

    architecture: Architecture
    input_size: int
    task: Task
    scaler: Scaler | None
    input_spec: InputSpec

    def __post_init__(self) -> None:
        size, spec = self.input_size, self.input_spec
        if not 1 <= size <= _MAX_FEATURES or spec.input_size != size:
            raise ValueError(f"{size} features per step, but rows with {spec.input_size}")
        if self.scaler is not None and not len(self.scaler.mean) == len(self.scaler.std) == size:
            raise ValueError(f"the input's mean and deviation are not for {size} features")
        windows, outputs = spec.windows, self.task.output_size
        if windows is not None and len(windows.targets) * windows.horizon != outputs:
            raise ValueError(f"windows that do not fit {outputs} outputs")
        if spec.label_per == "step" and not self.architecture.predicts_every_step:
            raise ValueError("labels of steps for a model with one prediction per sequence")


def metadata_of(model: Model) -> dict[str, Any]:
    """Return the metadata that describe a model."""
    network, task = model.network, asdict(model.task)
    labels = task.pop("labels")
    return {
        "model": plain(network.architecture)
        | {"input_size": network.input_size, "output_size": network.output_size},
        "task": task | {"loss": model.task.loss},
        "input": None if model.scaler is None else asdict(model.scaler),
        "labels": labels or None,
        "gates": network.architecture.cell.gate_order,
        "rows": asdict(model.input_spec),
    }


def parse_metadata(metadata: dict[str, Any]) -> ModelDescription:
    """Return the description of a model; raise ``ValueError`` if the metadata are invalid."""
    try:
        architecture, task = dict(metadata["model"]), dict(metadata["task"])
        labels = metadata["labels"] or ()
        if len(labels) > MOST_CLASSES:
            raise ValueError(f"{len(labels)} labels")
        input_size = _validated(int, architecture.pop("input_size"))
        loss, output_size = task.pop("loss"), architecture.pop("output_size")
        valid_task = _validated(Task, task | {"labels": labels})
        if (output_size, loss) != (valid_task.output_size, valid_task.loss):
            raise ValueError(
                f"{output_size} outputs and {loss} do not fit a {valid_task.kind} task with "
                f"{valid_task.output_size}"
            )
        return ModelDescription(
            _validated(Architecture, architecture),
            input_size,
            valid_task,
            _validated(Scaler | None, metadata["input"]),
            _validated(InputSpec, metadata["rows"]),
        )
    except KeyError as error:
        raise ValueError(f"the metadata have no {error}; the file is damaged") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(name) for name in first["loc"])
        raise ValueError(f"metadata: {key}: {first['msg']}") from None
    except TypeError as error:
        raise ValueError(f"metadata: {error}") from None


def _validated(kind: Any, value: Any) -> Any:
    return adapter(kind).validate_python(value)
