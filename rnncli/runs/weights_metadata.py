"""The metadata of a weights file: the description of a model without its arrays."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rnncli.datasets.input_spec import MAX_INPUTS, InputSpec
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.task import MAX_CLASSES, Task
from rnncli.inference.model import Model
from rnncli.nn.architecture import Architecture
from rnncli.sections import adapter, plain
from rnncli.training.settings import MAX_MEMBERS

if TYPE_CHECKING:  # Most models have no intervals.
    from rnncli.inference.intervals import Intervals


@dataclass(frozen=True)
class ModelDescription:
    """The model that the metadata of a weights file describe.

    Attributes
    ----------
    architecture, input_size, task, scaler, input_spec
        What all its networks have in common.
    num_members : int
        The number of networks, whose predictions are averaged.

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
    intervals: "Intervals | None" = None
    num_members: int = 1

    def __post_init__(self) -> None:
        size, spec = self.input_size, self.input_spec
        if not 1 <= size <= MAX_INPUTS or spec.num_inputs != size:
            raise ValueError(
                f"{size} features or symbols per time step, but rows with {spec.num_inputs}"
            )
        has_symbols = spec.vocabulary is not None
        if has_symbols != (self.architecture.embedding_size is not None):
            raise ValueError("an embedding needs a vocabulary, and a vocabulary an embedding")
        if self.task.is_language_model and self.task.num_symbols != size:
            raise ValueError(f"{self.task.num_symbols} outputs for a vocabulary of {size} symbols")
        if self.task.is_language_model and self.num_members > 1:
            raise ValueError(f"a language model with {self.num_members} networks")
        if self.task.is_language_model and not self.architecture.predicts_every_step:
            raise ValueError("a language model needs a prediction for every time step")
        if spec.text_column is not None and (not has_symbols or self.task.is_language_model):
            raise ValueError("a column of texts for a model that does not read texts with a label")
        if self.architecture.tie_weights and not self._can_tie_weights:
            raise ValueError("tied weights need a language model with vectors as wide as its head")
        if self.scaler is not None and not len(self.scaler.mean) == len(self.scaler.std) == size:
            raise ValueError(f"the input's mean and standard deviation are not for {size} features")
        windows, outputs = spec.windows, self.task.output_size
        if windows is not None and len(windows.targets) * windows.horizon != outputs:
            raise ValueError(f"windows that do not fit {outputs} outputs")
        every_step = self.architecture.predicts_every_step
        if windows is not None and windows.relative != "none" and every_step:
            raise ValueError("relative windows for a model with a prediction per time step")
        if self.architecture.head_inputs and every_step:
            raise ValueError("inputs at the head of a model with a prediction for every time step")
        if spec.label_per == "step" and not every_step:
            raise ValueError("labels of time steps for a model with one prediction per sequence")
        if spec.frames is not None and self.architecture.predicts_every_step:
            raise ValueError("frames for a model with a prediction for every time step")
        if self.intervals is not None and not self._fits(self.intervals):
            raise ValueError(f"intervals that do not fit {outputs} outputs")

    def _fits(self, intervals: "Intervals") -> bool:
        return self.task.kind == "regression" and all(
            len(widths) == self.task.output_size for widths in intervals.half_widths
        )

    @property
    def _can_tie_weights(self) -> bool:
        architecture = self.architecture
        same_width = architecture.embedding_size == architecture.hidden_size
        return same_width and self.task.is_language_model and not architecture.bidirectional


def metadata_of(model: Model) -> dict[str, Any]:
    """Return the metadata that describe a model."""
    network, task = model.network, asdict(model.task)
    labels = task.pop("labels")
    intervals = {} if model.intervals is None else {"intervals": asdict(model.intervals)}
    return {
        "model": plain(network.architecture)
        | {"input_size": network.input_size, "output_size": network.output_size},
        "task": task | {"loss": model.task.loss},
        "input": None if model.scaler is None else asdict(model.scaler),
        "labels": labels or None,
        "gates": network.architecture.cell.gate_order,
        "rows": asdict(model.input_spec),
        **({"members": len(model.parts)} if model.parts else {}),
    } | intervals


def num_members(metadata: dict[str, Any]) -> int:
    """Return the number of networks; raise ``ValueError`` if it is invalid."""
    count = metadata.get("members", 1)
    if type(count) is not int or not 1 <= count <= MAX_MEMBERS:
        raise ValueError(f"metadata: members: must be a whole number from 1 to {MAX_MEMBERS}")
    return count


def parse_metadata(metadata: dict[str, Any]) -> ModelDescription:
    """Return the description of a model; raise ``ValueError`` if the metadata are invalid."""
    try:
        architecture, task = _section(metadata, "model"), _section(metadata, "task")
        scaler = None if metadata["input"] is None else _section(metadata, "input")
        labels = metadata["labels"] or []
        if not isinstance(labels, list) or len(labels) > MAX_CLASSES:
            raise ValueError(f"metadata: labels: must be null or at most {MAX_CLASSES} labels")
        input_size = architecture.pop("input_size")
        if type(input_size) is not int:
            raise ValueError("metadata: model: input_size: must be a whole number")
        loss, output_size = task.pop("loss"), architecture.pop("output_size")
        valid_task = _validated(Task, "task", task | {"labels": labels})
        if (output_size, loss) != (valid_task.output_size, valid_task.loss):
            raise ValueError(
                f"{output_size} outputs and {loss} do not fit a {valid_task.kind} task with "
                f"{valid_task.output_size}"
            )
        return ModelDescription(
            _validated(Architecture, "model", architecture),
            input_size,
            valid_task,
            None if scaler is None else _validated(Scaler, "input", scaler),
            _validated(InputSpec, "rows", _section(metadata, "rows")),
            _intervals(metadata),
            num_members(metadata),
        )
    except KeyError as error:
        raise ValueError(f"the metadata have no {error}; the file is damaged") from None


def _intervals(metadata: dict[str, Any]) -> "Intervals | None":
    if "intervals" not in metadata:
        return None
    from rnncli.inference.intervals import Intervals

    intervals: Intervals = _validated(Intervals, "intervals", _section(metadata, "intervals"))
    return intervals


def _section(metadata: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a copy of a section; raise ``ValueError`` if it is not one."""
    section = metadata[name]
    if not isinstance(section, dict):
        raise ValueError(f"metadata: {name}: must be a section with keys")
    return dict(section)


def _validated(kind: Any, name: str, section: dict[str, Any]) -> Any:
    """Return a section as an object of its class; raise ``ValueError`` if it is invalid."""
    try:
        return adapter(kind).validate_python(section)
    except ValidationError as error:
        # The messages need the keys of all sections, which are loaded for no other reason here.
        from rnncli.config.messages import explain

        (_, message), *_ = explain(error.errors(include_url=False), kind)
        raise ValueError(f"metadata: {name}: {message}") from None
