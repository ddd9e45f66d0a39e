"""A batch: what every pass through a network takes."""

from dataclasses import dataclass

from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Batch:
    """Sequences in memory with their targets.

    Attributes
    ----------
    x : array (B, T, D)
        Inputs, standardized; shorter sequences stand at the end, after zeros.
    y : array (B, K) or (B, T, K)
        Targets of the sequences, or of their time steps; NaN where a time step has none.
    lengths : array (B,) or None
        How many time steps each sequence has; None where all have T.
    """

    x: Array
    y: Array
    lengths: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    def sequence(self, index: int) -> "Batch":
        """Return a batch of one of the sequences."""
        one = slice(index, index + 1)
        return Batch(self.x[one], self.y[one], None if self.lengths is None else self.lengths[one])
