"""The config section ``model``: what, besides the data, determines a network's shape."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from rnncli.nn.cells import Cell, Tanh
from rnncli.nn.initialization import Initialization
from rnncli.nn.readout import POOLINGS, EveryStep, Pooling, Readout


@dataclass(frozen=True)
class Architecture:
    """The config section ``model``."""

    cell: Annotated[Cell, Field(description="the recurrent cell")] = Tanh()
    hidden_size: Annotated[int, Field(ge=1, le=8192, description="units in each layer")] = 32
    num_layers: Annotated[int, Field(ge=1, le=64, description="recurrent layers, stacked")] = 1
    bidirectional: Annotated[bool, Field(description="read the sequence in both directions")] = (
        False
    )
    dropout: Annotated[
        float,
        Field(ge=0, lt=1, description="fraction of the units dropped between layers in training"),
    ] = 0.0
    pooling: Annotated[Pooling, Field(description="how the outputs over time become one")] = "last"
    output: Annotated[
        Literal["sequence", "every_step"],
        Field(description="one prediction per sequence, or one per time step"),
    ] = "sequence"
    dtype: Annotated[
        Literal["float32", "float64"],
        Field(description="precision of the weights and the arithmetic"),
    ] = "float32"
    initialization: Annotated[
        Initialization, Field(description="how the weights are initialized")
    ] = "orthogonal"

    @property
    def predicts_every_step(self) -> bool:
        """Whether there is a prediction for each time step, and not one for the sequence."""
        return self.output == "every_step"

    @property
    def readout(self) -> type[Readout]:
        """What the head sees of the top layer."""
        return EveryStep if self.predicts_every_step else POOLINGS[self.pooling]

    @property
    def directions(self) -> tuple[str, ...]:
        """The suffixes of the directions' names."""
        return ("", "_reverse") if self.bidirectional else ("",)
