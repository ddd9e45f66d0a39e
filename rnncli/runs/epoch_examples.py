"""The training examples of each epoch."""

from dataclasses import dataclass

from rnncli.datasets import Data
from rnncli.datasets.examples import Examples
from rnncli.datasets.streams import Streams
from rnncli.inference.model import Model


@dataclass(frozen=True)
class EpochExamples:
    """The training examples of each epoch: always the same, or of new random sequences.

    Attributes
    ----------
    train : Examples or Streams
        The training split.
    data : Data
        The config section ``data``.
    seed : int
        The seed of the data.
    model : Model
        A model that reads them.
    """

    train: Examples | Streams
    data: Data
    seed: int
    model: Model

    def __call__(self, epoch: int) -> Examples | Streams:
        """Return the examples of an epoch, counted from 0."""
        fresh = self.data.fresh_sequences(len(self.train), self.seed, epoch)
        return self.train if fresh is None else self.model.examples(fresh)
