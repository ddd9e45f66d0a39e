"""Evaluation of a language model on a text, beside n-grams."""

from math import exp, log

import numpy as np

from rnncli.blas import one_thread
from rnncli.datasets.grammars import Language
from rnncli.datasets.streams import Streams
from rnncli.datasets.text import Text
from rnncli.datasets.vocabulary import Unit
from rnncli.inference.grammar_metrics import grammar_metrics
from rnncli.inference.metric_sums import MetricSums
from rnncli.inference.model import Model
from rnncli.inference.outputs import stream_losses
from rnncli.inference.report import Report
from rnncli.nn.losses import LOSSES
from rnncli.nn.objective import Objective

# The orders of the n-grams that are compared, by the unit of their symbols.
_MAX_ORDERS: dict[Unit, int] = {"char": 6, "word": 3}
# The n-grams are counted in the last part of a long text, which bounds time and memory.
_MAX_COUNTED = 5_000_000


def evaluate_text(
    model: Model, text: Text, train: Text | None = None, language: Language | None = None
) -> Report:
    """Score a language model on a text.

    Losses are means over all predicted symbols, in nats.

    Parameters
    ----------
    model : Model
        A language model.
    text : Text
        The text.
    train : Text, optional
        The training split, in which the baselines count. ``unigram`` and ``ngram`` are Witten-Bell
        n-grams of order 1 and of the best order.
    language : Language, optional
        The grammar whose words the text consists of; adds the metrics of `grammar_metrics`.

    Raises
    ------
    InputError
        The text does not consist of words of the grammar.
    """
    network, vocabulary = model.network, model.input_spec.vocabulary
    assert vocabulary is not None
    streams = model.examples(text)
    assert isinstance(streams, Streams)
    sums = MetricSums(model.task)
    objective = Objective(network, LOSSES[model.task.loss])
    predicted = np.zeros(0 if language is None else len(text.symbols), np.uint16)
    with one_thread():
        for window, value in stream_losses(objective, streams):
            sums.add(value.losses, value.outputs, value.targets)
            if language is not None:
                # Predictions are ordered by time step.
                positions = window.positions.T[window.has_target.T]
                predicted[positions + 1] = value.outputs.argmax(axis=0)
    unit = vocabulary.unit
    metrics = {"loss": sums.loss} | _figure(sums.loss, unit) | {"accuracy": sums.metric}
    if language is not None:
        metrics |= grammar_metrics(language, text, vocabulary, predicted, sums.loss)
    baselines: dict[str, dict[str, float]] = {}
    if train is not None:
        losses = _ngram_losses(train, text, model.task.num_symbols, _MAX_ORDERS[unit])
        best = int(np.argmin(losses))
        for name, index in (("unigram", 0), ("ngram", best)):
            loss = losses[index]
            baselines[name] = {"order": index + 1, "loss": loss} | _figure(loss, unit)
    return Report(metrics, baselines, sums.count)


def _figure(loss: float, unit: Unit) -> dict[str, float]:
    """Return bits per character or the perplexity for a loss in nats."""
    return {"bits_per_character": loss / log(2)} if unit == "char" else {"perplexity": exp(loss)}


def _ngram_losses(train: Text, text: Text, num_symbols: int, max_order: int) -> list[float]:
    """Return the losses of Witten-Bell n-grams of each order on a text."""
    from rnncli.inference.ngrams import witten_bell_losses

    counted, predicted = train.predicted(_MAX_COUNTED), text.predicted(_MAX_COUNTED)
    losses: list[float] = witten_bell_losses(counted, predicted, num_symbols, max_order).tolist()
    return losses
