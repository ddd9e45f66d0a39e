"""The recurrent layers of a network, unrolled, and the order in which they are calculated.

Both passes are lists of tasks, each with the tasks that it needs. Their order in the list is the
order on one core; on several cores those that do not need each other run at the same time. A chunk
of time steps is a task for each cell: while one core works on a chunk of a layer, another one works
on the chunk before it in the next layer, or sums up the gradient of the weights. Every number is
calculated in the same way on any number of cores.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import pairwise

from rnncli.cores import Task, run_tasks
from rnncli.nn.arrays import Array
from rnncli.nn.chunks import ALL_STEPS, chunks, chunks_per_sum, joined
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.layer import UnrolledLayer


class UnrolledStack:
    """The layers of a network, from the first one up.

    Parameters
    ----------
    layers : sequence of UnrolledLayer
        The layers.
    on_several_cores : bool
        Whether a time step is large enough for several cores.

    Attributes
    ----------
    max_cores : int
        How many cores can work at the same time: for each cell, one on its pass and one on the
        gradient of its weights.
    """

    def __init__(self, layers: Sequence[UnrolledLayer], on_several_cores: bool) -> None:
        self.layers, self.has_dropout_masks = layers, False
        # A layer with two directions is complete when both have read all time steps.
        in_chunks = on_several_cores and len(layers[0].cells) == 1
        self.chunks = chunks(layers[0].sequence_length) if in_chunks else [ALL_STEPS]
        num_cells = len(layers) * len(layers[0].cells)
        self.on_several_cores = on_several_cores and num_cells * len(self.chunks) > 1
        self.max_cores = 2 * num_cells if self.on_several_cores else 1
        for layer, above in pairwise(layers):
            layer.set_output_gradients(None, above.grad_inputs)
        self.forward_tasks = self._forward_tasks()
        self.backward_tasks = self._backward_tasks(to_inputs=False)
        self.backward_tasks_to_inputs = self._backward_tasks(to_inputs=True)

    def forward(self, x: Array, dropout_masks: DropoutMasks) -> None:
        """Fill the outputs of all layers.

        Parameters
        ----------
        x : array (T, D, B)
            What the first layer reads.
        dropout_masks : DropoutMasks
            Those of the layers apply to what the next one reads.
        """
        if dropout_masks.layers or self.has_dropout_masks:
            self.has_dropout_masks = bool(dropout_masks.layers)
            masks: Sequence[Array | None] = dropout_masks.layers or [None] * (len(self.layers) - 1)
            for layer, mask in zip(self.layers[1:], masks, strict=True):
                layer.dropout_mask = mask
        self.layers[0].set_inputs(x)
        self._run(self.forward_tasks)
        self.layers[-1].join_outputs()

    def backward(
        self, grad_final: Array | None, grad_outputs: Array | None, to_inputs: bool
    ) -> None:
        """Fill the gradients of all cells.

        Parameters
        ----------
        grad_final, grad_outputs : array or None
            The gradients of the last layer: see `UnrolledLayer.set_output_gradients`.
        to_inputs : bool
            Whether to fill `grad_inputs` of the first layer too.
        """
        self.layers[-1].set_output_gradients(grad_final, grad_outputs)
        self._run(self.backward_tasks_to_inputs if to_inputs else self.backward_tasks)

    def _run(self, tasks: "_Tasks") -> None:
        if self.on_several_cores:
            run_tasks(tasks)
        else:
            for task in tasks.values():
                task.run()

    def _forward_tasks(self) -> "_Tasks":
        tasks = _Tasks()
        # One layer alone goes from chunk to chunk, with nothing to do at the same time.
        parts = self.chunks if len(self.layers) > 1 else [ALL_STEPS]
        for below, layer in zip([None, *self.layers], self.layers, strict=False):
            for part, steps in enumerate(parts):
                if below is not None:
                    outputs = [(cell, part) for cell in below.cells]
                    tasks.add((layer, part), partial(layer.read, below, steps), outputs)
                for cell in layer.cells:
                    needed = [(layer, part), (cell, part - 1)]
                    tasks.add((cell, part), partial(cell.forward, steps), needed)
        return tasks

    def _backward_tasks(self, to_inputs: bool) -> "_Tasks":
        tasks = _Tasks()
        downwards = self.layers[::-1]
        for above, layer in zip([None, *downwards], downwards, strict=False):
            for part, steps in enumerate(reversed(self.chunks)):
                for cell in layer.cells:
                    needed = [(above, part), (cell, part - 1)]
                    tasks.add((cell, part), partial(cell.backward, steps), needed)
                if to_inputs or layer is not self.layers[0]:
                    cells = [(cell, part) for cell in layer.cells]
                    tasks.add((layer, part), partial(layer.backward_to_inputs, steps), cells)
        # Nothing waits for these, so they come last.
        count = chunks_per_sum(self.chunks, self.layers[0].batch_size)
        for cell in (cell for layer in downwards for cell in layer.cells):
            for part, steps in enumerate(reversed(joined(self.chunks, count))):
                last_chunk = min((part + 1) * count, len(self.chunks)) - 1
                before = (cell, last_chunk), ("sum", cell, part - 1)
                tasks.add(("sum", cell, part), partial(cell.sum_gradient, steps), before)
        return tasks


class _Tasks(dict[Hashable, Task]):
    """Tasks in the order in which one core runs them.

    The keys are a cell and the number of a chunk, for its pass; a layer and such a number, for its
    inputs or their gradient; and ``"sum"``, a cell and a number, for the gradient of its weights.
    """

    def add(self, key: Hashable, run: Callable[[], object], needed: Iterable[Hashable]) -> None:
        """Append a task; what it needs and does not exist, such as a layer below, is left out."""
        self[key] = Task(run, [other for other in needed if other in self])
