"""Check for sequences that occur more than once, within a split or in two of them."""

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Problem

# A share of copies up to this is not reported.
_ACCEPTED_SHARE = 0.01


def duplicates(examination: Examination) -> Iterator[Problem]:
    """Find exact copies of training sequences, if there are more than chance would give.

    Short sequences of few different values repeat by chance. How often is estimated by counting
    in the same sequences after each column was shuffled.
    """
    splits, seed = examination.splits, examination.seed
    sequences = examination.sequences
    train, shuffled_train = _hashes(sequences), _hashes(_shuffled(sequences, seed))
    copies, by_chance = (len(hashes) - len(set(hashes)) for hashes in (train, shuffled_train))
    if copies > max(2 * by_chance, _ACCEPTED_SHARE * len(train)):
        yield Problem(
            f"{copies:,} of {len(train):,} training sequences are exact copies of others",
            "copies weigh more than other sequences, and a validation split drawn at random "
            "contains sequences that were trained on",
            "remove the copies from data.path",
        )
    for name, split in (("validation", splits.validation), ("test", splits.test)):
        if not isinstance(split, Sequences):
            continue
        hashes, shuffled = _hashes(split), _hashes(_shuffled(split, seed + 1))
        copies = _count_members(hashes, train)
        by_chance = _count_members(shuffled, shuffled_train)
        if copies > max(2 * by_chance, _ACCEPTED_SHARE * len(hashes)):
            own_file = split.source != splits.train.source
            yield Problem(
                f"{copies:,} of {len(hashes):,} {name} sequences are also in the training split",
                "memorized sequences count as generalization: the score will be too good",
                "remove the copies from data.path"
                + (f" or data.{name}_path" if own_file else ", or split by the recorded subject"),
            )


def _count_members(hashes: list[bytes], known: list[bytes]) -> int:
    known_set = set(known)
    return sum(one in known_set for one in hashes)


def _hashes(sequences: Sequences) -> list[bytes]:
    """Return a hash of each sequence, without its padding."""
    sequence_length = sequences.x.shape[1]
    hashes = []
    for start, x in chunks(sequences.x):
        for row, sequence in enumerate(np.ascontiguousarray(x)):
            length = sequence_length
            if sequences.lengths is not None:
                length = int(sequences.lengths[start + row])
            values = sequence[sequence_length - length :]
            hashes.append(blake2b(values.tobytes(), digest_size=16).digest())
    return hashes


def _shuffled(sequences: Sequences, seed: int) -> Sequences:
    """Return the sequences with the values of each feature, at each time step, permuted.

    Sequences on the disk are not shuffled: none of them are returned.
    """
    if isinstance(sequences.x, Mapped):
        return sequences.take(np.arange(0))
    rng, x = np.random.default_rng(seed), sequences.x.copy()
    num_sequences, sequence_length, _ = x.shape
    valid = np.ones((num_sequences, sequence_length), bool)
    if sequences.lengths is not None:
        valid = valid_steps(sequences.lengths, sequence_length)
    for t in range(sequence_length):
        x[valid[:, t], t] = rng.permuted(x[valid[:, t], t], axis=0)
    return Sequences(x, sequences.labels, sequences.source, lengths=sequences.lengths)
