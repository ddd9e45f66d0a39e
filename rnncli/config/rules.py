"""Rules across several keys of a config, checked once each key is valid by itself.

A rule is a function from a config to the key at fault and what is wrong, or None. A new rule is a
function and a line in `RULES`.
"""

from collections.abc import Callable

from rnncli.config.config import Config
from rnncli.config.tree import KeyPath
from rnncli.datasets.table_data import TableData
from rnncli.training.optimizers import SGD

Problem = tuple[KeyPath, str]


def check_rules(config: Config) -> list[Problem]:
    """Return the path of each key that does not fit the other keys, and what is wrong."""
    problems = (rule(config) for rule in RULES)
    return [(path, f"{'.'.join(path)}: {text}") for path, text in filter(None, problems)]


def _has_validation(config: Config) -> bool:
    """Return whether the data has a validation split."""
    return bool(
        config.data.validation_fraction or getattr(config.data, "validation_path", None) is not None
    )


def _patience_needs_validation(config: Config) -> Problem | None:
    if config.training.patience is None or _has_validation(config):
        return None
    return (
        ("training", "patience"),
        "there is no validation split to monitor; set data.validation_fraction",
    )


def _nesterov_needs_momentum(config: Config) -> Problem | None:
    optimizer = config.training.optimizer
    if not isinstance(optimizer, SGD) or not optimizer.nesterov or optimizer.momentum:
        return None
    return (
        ("training", "optimizer", "nesterov"),
        "has no effect without momentum; give training.optimizer.momentum, such as 0.9",
    )


def _augmentations_are_different(config: Config) -> Problem | None:
    # Two of a kind would draw the same random numbers.
    kinds = [augmentation.kind for augmentation in config.training.augmentation]
    for index, kind in enumerate(kinds):
        if kind in kinds[:index]:
            return (
                ("training", "augmentation", str(index)),
                f"is a second {kind}; one of each kind was expected",
            )
    return None


def _text_keys_need_text_column(config: Config) -> Problem | None:
    data = config.data
    if not isinstance(data, TableData) or data.text_column is not None:
        return None
    for key in ("unit", "vocabulary_size", "lowercase"):
        if getattr(data, key) != getattr(TableData, key):
            return ("data", key), "is only for texts; give data.text_column, the column of the text"
    return None


def _text_is_one_per_row(config: Config) -> Problem | None:
    data = config.data
    if not isinstance(data, TableData) or data.text_column is None:
        return None
    for key in ("input_size", "sequence_column", "label_per", "frames", "frame_values"):
        if getattr(data, key) != getattr(TableData, key):
            return ("data", key), "does not apply with data.text_column, one text per row; omit it"
    return None


def _frames_need_a_label_per_sequence(config: Config) -> Problem | None:
    data = config.data
    if not isinstance(data, TableData) or data.label_per != "step" or data.frames is None:
        return None
    return (
        ("data", "frames"),
        "needs one label per sequence, and data.label_per is step; omit it",
    )


RULES: tuple[Callable[[Config], Problem | None], ...] = (
    _patience_needs_validation,
    _nesterov_needs_momentum,
    _augmentations_are_different,
    _text_keys_need_text_column,
    _text_is_one_per_row,
    _frames_need_a_label_per_sequence,
)
