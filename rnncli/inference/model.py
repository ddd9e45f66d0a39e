"""A trained network with all that it takes to use it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncli.blas import threads_for
from rnncli.datasets.examples import Examples
from rnncli.datasets.inputs import InputSpec
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.scaling import Scaler, scaled
from rnncli.datasets.sequences import Sequences, check_features, padded
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.outputs import outputs
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network
from rnncli.nn.objective import UnrolledPool


@dataclass(frozen=True)
class Model:
    """A network, its task, and the scaling of its inputs.

    Attributes
    ----------
    network : Network
        The weights.
    task : Task
        Classes or values.
    scaler : Scaler or None
        Standardisation of the inputs, applied by every method.
    input_spec : InputSpec
        What its input looks like: features, length, and where a CSV row holds the label.
    """

    network: Network
    task: Task
    scaler: Scaler | None
    input_spec: InputSpec

    def outputs(self, x: Array | Sequence[Array], lengths: Array | None = None) -> Array:
        """Return the head's outputs (N, O), or (N, T, O) at every step, for raw sequences.

        Parameters
        ----------
        x : array (N, T, D), or list of arrays (T_i, D)
            Sequences as recorded. In an array, shorter ones stand at the end.
        lengths : array (N,), optional
            How many steps each sequence of an array has.

        Raises
        ------
        InputError
            `x` has another shape, or holds a value that is no usable number.
        """
        features = self.network.input_size
        try:
            if isinstance(x, list | tuple) and x and all(np.ndim(part) == 2 for part in x):
                x, lengths = padded([np.asarray(part) for part in x], "x")
            x = np.asarray(x)
        except (ValueError, IndexError) as error:
            raise InputError(f"x is no array of numbers ({error})") from None
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != features:
            raise InputError(f"x has shape {x.shape}; (N, T, {features}) was expected")
        if x.dtype.kind not in "fiub" or not (np.abs(x) <= LARGEST).all():
            raise InputError(
                f"x (type {x.dtype}) holds values that are no finite numbers up to {LARGEST:g}"
            )
        x = scaled(x, self.scaler, self.network.parameters.dtype, lengths)
        with threads_for(self.network.architecture.hidden_size):
            return outputs(UnrolledPool(self.network), x, lengths)

    def predict(self, x: Array | Sequence[Array]) -> Array:
        """Return the label (N,) of each sequence of `x` (N, T, D), or its values (N, K).

        A model with an answer at every step returns (N, T) or (N, T, K).
        """
        return self.task.decode(self.outputs(x))

    def predict_proba(self, x: Array | Sequence[Array]) -> Array:
        """Return the probability of each class (N, C), in the order of ``task.labels``.

        A model with an answer at every step returns (N, T, C).
        """
        if self.task.kind == "regression":
            raise InputError("a regression model gives values, no probabilities; use predict")
        return self.task.probabilities(self.outputs(x))

    def check_labels(self, sequences: Sequences) -> None:
        """Raise `InputError` unless labels are of what the model answers: sequences or steps."""
        every_step = self.network.architecture.predicts_every_step
        if every_step != sequences.per_step:
            raise InputError(
                f"{sequences.source}: has labels of {_whose(sequences.per_step)}; the model "
                f"answers for {_whose(every_step)}"
            )

    def examples(self, sequences: Sequences) -> Examples:
        """Return sequences standardised, with their targets, as the network takes them."""
        check_features(sequences, self.network.input_size)
        self.check_labels(sequences)
        dtype = self.network.parameters.dtype
        x = scaled(sequences.x, self.scaler, dtype, sequences.lengths)
        return Examples(x, self.task.encode(sequences, dtype), sequences.lengths)


def _whose(per_step: bool) -> str:
    return "steps" if per_step else "sequences"
