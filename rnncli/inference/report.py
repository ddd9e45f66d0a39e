"""The result of an evaluation."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any


@dataclass(frozen=True)
class Report:
    """Metrics of a model and of baselines on the same labels.

    Attributes
    ----------
    metrics : dict of str to float
        Metrics of the model by name.
    baselines : dict of str to dict
        The same metrics of each baseline: ``most_frequent`` for classes; ``mean`` for values, and
        ``persistence`` and perhaps ``seasonal_naive`` and ``autoregression`` for forecasts;
        ``unigram`` and ``ngram`` for language models.
    num_samples : int
        How many predictions were scored: sequences, or time steps with a label.
    classes : list of dict
        For each class its label, precision, recall, F1 and how often it occurs.
    confusion : list of list of int
        How often each true class (row) was predicted as each class (column).
    intervals : list of dict
        For each prediction interval its ``level``, ``coverage`` and ``mean_width``.
    """

    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    num_samples: int
    classes: list[dict[str, str | int | float]] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    intervals: list[dict[str, float]] = field(default_factory=list)

    @property
    def baseline(self) -> dict[str, Any]:
        """The metrics of the most frequent class or the mean; of all baselines of texts."""
        if "most_frequent" not in self.baselines and "mean" not in self.baselines:
            return self.baselines
        return self.baselines["mean" if "mean" in self.baselines else "most_frequent"]

    @property
    def best_baseline(self) -> str | None:
        """The name of the baseline with the lowest root mean squared error or, without, loss."""
        metric = "rmse" if "rmse" in self.metrics else "loss"
        return min(self.baselines, key=lambda name: self.baselines[name][metric], default=None)

    def as_dict(self) -> dict[str, Any]:
        """Return all attributes, the constant baseline and the best one, as plain values.

        An infinite loss is None, because JSON has no infinity.
        """
        metrics = {name: value if isfinite(value) else None for name, value in self.metrics.items()}
        return asdict(self) | {
            "metrics": metrics,
            "baseline": self.baseline,
            "best_baseline": self.best_baseline,
        }
