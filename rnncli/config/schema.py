"""The whole config: one frozen description of a run."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, with_config

from rnncli.datasets import Data
from rnncli.datasets.synthetic import SumSign
from rnncli.keys import Key
from rnncli.nn.network import Architecture
from rnncli.training.settings import Training


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Config:
    """What a run is made of; the sections' own classes describe their keys."""

    name: Annotated[str, Key("the run's name", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")] = "rnn"
    seed: Annotated[int, Key("seed of all random streams", minimum=0, maximum=2**63 - 1)] = 0
    data: Annotated[Data, Key("the data set", by_kind=True)] = SumSign()
    model: Architecture = Architecture()
    training: Training = Training()
