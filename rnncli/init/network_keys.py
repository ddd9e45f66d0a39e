"""The keys of a network for labelled sequences and of its training, by the size of the data."""

from rnncli.datasets.files import FileData
from rnncli.init.suggestion import SuggestedKey, or_others
from rnncli.nn.cells import CELLS
from rnncli.training.optimizers import OPTIMIZERS
from rnncli.training.resolved import suitable_batch_size

# Below this number of sequences, the network is trained in small batches; and it has one layer, if
# the sequences are short.
_FEW_SEQUENCES = 500
# What configs of files prefer where they do not state it.
_MODEL, _TRAINING = FileData.defaults["model"], FileData.defaults["training"]
# Longer sequences are read as at most this many frames.
_MAX_STEPS = FileData.defaults["data"]["frames"]
# The number of optimizer steps: for each sequence so many, and at least and at most so many.
_UPDATES_PER_SEQUENCE, _FEWEST_UPDATES, _MOST_UPDATES = 10, _TRAINING["num_updates"], 1800
# With very few sequences there are fewer steps, so that training takes seconds: at most so many
# epochs of short sequences, and for each time step of long ones so many epochs.
_MOST_EPOCHS, _MOST_EPOCHS_OF_REGRESSION, _MOST_EPOCHS_PER_STEP = 100, 60, 1.1
# With a label for each time step, or for texts: these steps of batches of this size.
_UPDATES_OF_OTHERS, _BATCH_SIZE_OF_OTHERS = 1800, 32
_MIN_EPOCHS, _MAX_EPOCHS_OF_OTHERS = _TRAINING["num_epochs"], 100


def frames_keys(sequence_length: int) -> list[SuggestedKey]:
    """Return the key `frames` for long sequences."""
    if sequence_length <= _MAX_STEPS:
        return []
    length = -(-sequence_length // _MAX_STEPS)
    comment = f"{length} time steps each, averaged; more keep details, and are slower"
    return [SuggestedKey("frames", _MAX_STEPS, comment)]


def model_keys(count: int, sequence_length: int, is_regression: bool) -> list[SuggestedKey]:
    """Return the keys of a network for sequences of numbers with a label each."""
    is_deep = not is_regression and (count >= _FEW_SEQUENCES or sequence_length > _MAX_STEPS)
    rate = 0.5 if count >= _FEW_SEQUENCES else 0.3
    dropout = [SuggestedKey("dropout", rate, "between the layers")]
    return [
        *_cell_keys(),
        SuggestedKey("num_layers", 2 if is_deep else 1),
        _bidirectional(),
        *(dropout if is_deep else []),
        SuggestedKey(
            "head_dropout", _MODEL["head_dropout"], "less if the training loss stays high"
        ),
        SuggestedKey("pooling", _MODEL["pooling"], "what the head reads of all time steps"),
    ]


def training_keys(count: int, sequence_length: int, is_regression: bool) -> list[SuggestedKey]:
    """Return the training keys for a number of sequences of numbers with a label each."""
    if count >= _FEW_SEQUENCES:
        return training_keys_of_others(count)
    batch_size = suitable_batch_size(count)
    updates = min(_MOST_UPDATES, max(_FEWEST_UPDATES, _UPDATES_PER_SEQUENCE * count))
    most_epochs = _MOST_EPOCHS_OF_REGRESSION if is_regression else _MOST_EPOCHS
    if sequence_length > _MAX_STEPS:
        most_epochs = round(_MOST_EPOCHS_PER_STEP * sequence_length)
    epochs = -(-updates // -(-count // batch_size))
    return _training_keys(max(_MIN_EPOCHS, min(most_epochs, epochs)), batch_size)


def model_keys_of_texts(is_regression: bool) -> list[SuggestedKey]:
    """Return the keys of a network for texts with a label each."""
    return [
        *_cell_keys(),
        SuggestedKey("embedding_size", 32, "width of the vectors of symbols"),
        *_layers(is_regression),
        SuggestedKey("pooling", "last", "or max for events"),
    ]


def model_keys_of_steps(is_regression: bool) -> list[SuggestedKey]:
    """Return the keys of a network for sequences with a label for each time step."""
    return [
        *_cell_keys(),
        *_layers(is_regression),
        SuggestedKey("output", "every_step", "each time step has a label"),
    ]


def training_keys_of_others(count: int) -> list[SuggestedKey]:
    """Return the training keys for a number of texts, or of sequences with labels of time steps."""
    batches = max(1, count / _BATCH_SIZE_OF_OTHERS)
    epochs = min(_MAX_EPOCHS_OF_OTHERS, max(_MIN_EPOCHS, round(_UPDATES_OF_OTHERS / batches)))
    return _training_keys(epochs, _BATCH_SIZE_OF_OTHERS)


def _cell_keys() -> list[SuggestedKey]:
    return [
        SuggestedKey("cell", "gru", or_others(CELLS, "gru")),
        SuggestedKey("hidden_size", _MODEL["hidden_size"], "32 is faster, 128 can learn more"),
    ]


def _bidirectional() -> SuggestedKey:
    comment = "false allows predictions as a sequence arrives (--stream)"
    return SuggestedKey("bidirectional", True, comment)


def _layers(is_regression: bool) -> list[SuggestedKey]:
    if is_regression:
        return [SuggestedKey("num_layers", 1), _bidirectional()]
    dropout = SuggestedKey("dropout", 0.5, "less if the training loss stays high")
    return [SuggestedKey("num_layers", 2), _bidirectional(), dropout]


def _training_keys(epochs: int, batch_size: int) -> list[SuggestedKey]:
    return [
        SuggestedKey("num_epochs", epochs, "more while the loss still falls"),
        SuggestedKey("batch_size", batch_size),
        SuggestedKey("optimizer", _TRAINING["optimizer"], or_others(OPTIMIZERS, "adam")),
    ]
