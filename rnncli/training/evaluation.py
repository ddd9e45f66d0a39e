"""How good a model is on labelled sequences."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rnncli.data.sequences import Sequences
from rnncli.training.model import Model
from rnncli.training.scores import Tally, baseline


@dataclass(frozen=True)
class Report:
    """Figures of a model, and of the best constant answer beside them."""

    metrics: dict[str, float]
    baseline: dict[str, float]
    num_samples: int


def evaluate(model: Model, parts: Iterable[Sequences]) -> Report:
    """Score a model on labelled sequences that come in parts."""
    tally, targets = Tally(model.task), []
    for part in parts:
        examples = model.examples(part)
        model.score(examples, tally)
        targets.append(examples.y)
    metrics = {"loss": tally.loss, model.task.metric: tally.figure}
    return Report(metrics, baseline(model.task, np.concatenate(targets)), tally.count)
