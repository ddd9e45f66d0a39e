"""Prediction one time step at a time, with a state that is carried from one to the next."""

import numpy as np

from rnncli.datasets.numbers import number
from rnncli.datasets.scaling import scaled
from rnncli.errors import InputError
from rnncli.inference.model import Model, check_finite
from rnncli.inference.predictions import Predictions
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State


class Stream:
    """A model that is given one time step after the other.

    After t time steps its prediction is that for the sequence of these t time steps.

    Raises
    ------
    InputError
        The model reads its sequences in both directions, or pools its outputs: it cannot predict
        before a sequence has ended.
    """

    def __init__(self, model: Model) -> None:
        architecture = model.network.architecture
        if architecture.bidirectional:
            raise InputError("--stream: the model is bidirectional; a unidirectional one is needed")
        if architecture.pooling != "last":
            raise InputError(
                f"--stream: the model has pooling {architecture.pooling}; last is needed"
            )
        self.model = model
        self.unrolled = model.network.unroll(1, 1)
        self.reset()

    def reset(self) -> None:
        """Begin a new sequence."""
        self.state: State | None = None

    def step(self, values: Array) -> Predictions:
        """Take the features (D,) of the next time step, and return the prediction after it."""
        network, task = self.model.network, self.model.task
        x = scaled(values.reshape(1, 1, -1), self.model.scaler, network.parameters.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            z = self.unrolled.forward(Batch(x, initial_state=self.state)).T
        check_finite(z)
        self.state = self.unrolled.final_state()
        is_classification = task.kind != "regression"
        probabilities = task.probabilities(z) if is_classification else None
        return Predictions({}, task.decode(z), probabilities)


def parse_features(text: str, count: int) -> Array:
    """Return the numbers of a line (D,).

    Raises
    ------
    ValueError
        There are too few or too many values, or one is not a number.
    """
    actual_count = text.count(",") + 1  # A long text is not split only to be refused.
    if actual_count != count:
        raise ValueError(f"{actual_count} values; {count} features per time step were expected")
    return np.array([number(cell) for cell in text.split(",")])
