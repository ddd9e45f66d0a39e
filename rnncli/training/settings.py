"""The config section ``training``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rnncli.keys import Key
from rnncli.training.optimizers import Adam, Optimizer
from rnncli.training.schedules import Cosine, Schedule


@dataclass(frozen=True)
class Training:
    """How the network is trained."""

    num_epochs: Annotated[int, Key("passes over the training part", minimum=1, maximum=10**9)] = 10
    batch_size: Annotated[
        int, Key("sequences a step; the last batch may be smaller", minimum=1)
    ] = 32
    optimizer: Annotated[Optimizer, Key("the update rule", by_kind=True)] = Adam()
    schedule: Annotated[Schedule, Key("course of the learning rate", by_kind=True)] = Cosine()
    clip_norm: Annotated[
        float | None, Key("longest gradient before it is scaled down; null for none", above=0)
    ] = 1.0
    checkpoint_every: Annotated[
        int | None, Key("steps between checkpoints, besides that of every epoch", minimum=1)
    ] = None
    start_from: Annotated[
        Path | None, Key("weights to start from: a weights file, or a state_dict saved as .npz")
    ] = None
    shuffle: Annotated[bool, Key("a new order every epoch")] = True
    patience: Annotated[
        int | None, Key("epochs without a better validation loss before stopping", minimum=1)
    ] = None
