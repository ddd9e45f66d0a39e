"""A config suggested for a synthetic task, which needs no file."""

from rnncli.datasets import DATA, SyntheticTask
from rnncli.init.suggestion import SuggestedKey, Suggestion, or_others
from rnncli.nn.cells import CELLS
from rnncli.training.optimizers import OPTIMIZERS


def suggest_synthetic() -> Suggestion:
    """Return a config of the sum-sign task."""
    tasks = [kind for kind, section in DATA.items() if issubclass(section, SyntheticTask)]
    return Suggestion(
        findings=["the sum-sign task: is the sum of ten random numbers positive?"],
        data=[
            SuggestedKey("kind", "sum_sign", f"{or_others(tasks, 'sum_sign')}; or your own file"),
            SuggestedKey("num_samples", 10_000, "sequences, those for validation included"),
            SuggestedKey("sequence_length", 10),
            SuggestedKey("validation_fraction", 0.1),
        ],
        model=[
            SuggestedKey("cell", "tanh", or_others(CELLS, "tanh")),
            SuggestedKey("hidden_size", 32),
        ],
        training=[
            SuggestedKey("num_epochs", 10),
            SuggestedKey("batch_size", 32),
            SuggestedKey(
                "optimizer", {"kind": "adam", "learning_rate": 3e-3}, or_others(OPTIMIZERS, "adam")
            ),
        ],
    )
