"""A trained network with all that it takes to use it."""

from dataclasses import dataclass

import numpy as np

from rnncli.blas import threads_for
from rnncli.data.inputs import Expected
from rnncli.data.numbers import LARGEST
from rnncli.data.scaling import Scaler, scaled
from rnncli.data.sequences import Sequences, check_features
from rnncli.data.task import Task
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.training.fit import Examples
from rnncli.training.inference import outputs, score
from rnncli.training.scores import Tally


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
    expected : Expected
        What its input looks like: features, length, and where a CSV row holds the label.
    """

    network: Network
    task: Task
    scaler: Scaler | None
    expected: Expected

    def outputs(self, x: Array) -> Array:
        """Return the head's outputs (N, O) for raw sequences (N, T, D).

        Raises
        ------
        InputError
            `x` has another shape, or holds a value that is not finite.
        """
        try:
            x = np.asarray(x)
        except ValueError as error:
            raise InputError(f"x is no array of numbers ({error})") from None
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != self.network.input_size:
            raise InputError(
                f"x has shape {x.shape}; (N, T, {self.network.input_size}) was expected"
            )
        if x.dtype.kind not in "fiub" or not (np.abs(x) <= LARGEST).all():
            raise InputError(
                f"x (type {x.dtype}) holds values that are no finite numbers up to {LARGEST:g}"
            )
        with threads_for(self.network.architecture.hidden_size):
            return outputs(self.network, scaled(x, self.scaler, self.network.parameters.dtype))

    def predict(self, x: Array) -> Array:
        """Return the label (N,) of each sequence of `x` (N, T, D), or its values (N, K)."""
        return self.task.decode(self.outputs(x))

    def predict_proba(self, x: Array) -> Array:
        """Return the probability of each class (N, C), in the order of ``task.labels``."""
        if self.task.kind == "regression":
            raise InputError("a regression model gives values, no probabilities; use predict")
        return self.task.probabilities(self.outputs(x))

    def examples(self, sequences: Sequences) -> Examples:
        """Return sequences standardised, with their targets, as the network takes them."""
        check_features(sequences, self.network.input_size)
        dtype = self.network.parameters.dtype
        return Examples(scaled(sequences.x, self.scaler, dtype), self.task.encode(sequences, dtype))

    def score(self, examples: Examples, tally: Tally) -> None:
        """Add examples to a tally."""
        with threads_for(self.network.architecture.hidden_size):
            score(self.network, LOSSES[self.task.loss], examples.x, examples.y, tally)
