"""A batch: what every pass through a network takes."""

from dataclasses import dataclass, replace

from rnncli.nn.arrays import Array

# The carried states (H, B) of each cell, by name, from the first layer up.
State = list[dict[str, Array]]


@dataclass(frozen=True)
class Batch:
    """Sequences in memory, with their targets where these are known.

    Attributes
    ----------
    x : array (B, T, D)
        Standardized inputs; shorter sequences are preceded by zeros. Symbols are whole numbers
        (B, T, 1), their indices in the vocabulary.
    y : array (B, K) or (B, T, K), or None
        Targets of the sequences, or of their time steps; NaN where a time step has none.
    lengths : array (B,) or None
        How many time steps each sequence has; None where all have T.
    valid : array (B, T) or None
        False at time steps that belong to no sequence: they reset the state, so that another
        sequence can follow in the same row. None where all are valid, or `lengths` is given.
    initial_state : State or None
        The carried states before the first time step; zeros by default. Sequences that begin later
        start from zeros in any case. No gradient flows to what they were calculated from.
    """

    x: Array
    y: Array | None = None
    lengths: Array | None = None
    valid: Array | None = None
    initial_state: State | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def targets(self) -> Array:
        """The targets; ``ValueError`` if the batch has none."""
        if self.y is None:
            raise ValueError("the batch has no targets, which a loss needs")
        return self.y

    def part(self, part: slice) -> "Batch":
        """Return a batch with only some of the sequences."""
        state = self.initial_state
        return replace(
            self,
            x=self.x[part],
            y=None if self.y is None else self.y[part],
            lengths=None if self.lengths is None else self.lengths[part],
            valid=None if self.valid is None else self.valid[part],
            initial_state=state and [{k: v[:, part] for k, v in cell.items()} for cell in state],
        )
