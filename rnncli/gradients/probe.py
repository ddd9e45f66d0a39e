"""True derivatives along random directions, by complex steps, of single quantities of a network."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from rnncli.cores import num_cores, run_together
from rnncli.gradients.derivatives import COMPLEX_STEP
from rnncli.gradients.observed import Perturbation, PerturbedCell
from rnncli.memory import max_memory
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import ObservedObjective, bytes_of_unrolled

# Tolerances relative to the terms of a derivative, and to the largest gradient of the same cell.
_TOLERANCE, _ROUNDING = 1e-9, 1e-12
# Which part of the memory budget the networks on all cores may take.
_PART_OF_BUDGET = 8


class Comparison(NamedTuple):
    """A gradient to be compared with the true derivative along a direction.

    Attributes
    ----------
    perturbation : Perturbation
        A small step in this direction.
    terms : array
        The terms of the derivative, if the gradient is right: gradient times direction.
    scale : float
        The size of the gradients of the same cell, for the tolerance.
    """

    perturbation: Perturbation
    terms: Array
    scale: float


class Probe:
    """Compares gradients of the cells of a network with true derivatives along random directions.

    Parameters
    ----------
    network : Network
        The network, in double precision.
    loss, batch, masks
        What is differentiated.
    """

    def __init__(self, network: Network, loss: Loss, batch: Batch, masks: DropoutMasks) -> None:
        network = network.astype(complex)
        num_bytes = bytes_of_unrolled(network, batch.x.shape[1], len(batch))
        affordable = max_memory() // _PART_OF_BUDGET // num_bytes
        # A network for each core.
        self.objectives = [
            ObservedObjective(network, loss, batch, PerturbedCell)
            for _ in range(max(1, min(num_cores(), affordable)))
        ]
        self.batch, self.masks = batch, masks
        for objective in self.objectives:
            objective.forward(batch, masks)
            for cell in objective.unrolled.cells:
                assert isinstance(cell, PerturbedCell)
                cell.keep_states()
        self.rng = np.random.default_rng(0)

    def of_state(self, step: int, state: str, gradient: Array, scale: float) -> Comparison:
        """Return the comparison of `gradient` (H, B), that of a state of a cell after a step."""
        direction = self.rng.standard_normal(gradient.shape)
        perturbation = Perturbation(step, 1j * COMPLEX_STEP * direction, state)
        return Comparison(perturbation, direction * gradient, scale)

    def of_rows(
        self, number: int, step: int, rows: slice, gradient: Array, scale: float
    ) -> Comparison:
        """Return the comparison of `gradient` (H, B), that of rows of pre-activations of a cell."""
        direction = self.rng.standard_normal((len(gradient), 1))
        change = np.zeros(self.objectives[0].unrolled.cells[number].matrix.shape, complex)
        change[rows, -1:] = 1j * COMPLEX_STEP * direction
        return Comparison(Perturbation(step, change, None), direction * gradient, scale)

    def agree(self, number: int, comparisons: Sequence[Comparison]) -> list[bool]:
        """Return for each comparison whether a cell's gradient is right; on several cores."""
        results = [False] * len(comparisons)

        def compare(places: range, objective: ObservedObjective) -> None:
            for place in places:
                results[place] = self._agrees(objective, number, comparisons[place])

        num_at_once = len(self.objectives)
        tasks: list[Callable[[], None]] = [
            partial(compare, range(first, len(comparisons), num_at_once), objective)
            for first, objective in enumerate(self.objectives)
        ]
        run_together(tasks)
        return results

    def _agrees(self, objective: ObservedObjective, number: int, comparison: Comparison) -> bool:
        cell = objective.unrolled.cells[number]
        assert isinstance(cell, PerturbedCell)
        cell.perturbation = comparison.perturbation
        true = objective.forward(self.batch, self.masks).mean.imag / COMPLEX_STEP
        cell.perturbation = None
        terms = comparison.terms
        tolerance = max(_TOLERANCE * float(np.abs(terms).sum()), _ROUNDING * comparison.scale)
        return bool(abs(true - terms.sum()) <= tolerance)
