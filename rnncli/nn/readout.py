"""From the states of the top level to the head's features: last, mean or maximum, or every step.

``features`` ends with a row of ones, for the head's bias.
"""

from collections.abc import Callable

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.level import Level


class Readout:
    """The last states of all directions: features (F+1, B)."""

    def __init__(self, level: Level) -> None:
        self.level = level
        single = len(level.layers) == 1
        self.in_place = single and type(self) is Readout
        width = level.outputs.shape[1]
        self.features = (
            level.layers[0].last
            if self.in_place
            else np.ones((width + 1, level.batch), level.outputs.dtype)
        )

    def forward(self) -> Array:
        """Return the features."""
        if not self.in_place:
            self.features[:-1] = self.level.final()
        return self.features

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """Return the derivatives with respect to the last states (F, B) and all (T, F, B).

        Parameters
        ----------
        gradient : array (F, B)
            The loss's derivative with respect to the features, without the row of ones.
        """
        return gradient, None

    def steps_of(self) -> Array:
        """Return how many steps each sequence has (B,)."""
        level = self.level
        return np.full(level.batch, level.steps) if level.lengths is None else level.lengths


class Mean(Readout):
    """The mean of the states over a sequence's own steps."""

    def forward(self) -> Array:
        """Return the features."""
        # Before a sequence begins its states are zero.
        np.add.reduce(self.level.outputs, axis=0, out=self.features[:-1])
        self.features[:-1] /= self.steps_of()
        return self.features

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        return None, np.broadcast_to(gradient / self.steps_of(), self.level.outputs.shape)


class Max(Readout):
    """The largest value of each state over a sequence's own steps."""

    def forward(self) -> Array:
        """Return the features."""
        values = self.level.outputs.real
        mask = self.level.forward_layer.mask
        if mask is not None:
            values = np.where(mask.real > 0, values, -np.inf)
        self.places = values.argmax(axis=0)[np.newaxis]
        self.features[:-1] = np.take_along_axis(self.level.outputs, self.places, axis=0)[0]
        return self.features

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        upstream = np.zeros_like(self.level.outputs)
        np.put_along_axis(upstream, self.places, gradient[np.newaxis], axis=0)
        return None, upstream


class EveryStep(Readout):
    """Each state on its own: features (F+1, T*B), step by step."""

    def __init__(self, level: Level) -> None:
        self.level, self.in_place = level, False
        self.width = level.outputs.shape[1]
        shape = (self.width + 1, level.steps, level.batch)
        self.by_step = np.ones(shape, level.outputs.dtype)
        self.features = self.by_step.reshape(self.width + 1, -1)

    def forward(self) -> Array:
        """Return the features."""
        self.by_step[:-1] = self.level.outputs.transpose(1, 0, 2)
        return self.features

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        by_step = gradient.reshape(self.width, self.level.steps, self.level.batch)
        return None, by_step.transpose(1, 0, 2)


POOLINGS: dict[str, Callable[[Level], Readout]] = {"last": Readout, "mean": Mean, "max": Max}
OUTPUTS = ("sequence", "every_step")
