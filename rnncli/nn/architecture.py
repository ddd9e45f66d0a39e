"""The config section ``model``: a network's shape, as far as the data do not determine it."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

from rnncli.nn.cells import CELLS, Cell, Tanh
from rnncli.nn.initialization import Initialization
from rnncli.nn.input_stage import Embedding, Features, InputStage
from rnncli.nn.layer import UnrolledLayer
from rnncli.nn.readout import POOLINGS, EveryStep, Pooling, Readout
from rnncli.sections import ByKind, OneOrList


@dataclass(frozen=True)
class Architecture:
    """The config section ``model``."""

    cell: Annotated[Cell, ByKind(CELLS), Field(description="the recurrent cell")] = Tanh()
    hidden_size: Annotated[
        int, Field(ge=1, le=8192, description="units per layer and direction")
    ] = 32
    num_layers: Annotated[
        int, Field(ge=1, le=64, description="number of stacked recurrent layers")
    ] = 1
    bidirectional: Annotated[
        bool, Field(description="whether to read the sequence in both directions")
    ] = False
    dropout: Annotated[
        float,
        Field(ge=0, lt=1, description="dropout probability between layers during training"),
    ] = 0.0
    head_dropout: Annotated[
        float,
        Field(ge=0, lt=1, description="dropout probability before the head during training"),
    ] = 0.0
    head_inputs: Annotated[
        int,
        Field(
            ge=0,
            le=10**6,
            description="the last time steps whose inputs the head reads too, as in a linear "
            "autoregression",
        ),
    ] = 0
    pooling: Annotated[
        Pooling | tuple[Pooling, ...],
        OneOrList(get_args(Pooling)),
        Field(description="how the outputs of a sequence are pooled; of a list, side by side"),
    ] = "last"
    output: Annotated[
        Literal["sequence", "every_step"],
        Field(description="one prediction per sequence, or one per time step"),
    ] = "sequence"
    dtype: Annotated[
        Literal["float32", "float64"],
        Field(description="floating-point type of weights and arithmetic"),
    ] = "float32"
    initialization: Annotated[
        Initialization, Field(description="initialization of the weights")
    ] = "orthogonal"
    embedding_size: Annotated[
        int | None,
        Field(ge=1, le=8192, description="width of the symbols' vectors, for texts and grammars"),
    ] = None
    tie_weights: Annotated[
        bool,
        Field(description="whether the head's weights are the symbols' vectors (language models)"),
    ] = False

    def input_stage(self, input_size: int) -> InputStage:
        """Return the stage before the first layer.

        Parameters
        ----------
        input_size : int
            The features per time step; with an embedding, the number of symbols.
        """
        if self.embedding_size is None:
            return Features(input_size)
        return Embedding(input_size, self.embedding_size)

    @property
    def predicts_every_step(self) -> bool:
        """Whether there is a prediction per time step instead of one per sequence."""
        return self.output == "every_step"

    @property
    def uses_dropout(self) -> bool:
        """Whether there is any dropout during training."""
        return self.dropout > 0 or self.head_dropout > 0

    @property
    def poolings(self) -> tuple[Pooling, ...]:
        """The poolings whose features the head reads, side by side.

        With a prediction per time step, it reads the last output up to that time step.
        """
        if self.predicts_every_step:
            return ("last",)
        return (self.pooling,) if isinstance(self.pooling, str) else self.pooling

    def readouts(self, layer: UnrolledLayer) -> list[Readout]:
        """Return what turns the outputs of the top layer into features of the head, in order."""
        if self.predicts_every_step:
            return [EveryStep(layer)]
        return [POOLINGS[pooling](layer) for pooling in self.poolings]

    @property
    def directions(self) -> tuple[str, ...]:
        """The suffixes of the directions' names."""
        return ("", "_reverse") if self.bidirectional else ("",)
