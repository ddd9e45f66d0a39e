"""The whole config: one frozen description of a run."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, with_config

from rnncli.datasets import Data
from rnncli.datasets.synthetic import SumSign
from rnncli.nn.architecture import Architecture
from rnncli.training.settings import Training


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Config:
    """What a run is made of; the sections' own classes describe their keys."""

    name: Annotated[
        str, Field(pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", description="the run's name")
    ] = "rnn"
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, description="seed of all random streams")] = 0
    data: Annotated[Data, Field(discriminator="kind", description="the data set")] = SumSign()
    model: Architecture = Architecture()
    training: Training = Training()
