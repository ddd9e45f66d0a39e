"""Models whose predictions are averaged."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncli.datasets.labels import listed
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Ensemble(Model):
    """Several models of one task, used as one model: their predictions are averaged.

    Probabilities of classes and values in the units of the data are averaged. Each model
    standardizes its inputs itself. The attributes of `Model` are those of the first one.

    Attributes
    ----------
    models : tuple of Model
        The models, at least two; `difference` finds nothing between the first and any other.
    """

    models: tuple[Model, ...] = ()

    @property
    def parts(self) -> tuple[Model, ...]:
        """The models."""
        return self.models

    def outputs_of(self, x: Array, lengths: Array | None) -> Array:
        """Return the combined outputs for valid sequences; see `Model.outputs_of`, `combine`."""
        return self.combine(model.outputs_of(x, lengths) for model in self.models)

    def combine(self, outputs: Iterable[Array]) -> Array:
        """Return the outputs (..., O) that stand for the mean of the models' predictions.

        For classes they are the logarithms of the mean probabilities, whose softmax is the mean
        itself; for two classes their difference, the logit of the mean. For values they are the
        mean of the decoded values, in the scale of the first model.

        Parameters
        ----------
        outputs : iterable of array (..., O)
            Those of each model, in order.
        """
        if self.task.kind == "regression":
            return self._mean_values(outputs)
        total: Array | None = None
        for z in outputs:
            logs = self.task.log_probabilities(z.astype(float))
            total = logs if total is None else np.logaddexp(total, logs, out=total)
        assert total is not None
        total -= np.log(len(self.models))
        return total[..., 1:] - total[..., :1] if self.task.kind == "binary" else total

    def _mean_values(self, outputs: Iterable[Array]) -> Array:
        decoded = (m.task.decode(z) for m, z in zip(self.models, outputs, strict=True))
        mean = sum(decoded, np.zeros(1)) / len(self.models)
        encoded: Array = (mean - self.task.target_mean) / np.asarray(self.task.target_std)
        return encoded


def averaged(models: Sequence[Model]) -> Model:
    """Return one model that averages the predictions of all; a single model as it is."""
    first = models[0]
    if len(models) == 1:
        return first
    return Ensemble(first.network, first.task, first.scaler, first.input_spec, models=tuple(models))


def difference(first: Model, second: Model) -> str | None:
    """Return why predictions of two models cannot be averaged: what each has; None if they can."""
    for value_of, describe in _COMPARED:
        if value_of(first) != value_of(second):
            return f"{describe(first)} and {describe(second)}"
    return None


def _every_step(model: Model) -> bool:
    return model.network.architecture.predicts_every_step


def _prediction(model: Model) -> str:
    task, unit = model.task, "time step" if _every_step(model) else "sequence"
    if task.is_language_model:
        return "a language model"
    if task.kind == "regression":
        return f"{task.output_size} predicted values per {unit}"
    return f"{len(task.labels)} classes per {unit}"


def _inputs(model: Model) -> str:
    spec = model.input_spec
    if spec.vocabulary is not None:
        return "inputs of text"
    return f"{spec.input_size} features per time step"


def _vocabulary(model: Model) -> str:
    vocabulary = model.input_spec.vocabulary
    return "no vocabulary" if vocabulary is None else f"a vocabulary of {len(vocabulary)} symbols"


def _columns(model: Model) -> str:
    columns = model.input_spec.columns
    return "no named columns" if columns is None else f"the columns {listed(columns)}"


def _windows(model: Model) -> str:
    windows = model.input_spec.windows
    if windows is None:
        return "no windows of a table"
    return (
        f"windows of {windows.sequence_length} rows ({listed(windows.features)}) relative to "
        f"{windows.relative} with {windows.horizon} rows to forecast ({listed(windows.targets)})"
    )


# What two models must have in common, and how a message describes it.
_COMPARED: tuple[tuple[Callable[[Model], Any], Callable[[Model], str]], ...] = (
    (lambda model: (model.task.kind, model.task.output_size, _every_step(model)), _prediction),
    (lambda model: model.task.labels, lambda model: f"the classes {listed(model.task.labels)}"),
    (lambda model: (model.input_spec.input_size, model.input_spec.vocabulary is None), _inputs),
    (lambda model: model.input_spec.vocabulary, _vocabulary),
    (lambda model: model.input_spec.columns, _columns),
    (lambda model: model.input_spec.windows, _windows),
)
