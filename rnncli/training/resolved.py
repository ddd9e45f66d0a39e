"""The numbers of the config section ``training`` that follow from the data."""

from dataclasses import dataclass, fields

from rnncli.datasets.examples import Examples
from rnncli.datasets.streams import Streams
from rnncli.training.settings import Training

# The batch size below each number of training sequences, and that of more sequences. Few sequences
# need small batches, or an epoch has only a few steps.
_BATCH_SIZES = ((500, 8), (2000, 16))
_LARGEST_BATCH_SIZE = 32
# The batch size of a text: the number of its streams.
_TEXT_BATCH_SIZE = 32


def suitable_batch_size(num_sequences: int) -> int:
    """Return the batch size for a number of training sequences: 8, 16 or 32."""
    for limit, batch_size in _BATCH_SIZES:
        if num_sequences < limit:
            return batch_size
    return _LARGEST_BATCH_SIZE


@dataclass(frozen=True)
class ResolvedTraining(Training):
    """The section ``training`` of a run whose data are known, with the number of its epochs.

    Attributes
    ----------
    batch_size : int
        The batch size, which is never null.
    num_updates : None
        The number of epochs takes its place.
    """

    batch_size: int = _LARGEST_BATCH_SIZE
    num_updates: None = None


def resolved(training: Training, train: Examples | Streams) -> ResolvedTraining:
    """Return the section ``training`` with the numbers that follow from the training data.

    A batch size that is null becomes `suitable_batch_size`, or 32 for a text. Epochs are added
    until they have at least ``num_updates`` steps.
    """
    batch_size = training.batch_size
    if batch_size is None:
        is_text = isinstance(train, Streams)
        batch_size = _TEXT_BATCH_SIZE if is_text else suitable_batch_size(len(train))
    num_epochs = training.num_epochs
    if training.num_updates is not None:
        steps_per_epoch = len(train.epoch(batch_size, False, 0, 0))
        num_epochs = max(num_epochs, -(-training.num_updates // steps_per_epoch))
    values = {item.name: getattr(training, item.name) for item in fields(training)}
    values |= {"num_epochs": num_epochs, "batch_size": batch_size, "num_updates": None}
    return ResolvedTraining(**values)
