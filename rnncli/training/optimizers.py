"""Optimizers over the flat parameter vector.

Each is a frozen dataclass: a config section with its update rule. `slots` names the vectors that
it keeps between steps, which checkpoints save; `update` changes the parameters and the slots in
place and overwrites the gradient.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
from pydantic import Field

from rnncli.nn.arrays import Array

LearningRate = Annotated[float, Field(gt=0, description="step size before the schedule's factor")]
WeightDecay = Annotated[float, Field(ge=0, description="coefficient of the weight decay")]
Slots = dict[str, Array]


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum: v = m v + g, p -= rate v (or rate (g + m v), Nesterov).

    Source: I. Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013, in PyTorch's form.
    """

    kind: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1, description="momentum coefficient")] = 0.0
    nesterov: Annotated[bool, Field(description="whether to use Nesterov momentum")] = False
    weight_decay: WeightDecay = 0.0

    @property
    def slots(self) -> tuple[str, ...]:
        """The vectors kept between steps."""
        return ("velocity",) if self.momentum else ()

    def update(
        self, parameters: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> None:
        """Take one step."""
        if self.weight_decay:
            gradient += self.weight_decay * parameters
        if self.momentum:
            velocity = slots["velocity"]
            velocity *= self.momentum
            velocity += gradient
            if self.nesterov:
                gradient += self.momentum * velocity
            else:
                gradient[...] = velocity
        gradient *= rate
        parameters -= gradient


@dataclass(frozen=True)
class Moments:
    """The update rule that Adam and AdamW share.

    The slots hold sums, m = b1 m + g and v = b2 v + g^2; the factors (1 - b1) and (1 - b2) of the
    paper's averages and its corrections of their bias become two scalars per step.
    """

    learning_rate: LearningRate = 1e-3
    beta1: Annotated[float, Field(ge=0, lt=1, description="decay rate of the first moment")] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay rate of the second moment")] = (
        0.999
    )
    epsilon: Annotated[
        float, Field(gt=0, description="term added to the denominator for numerical stability")
    ] = 1e-8

    slots: ClassVar[tuple[str, ...]] = ("first_moment", "second_moment")

    def update(
        self, parameters: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> None:
        """Take a step, counted from 1."""
        first, second = slots["first_moment"], slots["second_moment"]
        first *= self.beta1
        first += gradient
        second *= self.beta2
        gradient *= gradient
        second += gradient
        second_correction = sqrt((1 - self.beta2**step) / (1 - self.beta2))
        np.sqrt(second, gradient)
        gradient += self.epsilon * second_correction
        np.divide(first, gradient, gradient)
        gradient *= rate * second_correction * (1 - self.beta1) / (1 - self.beta1**step)
        parameters -= gradient


@dataclass(frozen=True)
class Adam(Moments):
    """Adam. Source: D. P. Kingma & J. Ba, "Adam: a method for stochastic optimization", 2015."""

    kind: Literal["adam"] = "adam"


@dataclass(frozen=True)
class AdamW(Moments):
    """Adam with decoupled weight decay.

    Source: I. Loshchilov & F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    kind: Literal["adamw"] = "adamw"
    weight_decay: WeightDecay = 0.01

    def update(
        self, parameters: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> None:
        """Take a step, counted from 1."""
        parameters *= 1 - rate * self.weight_decay
        super().update(parameters, gradient, slots, rate, step)


Optimizer = SGD | Adam | AdamW
OPTIMIZERS: dict[str, type] = {option.kind: option for option in get_args(Optimizer)}
