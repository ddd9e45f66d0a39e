"""The config section ``training``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rnncli.sections import ByKind
from rnncli.training.augmentation import AUGMENTATIONS, Augmentation
from rnncli.training.optimizers import OPTIMIZERS, Adam, Optimizer
from rnncli.training.schedules import SCHEDULES, Cosine, Schedule

# The largest number of networks in one weights file.
MAX_MEMBERS = 100


@dataclass(frozen=True)
class Training:
    """How the network is trained."""

    num_epochs: Annotated[
        int, Field(ge=1, le=10**9, description="passes over the training data")
    ] = 10
    num_updates: Annotated[
        int | None,
        Field(
            ge=1,
            le=10**9,
            description="least number of optimizer steps, reached by more epochs if necessary",
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        Field(
            ge=1,
            le=10**9,
            description="sequences per batch; the last batch may be smaller; null for 8, 16 or 32, "
            "depending on the number of training sequences",
        ),
    ] = 32
    optimizer: Annotated[Optimizer, ByKind(OPTIMIZERS), Field(description="the optimizer")] = Adam()
    schedule: Annotated[
        Schedule, ByKind(SCHEDULES), Field(description="the learning-rate schedule")
    ] = Cosine()
    clip_norm: Annotated[
        float | None,
        Field(
            gt=0, description="gradients with a larger norm are scaled down to it; null to disable"
        ),
    ] = 1.0
    checkpoint_every: Annotated[
        int | None,
        Field(ge=1, le=10**12, description="optimizer steps between checkpoints within an epoch"),
    ] = None
    start_from: Annotated[
        Path | None,
        Field(description="initial weights: a weights file, or a state_dict saved as .npz"),
    ] = None
    shuffle: Annotated[
        bool, Field(description="whether to shuffle the training data every epoch")
    ] = True
    augmentation: Annotated[
        tuple[Annotated[Augmentation, ByKind(AUGMENTATIONS)], ...],
        Field(description="random changes of the training sequences, anew in each step"),
    ] = ()
    patience: Annotated[
        int | None,
        Field(
            ge=1,
            le=10**9,
            description="epochs without a lower validation loss before training stops",
        ),
    ] = None
    ensemble: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_MEMBERS,
            description="networks trained with different seeds, whose predictions are averaged",
        ),
    ] = 1
