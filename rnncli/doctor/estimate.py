"""Time and memory that a run will need."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnncli.datasets.examples import Examples
from rnncli.datasets.mapped import Mapped
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.text import Text
from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Problem
from rnncli.memory import VARIABLE, format_size, max_memory
from rnncli.nn.objective import bytes_of_passes
from rnncli.training.state import NUM_PARAMETER_VECTORS, NUM_SAVED_VECTORS

# The estimate leaves out what the libraries and copies of the data take for a short time.
_MAX_SHARE_OF_BUDGET = 0.8
# A forward pass takes about a third of the time of a training step.
_VALIDATION_COST = 1 / 3


@dataclass(frozen=True)
class Estimate:
    """What a run will need.

    Attributes
    ----------
    steps : int
        Optimizer steps.
    seconds : float
        Time on this machine at its present load, the members of an ensemble one after the other.
    megabytes : float
        Memory for the unrolled network and the data.
    """

    steps: int
    seconds: float
    megabytes: float


def estimate_run(examination: Examination) -> Estimate:
    """Return what the whole run will need, from the time per step of a short trial."""
    settings, trial = examination.settings, examination.configured_trial
    validation = examination.splits.validation
    num_sequences = float(len(examination.train))
    if isinstance(examination.splits.train, Text):  # of which only some windows are examined
        num_sequences = float(examination.num_batches * settings.batch_size)
    if isinstance(validation, Text):
        num_sequences += len(validation) / examination.sequence_length * _VALIDATION_COST
    elif validation is not None:
        num_sequences += len(validation) * _VALIDATION_COST
    seconds_per_sequence = trial.seconds_per_update / trial.batch_size
    return Estimate(
        settings.ensemble * examination.num_updates,
        settings.ensemble * settings.num_epochs * num_sequences * seconds_per_sequence,
        required_bytes(examination) / 1e6,
    )


def required_bytes(examination: Examination) -> int:
    """Return about how many bytes the network and the data will take."""
    network, settings, splits = examination.network, examination.settings, examination.splits
    batch_size = min(settings.batch_size, len(examination.train))
    num_slots = len(settings.optimizer.slots)
    num_vectors = NUM_PARAMETER_VECTORS + num_slots
    num_vectors += (settings.ensemble - 1) * (NUM_SAVED_VECTORS + num_slots)
    itemsize = network.parameters.itemsize
    data = _bytes_in_memory(examination.train) + _bytes_in_memory(splits.train)
    for split in (splits.validation, splits.test):
        if split is not None:
            data += _bytes_in_memory(split)
    validation = splits.validation
    if isinstance(validation, Sequences) and not isinstance(validation.x, Mapped):
        # The validation split is also kept in the form that the network takes.
        steps = examination.model.input_spec.num_steps(validation.x.shape[1])
        data += len(validation) * steps * examination.train.x.shape[2] * itemsize
    passes = bytes_of_passes(network, examination.sequence_length, batch_size)
    return passes + num_vectors * network.parameters.nbytes + data


def _bytes_in_memory(data: Examples | Sequences | Text) -> int:
    """Return the bytes of the inputs; 0 for those that are read from the disk batch by batch."""
    if isinstance(data, Text):
        return 0 if isinstance(data.symbols, np.memmap) else data.symbols.nbytes
    if isinstance(data.x, Mapped) or not data.x.size:
        return 0
    # From its first to its last byte: windows of a series are views that overlap.
    sizes = zip(data.x.shape, data.x.strides, strict=True)
    last_byte: int = sum((size - 1) * abs(stride) for size, stride in sizes)
    return last_byte + data.x.itemsize


def insufficient_memory(examination: Examination) -> Iterator[Problem]:
    """Find a run that needs more memory than it may use."""
    required, allowed = required_bytes(examination), max_memory()
    if required > _MAX_SHARE_OF_BUDGET * allowed:
        yield Problem(
            f"about {format_size(required)} are needed, and {format_size(allowed)} may be used",
            f"the run may be refused ({VARIABLE} sets how much memory may be used)",
            "lower training.batch_size or model.hidden_size, or keep the data in an .npy file, "
            "which is read batch by batch",
        )
