"""One step at a time: the state is carried on, and every step has an answer."""

import numpy as np

from rnncli.datasets.numbers import number
from rnncli.datasets.scaling import scaled
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.inference.predictions import Predictions
from rnncli.nn.arrays import Array


class Stream:
    """A model that is fed step by step.

    After t steps its answer is the one for the sequence of these t steps.

    Raises
    ------
    InputError
        The model reads its sequences in both directions, or all of their states: it can not answer
        before a sequence has ended.
    """

    def __init__(self, model: Model) -> None:
        architecture = model.network.architecture
        if architecture.bidirectional:
            raise InputError("--stream: the model reads sequences in both directions")
        if architecture.pooling != "last":
            raise InputError(f"--stream: the model reads the {architecture.pooling} of all states")
        self.model = model
        self.unrolled = model.network.unroll(1, 1)
        self.begin()

    def begin(self) -> None:
        """Begin a new sequence."""
        for layer in self.unrolled.layers:
            for state in layer.states_to_carry():
                state[...] = 0

    def step(self, values: Array) -> Predictions:
        """Take the features (D,) of the next step, and return the answer so far."""
        network, task = self.model.network, self.model.task
        x = scaled(values.reshape(1, 1, -1), self.model.scaler, network.parameters.dtype)
        self.unrolled.load(x)
        z = self.unrolled.forward().T.copy()
        for layer in self.unrolled.layers:
            layer.carry_on()
        classes = task.kind != "regression"
        return Predictions({}, task.decode(z), task.probabilities(z) if classes else None)


def numbers_of(text: str, count: int) -> Array:
    """Return the numbers of a line (D,).

    Raises
    ------
    ValueError
        Not so many numbers, separated by commas.
    """
    cells = text.split(",")
    if len(cells) != count:
        raise ValueError(f"{len(cells)} values; {count} features a step were expected")
    return np.array([number(cell) for cell in cells])
