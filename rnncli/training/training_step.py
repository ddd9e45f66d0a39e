"""One training step: forward, loss, backward, clip and update."""

from math import sqrt

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks
from rnncli.nn.losses import BatchLoss, Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective
from rnncli.training.settings import Training


class TrainingStep:
    """The training steps of one network.

    Attributes
    ----------
    objective : Objective
        The loss as a function of the network's parameters.
    previous : array (P,)
        The parameters before the last update.
    """

    def __init__(self, network: Network, loss: Loss, settings: Training) -> None:
        self.network, self.settings = network, settings
        self.objective = Objective(network, loss)
        self.previous = network.parameters.copy()

    def gradient(
        self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT
    ) -> tuple[BatchLoss, float]:
        """Calculate the gradient of the mean loss; return the loss and the gradient's norm."""
        objective = self.objective
        loss = objective.forward(batch, dropout_masks)
        gradient = objective.backward(loss)
        return loss, sqrt(np.dot(gradient, gradient))

    def update(self, norm: float, slots: dict[str, Array], rate: float, step: int) -> None:
        """Clip the gradient, which has the given norm, and take a step, counted from 1."""
        parameters, gradient = self.network.parameters, self.objective.gradient
        clip = self.settings.clip_norm
        if clip is not None and norm > clip:
            gradient *= clip / norm
        self.previous[...] = parameters
        self.settings.optimizer.update(parameters, gradient, slots, rate, step)
