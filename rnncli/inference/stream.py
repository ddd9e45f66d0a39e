"""Prediction one time step at a time, with a state that is carried from one to the next."""

import numpy as np

from rnncli.datasets.numbers import number
from rnncli.errors import InputError
from rnncli.inference.ensemble import Ensemble
from rnncli.inference.model import Model, check_finite
from rnncli.inference.predictions import Predictions
from rnncli.inference.running_pooling import RunningPooling
from rnncli.inference.stepper import Stepper
from rnncli.nn.arrays import Array


class Stream:
    """A model that is given one time step, or for texts one piece of text, after the other.

    After t time steps its prediction is that for the sequence of these t time steps. A model with
    frames predicts after each frame, and after the partial frame with which a sequence may end.

    Raises
    ------
    InputError
        The model reads its sequences in both directions: it cannot predict before a sequence has
        ended. Or its windows are relative to their last row, or it is a language model.
    """

    def __init__(self, model: Model) -> None:
        if model.task.is_language_model:
            raise InputError("--stream: the model is a language model, which predicts no labels")
        if model.network.architecture.bidirectional:
            raise InputError("--stream: the model is bidirectional; a unidirectional one is needed")
        windows = model.input_spec.windows
        if windows is not None and windows.relative != "none":
            raise InputError(
                "--stream: the model takes windows relative to their last row, which is not known "
                "before they end; give a table to --input, or train with data.relative: none"
            )
        if any(part.input_spec.frames != model.input_spec.frames for part in model.parts):
            raise InputError("--stream: the averaged models have different frames; give a file")
        self.model = model
        self.parts = [Stream(part) for part in model.parts]
        self.reset()

    def reset(self) -> None:
        """Begin a new sequence."""
        for part in self.parts:
            part.reset()
        network = self.model.network
        architecture = network.architecture
        self.stepper = Stepper(network, network.zero_state(1))
        shape, dtype = (architecture.hidden_size, 1), network.parameters.dtype
        self.pooling = RunningPooling(architecture.poolings, shape, dtype)
        self.last_inputs = np.zeros((architecture.head_inputs, *self.stepper.inputs.shape), dtype)
        self._frame: list[Array] = []

    def step(self, values: Array) -> Predictions | None:
        """Take the features (D,) of the next time step, and return the prediction after it.

        None if it does not complete a frame of a model with frames.
        """
        self._frame.append(values)
        frames = self.model.input_spec.frames
        if frames is not None and len(self._frame) < frames.length:
            return None
        return self._complete_frame()

    def finish(self) -> Predictions | None:
        """End the sequence and begin a new one.

        Return the prediction after its last frame if that is partial, and None otherwise.
        """
        predictions = self._complete_frame() if self._frame else None
        self.reset()
        return predictions

    def _complete_frame(self) -> Predictions:
        steps, self._frame = np.array(self._frame), []
        return self._steps(steps)

    def continue_with(self, text: str) -> Predictions:
        """Take the next piece of a text, and return the prediction after it.

        Raises
        ------
        ValueError
            The piece has no symbols, or is not valid Unicode.
        """
        vocabulary = self.model.input_spec.vocabulary
        assert vocabulary is not None
        symbols = vocabulary.encode(text)
        if not len(symbols):
            raise ValueError("has no words; a piece of text, or an empty line, was expected")
        return self._steps(symbols[:, np.newaxis])

    def _steps(self, values: Array) -> Predictions:
        """Take the inputs (T, D) of the next time steps, and return the prediction after them.

        If the model has frames, they are the time steps of one.
        """
        z, task = self._outputs(values), self.model.task
        is_classification = task.kind != "regression"
        probabilities = task.probabilities(z) if is_classification else None
        return Predictions({}, task.decode(z), probabilities)

    def _outputs(self, values: Array) -> Array:
        """Return the outputs (1, O) after the inputs (T, D) of the next time steps."""
        model = self.model
        if isinstance(model, Ensemble):
            return model.combine(part._outputs(values) for part in self.parts)
        x, _ = model.network_inputs(values[np.newaxis])
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(x.shape[1]):
                state = self.stepper.advance(x[:, step : step + 1])
                self.pooling.add(state[np.newaxis, :-1])
                self.last_inputs[:-1] = self.last_inputs[1:]
                self.last_inputs[-1:] = self.stepper.inputs
            last_inputs = self.last_inputs.reshape(-1, 1)
            features = np.concatenate([*self.pooling.pooled(), last_inputs, state[-1:]])
            z: Array = np.dot(model.network.views.head, features).T
        check_finite(z)
        return z


def parse_features(text: str, count: int) -> Array:
    """Return the numbers of a line (D,).

    Raises
    ------
    ValueError
        There are too few or too many values, or one is not a number.
    """
    actual_count = text.count(",") + 1  # A long text is not split only to be refused.
    if actual_count != count:
        raise ValueError(f"{actual_count} values; {count} features per time step were expected")
    return np.array([number(cell) for cell in text.split(",")])
