"""The whole config: one frozen description of a run."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, with_config

from rnncli.datasets import DATA, Data
from rnncli.datasets.synthetic import SumSign
from rnncli.nn.architecture import Architecture
from rnncli.sections import ByKind
from rnncli.training.settings import Training


# The settings hold for the nested sections too, which have none of their own.
@with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
@dataclass(frozen=True)
class Config:
    """A run's config: its data, its model and how it is trained."""

    name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="the name of the run"),
    ] = "rnn"
    seed: Annotated[
        int, Field(ge=0, le=2**63 - 1, description="seed of all random number generators")
    ] = 0
    data: Annotated[Data, ByKind(DATA), Field(description="the data set")] = SumSign()
    model: Architecture = Architecture()
    training: Training = Training()
