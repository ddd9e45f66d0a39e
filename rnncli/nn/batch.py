"""A batch: what every pass through a network takes."""

from dataclasses import dataclass

from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Batch:
    """Sequences in memory, with their targets where these are known.

    Attributes
    ----------
    x : array (B, T, D)
        Standardized inputs; shorter sequences are preceded by zeros.
    y : array (B, K) or (B, T, K), or None
        Targets of the sequences, or of their time steps; NaN where a time step has none.
    lengths : array (B,) or None
        How many time steps each sequence has; None where all have T.
    """

    x: Array
    y: Array | None = None
    lengths: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def targets(self) -> Array:
        """The targets; ``ValueError`` if the batch has none."""
        if self.y is None:
            raise ValueError("the batch has no targets, which a loss needs")
        return self.y

    def sequence(self, index: int) -> "Batch":
        """Return a batch with only the sequence at an index."""
        one = slice(index, index + 1)
        y = None if self.y is None else self.y[one]
        return Batch(self.x[one], y, None if self.lengths is None else self.lengths[one])
