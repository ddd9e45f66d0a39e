"""The prediction intervals of a model, from its residuals on the validation split."""

from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.inference.intervals import Intervals
from rnncli.inference.model import Model
from rnncli.inference.predictions import concatenated, decode_outputs, model_outputs


def validation_intervals(model: Model, validation: Sequences) -> Intervals | None:
    """Return the intervals of a regression model.

    They are None if the model's predictions for the validation split are not finite.
    """
    parts = []
    try:
        for batch in validation.in_memory():
            targets = model.targets(batch, float)
            z = model_outputs(model, batch)
            parts.append(decode_outputs(model, z, batch, 0, targets))
        predictions = concatenated(parts)
        return Intervals.fit(predictions.known_labels, predictions.values)
    except (InputError, ValueError):
        return None
