"""Frames: several consecutive time steps of a long sequence, which the network takes as one."""

from dataclasses import dataclass
from typing import Literal, TypeVar, overload

import numpy as np

from rnncli.datasets.mapped import Mapped
from rnncli.datasets.slices import slices
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

FrameValues = Literal["mean", "stacked", "mean_std"]
Count = TypeVar("Count", int, Array)

# Sequences are framed in parts of about this many numbers, whose copies stay in the cache.
_NUMBERS_AT_ONCE = 1 << 17


@dataclass(frozen=True)
class Frames:
    """How the time steps of a sequence become frames; it is stored with the weights.

    Frames begin at the first time step of a sequence, and the last one may be partial: a sequence
    of T time steps has ``ceil(T / length)`` frames.

    Attributes
    ----------
    length : int
        The number of time steps of a frame, k, at least 2.
    values : {"mean", "stacked", "mean_std"}
        What a frame holds: the mean of each feature (D numbers); all time steps side by side
        (k D), in a partial frame with the last one repeated; or the mean and the standard
        deviation of each feature (2 D).
    """

    length: int
    values: FrameValues = "mean"

    def __post_init__(self) -> None:
        if not 2 <= self.length < 1 << 31:
            raise ValueError(f"a frame of {self.length} time steps is out of range")

    @classmethod
    def at_most(cls, max_frames: int, longest: int, values: FrameValues) -> "Frames | None":
        """Return the frames with which a sequence of `longest` time steps has at most `max_frames`.

        None if it has so few time steps.
        """
        length = -(-longest // max_frames)
        return None if length < 2 else cls(length, values)

    def num_features(self, num_features: int) -> int:
        """Return how many numbers a frame holds for the given number of features D."""
        return {"mean": 1, "stacked": self.length, "mean_std": 2}[self.values] * num_features

    def num_frames(self, num_steps: Count) -> Count:
        """Return how many frames a sequence of the given number of time steps has."""
        return -(-num_steps // self.length)

    def name(self, index: int, features: list[str]) -> str:
        """Return what the number at `index` of a frame is, given the names of the features (D,)."""
        part, feature = divmod(index, len(features))
        if self.values == "stacked":
            return f"{features[feature]} at step {part} of a frame"
        return features[feature] if part == 0 else f"deviation of {features[feature]}"

    @overload
    def apply(self, x: Array, lengths: Array | None = None) -> tuple[Array, Array | None]: ...

    @overload
    def apply(
        self, x: Array | Mapped, lengths: Array | None = None
    ) -> tuple[Array | Mapped, Array | None]: ...

    def apply(
        self, x: Array | Mapped, lengths: Array | None = None
    ) -> tuple[Array | Mapped, Array | None]:
        """Return the frames of sequences, and how many each has.

        Parameters
        ----------
        x : array (N, T, D)
            The sequences, with shorter ones at the end of their rows. Those on disk stay there;
            they must all have T time steps.
        lengths : array (N,), optional
            The number of time steps of each sequence; None if all have T.

        Returns
        -------
        frames : array (N, F, E)
            F is ``ceil(T / length)``, and E is `num_features` of D. Shorter sequences are padded
            with zeros at their beginning.
        lengths : array (N,) or None
            The number of frames of each sequence; None if all have F.

        Raises
        ------
        InputError
            The memory budget does not allow the frames.
        """
        if isinstance(x, Mapped):
            return x.framed(self), None
        frames = self.in_memory(x, lengths)
        return frames, None if lengths is None else self.num_frames(lengths)

    def in_memory(self, x: Array | Mapped, lengths: Array | None = None) -> Array:
        """Return the frames of sequences as an array in double precision; see `apply`."""
        count, num_steps, num_features = x.shape
        shape = (count, self.num_frames(num_steps), self.num_features(num_features))
        require_memory(
            8 * shape[0] * shape[1] * shape[2],
            f"{count} sequences of {shape[1]} frames",
            "give fewer or shorter sequences",
        )
        if lengths is None:
            lengths = np.full(count, num_steps)
        frames = np.zeros(shape)
        sequences_at_once = max(1, _NUMBERS_AT_ONCE // (num_steps * num_features))
        for part in slices(count, sequences_at_once):
            self._frame(np.asarray(x[part], float), lengths[part], frames[part])
        return frames

    def _frame(self, x: Array, lengths: Array, frames: Array) -> None:
        """Write the frames of sequences (N, T, D) of the given lengths into zeros (N, F, E)."""
        (count, num_steps, num_features), num_frames = x.shape, frames.shape[1]
        steps = x.reshape(-1, num_features)
        first_of_row = num_steps * np.arange(count)[:, np.newaxis]
        # Each sequence begins with a frame, and the frames before it are padding.
        padding = (num_frames - self.num_frames(lengths))[:, np.newaxis]
        number = np.arange(num_frames) - padding
        valid = number >= 0
        first = (first_of_row + (num_steps - lengths)[:, np.newaxis] + self.length * number)[valid]
        if self.values == "stacked":
            last_of_row = np.broadcast_to(first_of_row + num_steps - 1, valid.shape)[valid]
            index = first[:, np.newaxis] + np.arange(self.length)
            frames[valid] = steps[np.minimum(index, last_of_row[:, np.newaxis])].reshape(
                -1, frames.shape[2]
            )
            return
        # The rows are cut where a frame begins, and where the padding before a sequence does.
        begins_frame = np.zeros(len(steps), bool)
        begins_frame[first] = True
        is_cut = begins_frame.copy()
        is_cut[first_of_row] = True
        cuts = np.flatnonzero(is_cut)
        is_frame = begins_frame[cuts]
        sizes = np.diff(cuts, append=len(steps))
        means = np.add.reduceat(steps, cuts) / sizes[:, np.newaxis]
        frames[:, :, :num_features][valid] = means[is_frame]
        if self.values == "mean_std":
            squares = np.square(steps - np.repeat(means, sizes, axis=0))
            variances = np.add.reduceat(squares, cuts) / sizes[:, np.newaxis]
            frames[:, :, num_features:][valid] = np.sqrt(variances[is_frame])
