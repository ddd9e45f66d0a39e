"""Gradients of a model on a batch: checked, explained, and traced through time."""

from collections.abc import Callable

from rnncli.analysis.model_batch import ModelBatch
from rnncli.blas import one_thread
from rnncli.errors import InputError
from rnncli.gradients.explain import Explanation, explain
from rnncli.gradients.gradcheck import TOLERANCES, ArrayCheck, gradcheck
from rnncli.gradients.trace import Trace, trace
from rnncli.suggestions import suggest


def check_gradients(
    model_batch: ModelBatch,
    method: str,
    num_entries: int | None = None,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> list[ArrayCheck]:
    """Check all arrays; see `rnncli.gradients.gradcheck.gradcheck`."""
    if method not in TOLERANCES:
        raise InputError(f"--method: '{method}' is not known; {suggest(method, TOLERANCES)}")
    with one_thread():
        return list(
            gradcheck(
                model_batch.network,
                model_batch.loss,
                model_batch.batch,
                method,
                num_entries,
                on_progress,
            )
        )


def explain_gradients(
    model_batch: ModelBatch, on_progress: Callable[[int, int], object] = lambda done, total: None
) -> Explanation | None:
    """Return where backpropagation is wrong; see `rnncli.gradients.explain.explain`."""
    with one_thread():
        return explain(model_batch.network, model_batch.loss, model_batch.batch, on_progress)


def trace_gradients(model_batch: ModelBatch) -> Trace:
    """Follow a batch through time; see `rnncli.gradients.trace.trace`."""
    frames = model_batch.model.input_spec.frames
    frame_length = 1 if frames is None else frames.length
    with one_thread():
        return trace(model_batch.network, model_batch.loss, model_batch.batch, frame_length)
