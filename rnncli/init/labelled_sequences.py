"""The config suggested for sequences with labels: one for each sequence, or for each time step."""

from collections import Counter

import numpy as np

from rnncli.datasets import Npz
from rnncli.datasets.files import FileData
from rnncli.datasets.labels import sorted_labels
from rnncli.datasets.mapped import chunks
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.datasets.task import MAX_CLASSES_INFERRED, infer_task
from rnncli.errors import InputError
from rnncli.init.labelled_texts import size_in_words
from rnncli.init.network_keys import (
    frames_keys,
    model_keys,
    model_keys_of_steps,
    model_keys_of_texts,
    training_keys,
    training_keys_of_others,
)
from rnncli.init.suggestion import SuggestedKey, Suggestion, missing_keys
from rnncli.init.test_file import test_file_of
from rnncli.nn.arrays import Array

# With a test file and fewer sequences than this, there is no validation split.
_FEW_SEQUENCES = 3000
# Features that share a range within this magnitude need not be standardized.
_MAX_UNSCALED = 32


def suggest_sequences(suggestion: Suggestion, section: FileData, kind: str) -> None:
    """Add the keys that do not depend on the format of labelled sequences."""
    sequences = section.read_file(section.path)
    test = test_file_of(section.path)
    first_keys = [SuggestedKey("kind", kind), SuggestedKey("path", section.path)]
    if isinstance(section, Npz) and section.label_path is not None:
        first_keys.append(SuggestedKey("label_path", section.label_path))
    if test is not None:
        first_keys.append(SuggestedKey("test_path", test, "`rnn evaluate` scores it"))
    suggestion.data[:0] = first_keys
    has_texts = sequences.vocabulary is not None
    size = size_in_words(sequences) if has_texts else _size_in_words(sequences)
    suggestion.findings[:0] = [size, *_labels_in_words(sequences)]
    missing = _count_missing(sequences)
    if test is not None:
        suggestion.findings.append(f"{test.name} in the same folder, for the test split")
        missing += _count_missing(section.read_file(test))
    labels = () if sequences.labels is None else np.unique(sequences.labels)
    distinct = sorted_labels({str(label) for label in labels})
    many_values = len(distinct) > MAX_CLASSES_INFERRED and all(
        isinstance(label, int) for label in distinct
    )
    declared = "regression" if many_values and not sequences.label_type else sequences.label_type
    is_regression = infer_task(sequences, declared).kind == "regression"
    if many_values:
        comment = f"{len(distinct)} different whole numbers"
        suggestion.data.append(SuggestedKey("task", "regression", comment))
        suggestion.uncertainties.append(
            "labels are guessed to be values; for classes, set data.task: classification"
        )
    if not has_texts:
        suggestion.data += _scaling_keys(suggestion, sequences, missing)
    count = len(sequences)
    skip_validation = count < 20 or (test is not None and count < _FEW_SEQUENCES)
    fraction = 0.0 if skip_validation else 0.1
    why = "fraction that chooses the best epoch"
    if skip_validation:
        why = "every sequence is trained on"
    suggestion.data.append(SuggestedKey("validation_fraction", fraction, why))
    num_train = count - round(count * fraction)
    if has_texts or sequences.per_step:
        of_model = model_keys_of_texts if has_texts else model_keys_of_steps
        suggestion.model += of_model(is_regression)
        suggestion.training += training_keys_of_others(num_train)
    else:
        suggestion.data += frames_keys(sequences.x.shape[1])
        facts = num_train, sequences.x.shape[1], is_regression
        suggestion.model += model_keys(*facts)
        suggestion.training += training_keys(*facts)


def _size_in_words(sequences: Sequences) -> str:
    count, sequence_length, features = sequences.x.shape
    lengths = "" if sequences.lengths is None else f"{int(sequences.lengths.min())} to "
    return (
        f"{count:,} sequences of {lengths}{sequence_length} time steps, {features} "
        f"feature{'s' * (features > 1)} per time step"
    )


def _labels_in_words(sequences: Sequences) -> list[str]:
    if sequences.labels is None:
        raise InputError(
            f"{sequences.source}: has no labels; a label for each sequence was expected"
        )
    labels = [str(label) for label in sequences.labels.ravel().tolist() if str(label)]
    counts = Counter(labels)
    what = "time steps" if sequences.per_step else "sequences"
    if len(counts) > 20:
        return [f"{len(counts)} different labels of {what}"]
    shown = ", ".join(f"{name} {counts[str(name)]}" for name in sorted_labels(counts, True))
    return [f"{len(counts)} labels of {what}: {shown}"]


def _count_missing(sequences: Sequences) -> int:
    return sum(int(np.isnan(chunk).sum()) for _, chunk in chunks(sequences.x))


def _scaling_keys(suggestion: Suggestion, sequences: Sequences, missing: int) -> list[SuggestedKey]:
    """Return the keys `missing` and `standardize`."""
    keys = missing_keys(suggestion, missing)
    deviations, low, high = _scale(sequences)
    same_range = np.ptp(low) == 0 and max(abs(low.min()), high.max()) <= _MAX_UNSCALED
    if same_range and deviations.min() < deviations.max() / 2:
        comment = f"all features range from {low.min():g} to {high.max():g}; some hardly vary"
        return [*keys, SuggestedKey("standardize", False, comment)]
    comment = "each feature to mean 0 and standard deviation 1"
    return [*keys, SuggestedKey("standardize", True, comment)]


def _scale(sequences: Sequences) -> tuple[Array, Array, Array]:
    """Return standard deviation, minimum and maximum (D,) of the first sequences' features."""
    chunk = next(chunks(sequences.x))[1]
    values = chunk.reshape(-1, chunk.shape[2])
    if sequences.lengths is not None:
        values = chunk[valid_steps(sequences.lengths, chunk.shape[1])]
    known = values[~np.isnan(values)]
    # Infinite numbers, and those whose squares are, are refused when the config is tried.
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.where(np.isnan(values), known.mean() if known.size else 0.0, values)
        return values.std(axis=0), values.min(axis=0), values.max(axis=0)
