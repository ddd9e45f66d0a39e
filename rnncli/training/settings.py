"""The config section ``training``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rnncli.training.optimizers import Adam, Optimizer
from rnncli.training.schedules import Cosine, Schedule


@dataclass(frozen=True)
class Training:
    """How the network is trained."""

    num_epochs: Annotated[
        int, Field(ge=1, le=10**9, description="passes over the training part")
    ] = 10
    batch_size: Annotated[
        int, Field(ge=1, description="sequences a step; the last batch may be smaller")
    ] = 32
    optimizer: Annotated[Optimizer, Field(discriminator="kind", description="the update rule")] = (
        Adam()
    )
    schedule: Annotated[
        Schedule, Field(discriminator="kind", description="course of the learning rate")
    ] = Cosine()
    clip_norm: Annotated[
        float | None,
        Field(gt=0, description="longest gradient before it is scaled down; null for none"),
    ] = 1.0
    checkpoint_every: Annotated[
        int | None,
        Field(ge=1, description="steps between checkpoints, besides that of every epoch"),
    ] = None
    start_from: Annotated[
        Path | None,
        Field(description="weights to start from: a weights file, or a state_dict saved as .npz"),
    ] = None
    shuffle: Annotated[bool, Field(description="a new order every epoch")] = True
    patience: Annotated[
        int | None,
        Field(ge=1, description="epochs without a better validation loss before stopping"),
    ] = None
