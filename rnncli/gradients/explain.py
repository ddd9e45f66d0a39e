"""The first difference between backpropagation and the true derivatives, going back from the loss.

A wrong gradient of the weights is a sum over all time steps, which hides where the
mistake is. So each quantity of the backward pass is compared with its true derivative: the gradient
of every state, of every block of pre-activations, and only then the sums. The first wrong one is
where the mistake is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import numpy as np

from rnncli.gradients import formulas, mistakes
from rnncli.gradients.derivatives import complex_step, output_gradient
from rnncli.gradients.gradcheck import differentiable, dropout_masks
from rnncli.gradients.observed import ObservedCell
from rnncli.gradients.probe import Comparison, Probe
from rnncli.gradients.trace import run_observed
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import Blocks
from rnncli.nn.dropout import apply_mask
from rnncli.nn.input_stage import EMBEDDING
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import ObservedObjective
from rnncli.nn.unrolled import UnrolledNetwork

_FROM_ABOVE = "the gradient from above (the head or the next layer) is wrong"


@dataclass(frozen=True)
class Explanation:
    """The first quantity, going back from the loss, that is not the true derivative.

    Attributes
    ----------
    array : str
        Its name: ``dL/dh``, ``dL/dz``, or the name of a gradient.
    layer : str or None
        The direction of a layer, ``l0``; None for the head and the inputs.
    step : int or None
        The time step, counted from 1; 0 for the initial state; None for sums over all time steps.
    steps : int
        How many time steps there are.
    cause : str or None
        The mistake that explains its values; None if no known mistake does.
    unknown_cell : str or None
        The kind of the cell, if its formulas are not known, so that no cause can be named.
    """

    array: str
    layer: str | None
    step: int | None
    steps: int
    cause: str | None
    unknown_cell: str | None = None


def explain(
    network: Network,
    loss: Loss,
    batch: Batch,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> Explanation | None:
    """Return where backpropagation goes wrong, or None if all quantities are correct.

    Parameters
    ----------
    network, loss, batch
        See `rnncli.gradients.gradcheck.gradcheck`.
    on_progress : callable
        Called after each time step of each cell with the number of those done and of all; the
        initial state counts as a time step.
    """
    batch = replace(batch, y=batch.targets.astype(float))
    masks = dropout_masks(network, len(batch))
    network = differentiable(network, batch, masks)
    objective = ObservedObjective(network.astype(float), loss, batch, ObservedCell)
    run_observed(objective, batch, masks)
    unrolled = objective.unrolled
    expected = output_gradient(complex_step, loss, unrolled.outputs.astype(complex), batch.targets)
    with np.errstate(all="ignore"):
        explanation = _explain_head(unrolled, expected)
        probe = Probe(network, loss, batch, masks)
        total, steps_done = len(unrolled.cells) * (unrolled.sequence_length + 1), count(1)

        def on_step() -> None:
            on_progress(next(steps_done), total)

        for number in reversed(range(len(unrolled.cells))):
            if explanation is None:
                cell = unrolled.cells[number]
                assert isinstance(cell, ObservedCell)
                name = network.layout.cell_names[number]
                explanation = _CellExplainer(name, cell, number, probe).explain(on_step)
        return explanation or _explain_inputs(unrolled) or _explain_embedding(unrolled, expected)


def _explain_head(unrolled: UnrolledNetwork, expected: Array) -> Explanation | None:
    """Explain a mistake at the head, given the expected gradient of the outputs."""
    mask = unrolled.dropout_masks.head

    def gradients(
        grad_outputs: Array, head: Array, features: Array, mask: Array | None = mask
    ) -> dict[str, Array]:
        grad_head = grad_outputs @ features.T
        grad_features = head[:, :-1].T @ grad_outputs
        if mask is not None:
            apply_mask(grad_features, mask, out=grad_features)
        return {
            "dL/d(features)": grad_features,
            "head.weight": grad_head[:, :-1],
            "head.bias": grad_head[:, -1],
        }

    head, features = unrolled.parameters.head, unrolled.features
    grad_head = unrolled.gradient.head
    calculated = (unrolled.grad_features, grad_head[:, :-1], grad_head[:, -1])
    magnitudes = gradients(np.abs(expected), np.abs(head), np.abs(features))
    known = [
        (cause, gradients(wrong, head, features))
        for cause, wrong in mistakes.output_mistakes(expected, unrolled.outputs)
    ]
    known.append(("the dropout mask is left out", gradients(expected, head, features, None)))
    expected_gradients = gradients(expected, head, features)
    for (name, gradient), values in zip(expected_gradients.items(), calculated, strict=True):
        if name == "head.weight" and unrolled.ties_weights:
            continue  # It is also the gradient of the embedding, which is explained last.
        if not mistakes.equal(values, gradient, magnitudes[name]):
            candidates = ((cause, arrays[name]) for cause, arrays in known)
            cause = mistakes.diagnose(values, gradient, candidates)
            return Explanation(name, None, None, unrolled.sequence_length, cause)
    return None


def _explain_inputs(unrolled: UnrolledNetwork) -> Explanation | None:
    cells = unrolled.layers[0].cells
    parts = [np.matmul(cell.input_weights.T, cell.dz) for cell in cells]
    expected = sum(part[:: -1 if number else 1] for number, part in enumerate(parts))
    if unrolled.last_inputs is not None:
        through_head = unrolled.last_inputs.backward_to_inputs(unrolled.grad_features)
        expected[-len(through_head) :] += through_head
    magnitudes = np.array([np.abs(cell.input_weights.T) @ np.abs(cell.dz) for cell in cells])
    if mistakes.equal(unrolled.grad_inputs, expected, magnitudes):
        return None
    cause = mistakes.diagnose(unrolled.grad_inputs, expected, iter(()))
    return Explanation("input", None, None, unrolled.sequence_length, cause)


def _explain_embedding(unrolled: UnrolledNetwork, grad_outputs: Array) -> Explanation | None:
    """Explain a mistake in the embedding, given the expected gradient of the outputs."""
    gradient = unrolled.gradient.input_stage.get(EMBEDDING)
    if gradient is None:
        return None
    symbols = unrolled.x[:, :, 0].T.ravel()
    vectors = unrolled.grad_inputs.transpose(0, 2, 1).reshape(len(symbols), -1)
    of_inputs, of_last_inputs = np.zeros(gradient.shape), np.zeros(gradient.shape)
    np.add.at(of_inputs, symbols, vectors)
    of_last_inputs[symbols] = vectors
    of_head = np.zeros(gradient.shape)
    if unrolled.ties_weights:
        of_head = grad_outputs @ unrolled.features[:-1].T
    expected = of_inputs + of_head
    if mistakes.equal(gradient, expected):
        return None
    only_one = "tied weights have only the gradient of the"
    candidates = [
        ("the gradients of a symbol that occurs again are not added", of_last_inputs + of_head),
        (f"{only_one} head", of_head),
        (f"{only_one} embedding", of_inputs),
    ]
    cause = mistakes.diagnose(gradient, expected, iter(candidates))
    name = "head.weight" if unrolled.ties_weights else EMBEDDING
    return Explanation(name, None, None, unrolled.sequence_length, cause)


class _CellExplainer:
    """Compares the backward pass of one cell with the true derivatives.

    Parameters
    ----------
    name : str
        ``l0``, ``l1_reverse``.
    cell : ObservedCell
        The cell after its backward pass.
    number : int
        Its index among the network's cells.
    probe : Probe
        The source of the true derivatives.
    """

    def __init__(self, name: str, cell: ObservedCell, number: int, probe: Probe) -> None:
        self.name, self.cell, self.number, self.probe = name, cell, number, probe
        self.sequence_length = len(cell.outputs)
        known = type(cell.cell) in formulas.FORMULAS
        self.unknown_cell = None if known else cell.cell.kind

    def explain(self, on_step: Callable[[], None]) -> Explanation | None:
        """Return the first quantity that is wrong; call `on_step` after each time step."""
        for step in reversed(range(-1, self.sequence_length)):
            wrong = self._wrong_quantity(step)
            if wrong is not None:
                in_time = (
                    self.sequence_length - step if self.name.endswith("_reverse") else step + 1
                )
                return self._explanation(wrong[0], 0 if step < 0 else in_time, wrong[1])
            on_step()
        return self._wrong_sum()

    def _explanation(self, array: str, step: int | None, cause: str | None) -> Explanation:
        unknown = self.unknown_cell if cause is None else None
        return Explanation(array, self.name, step, self.sequence_length, cause, unknown)

    def _wrong_quantity(self, step: int) -> tuple[str, str | None] | None:
        """Return the first wrong state or block of a time step, and the cause; None if none is."""
        cell = self.cell
        comparisons, diagnoses = list[Comparison](), list[Callable[[], tuple[str, str | None]]]()
        for state, gradients in cell.grad_states.items():
            calculated = gradients[step] if step >= 0 else cell.grad_initial[state]
            comparisons.append(self.probe.of_state(step, state, calculated, _largest(gradients)))
            diagnoses.append(partial(self._wrong_state, step, state, calculated))
        for block in range(cell.cell.num_blocks if step >= 0 else 0):
            rows = slice(block * cell.hidden_size, (block + 1) * cell.hidden_size)
            calculated, scale = cell.dz[step, rows], _largest(cell.dz)
            comparisons.append(self.probe.of_rows(self.number, step, rows, calculated, scale))
            diagnoses.append(partial(self._wrong_block, step, block, calculated))
        agreements = self.probe.agree(self.number, comparisons)
        wrong = (
            diagnosis for diagnosis, agrees in zip(diagnoses, agreements, strict=True) if not agrees
        )
        return next((diagnosis() for diagnosis in wrong), None)

    def _wrong_state(self, step: int, state: str, calculated: Array) -> tuple[str, str | None]:
        if state == "state":
            return "dL/dh", self._cause_in_state(step, calculated)
        return f"dL/d{state[0]}", self._cause_in_other_state(step, calculated)

    def _cause_in_state(self, step: int, calculated: Array) -> str | None:
        if step == self.sequence_length - 1:
            return _FROM_ABOVE
        terms = formulas.state_terms(self.cell, step)
        if terms is None:
            return None
        later = calculated - self.cell.grad_from_above[step] if step >= 0 else calculated
        expected = sum(terms.values(), np.zeros_like(calculated))
        if mistakes.equal(later, expected):
            return _FROM_ABOVE
        candidates = formulas.state_mistakes(self.cell, step, terms)
        return mistakes.diagnose(later, expected, candidates)

    def _cause_in_other_state(self, step: int, calculated: Array) -> str | None:
        factors = None
        if step < self.sequence_length - 1:
            factors = formulas.cell_state_factors(self.cell, step)
        if factors is None:
            return None
        expected = mistakes.product(factors)
        return mistakes.diagnose(calculated, expected, mistakes.factor_mistakes(factors))

    def _wrong_block(self, step: int, block: int, calculated: Array) -> tuple[str, str | None]:
        cell = self.cell
        known = formulas.block_factors(cell, step)
        if known is None:
            return f"dL/dz of block {block}" if cell.cell.num_blocks > 1 else "dL/dz", None
        gate, factors = list(known.items())[block]
        candidates = mistakes.factor_mistakes(factors)
        cause = mistakes.diagnose(calculated, mistakes.product(factors), candidates)
        return f"dL/dz of {gate}" if gate else "dL/dz", cause

    def _wrong_sum(self) -> Explanation | None:
        cell = self.cell
        previous = cell.states[:-1].transpose(0, 2, 1)
        expected_matrix = (cell.dz @ previous).sum(axis=0)
        magnitudes = (np.abs(cell.dz) @ np.abs(previous)).sum(axis=0)

        def array_of(matrix: Array, name: str) -> Array:
            named = cell.cell.named(cell.gradient._replace(matrix=matrix))
            return np.concatenate(named[name])

        in_matrix = [n for n, array in cell.cell.arrays.items() if isinstance(array, Blocks)]
        for name in sorted(in_matrix, key=lambda name: name != "weight_hh"):
            calculated = array_of(cell.gradient.matrix, name)
            expected = array_of(expected_matrix, name)
            if not mistakes.equal(calculated, expected, array_of(magnitudes, name)):
                known = mistakes.sum_mistakes(cell)
                candidates = ((cause, array_of(wrong, name)) for cause, wrong in known)
                cause = mistakes.diagnose(calculated, expected, candidates)
                return self._explanation(f"rnn.{name}_{self.name}", None, cause)
        return self._wrong_vector()

    def _wrong_vector(self) -> Explanation | None:
        for name, blocks in formulas.vector_factors(self.cell).items():
            calculated = self.cell.gradient.vectors[name]
            expected = mistakes.vector_gradient(blocks)
            magnitudes = mistakes.vector_gradient(
                [[{"": np.abs(mistakes.product(factors))}] for factors in blocks]
            )
            if not mistakes.equal(calculated, expected, magnitudes):
                candidates = mistakes.vector_mistakes(blocks)
                cause = mistakes.diagnose(calculated, expected, candidates)
                return self._explanation(f"rnn.{name}_{self.name}", None, cause)
        return None


def _largest(values: Array) -> float:
    return float(np.abs(values).sum(axis=(1, 2)).max())
