"""A trained network with everything needed to use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from rnncli.blas import one_thread
from rnncli.datasets.examples import Examples
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.mapped import Mapped, parts
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.scaling import Scaler, scaled
from rnncli.datasets.sequences import SMALLER_DATA, Sequences, check_features, padded
from rnncli.datasets.streams import Streams
from rnncli.datasets.task import Task
from rnncli.datasets.text import Text
from rnncli.errors import InputError
from rnncli.inference.outputs import outputs
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network
from rnncli.nn.objective import UnrolledPool

if TYPE_CHECKING:  # A model without intervals does not need them.
    from rnncli.inference.intervals import Intervals


@dataclass(frozen=True)
class Model:
    """A trained network with its task, the scale of its inputs and the layout of its input files.

    Attributes
    ----------
    network : Network
        The network with its weights.
    task : Task
        Classification or regression, with the class labels or the scale of the values.
    scaler : Scaler or None
        Standardization of the inputs, which every method applies.
    input_spec : InputSpec
        The layout of input files: features, sequence length, and where a label is; and the frames
        that are made of time steps.
    intervals : Intervals, optional
        The prediction intervals of a regression model that was validated.
    """

    network: Network
    task: Task
    scaler: Scaler | None
    input_spec: InputSpec
    intervals: "Intervals | None" = None

    @property
    def parts(self) -> "tuple[Model, ...]":
        """The models that are averaged, for an `Ensemble`; none for a single network."""
        return ()

    def outputs(self, x: Array | Sequence[Array], lengths: Array | None = None) -> Array:
        """Return the outputs of the head, (N, O), or (N, T, O) of a model with output every_step.

        Parameters
        ----------
        x : array (N, T, D), or list of arrays (T_i, D); for texts, list or array (N,) of str
            Sequences as recorded, not standardized. In an array, the values of a shorter sequence
            are at the end of its row.
        lengths : array (N,), optional
            The number of time steps of each sequence of an array.

        Raises
        ------
        InputError
            `x` has the wrong shape, or holds values that are not finite numbers; or it holds no
            texts, or an empty one; or the model is a language model.
        """
        return self.outputs_of(*self._arrays(x, lengths))

    def _arrays(
        self, x: Array | Sequence[Array], lengths: Array | None = None
    ) -> tuple[Array, Array | None]:
        """Return valid sequences (N, T, D) and their lengths; errors are those of `outputs`."""
        if self.task.is_language_model:
            raise InputError("the model is a language model, which has no labels to predict")
        if self.input_spec.vocabulary is None:
            return self._numbers(x, lengths)
        # Imported here, so that training on numbers starts faster.
        from rnncli.datasets.arrangements.texts import encoded_texts

        return encoded_texts(x, self.input_spec.vocabulary)

    def outputs_of(self, x: Array, lengths: Array | None) -> Array:
        """Return the outputs for valid sequences (N, T, D), of texts the indices of symbols."""
        x, lengths = self.network_inputs(x, lengths)
        with one_thread(), np.errstate(over="ignore", invalid="ignore"):
            z = outputs(UnrolledPool(self.network), x, lengths)
        check_finite(z)
        return z

    @overload
    def network_inputs(
        self, x: Array, lengths: Array | None = None
    ) -> tuple[Array, Array | None]: ...

    @overload
    def network_inputs(
        self, x: Array | Mapped, lengths: Array | None = None
    ) -> tuple[Array | Mapped, Array | None]: ...

    def network_inputs(
        self, x: Array | Mapped, lengths: Array | None = None
    ) -> tuple[Array | Mapped, Array | None]:
        """Return sequences as the network takes them, and their lengths.

        Of numbers, frames are made or windows are taken relative to their last row, if the model
        has either, and they are standardized; symbols stay as they are.
        """
        spec = self.input_spec
        if spec.vocabulary is not None:
            return x, lengths
        dtype = self.network.parameters.dtype
        if isinstance(x, Mapped):
            x, lengths = spec.transformed(x, lengths)
            return scaled(x, self.scaler, dtype, lengths), lengths
        shape = (len(x), spec.num_steps(x.shape[1]), spec.num_inputs)
        require_memory(prod(shape) * dtype.itemsize, "the standardized inputs", SMALLER_DATA)
        inputs = np.empty(shape, dtype)
        new_lengths = None if lengths is None else lengths.copy()
        for part in parts(x):  # Intermediate results are in double precision.
            values, lengths_of_part = spec.transformed(
                x[part], None if lengths is None else lengths[part]
            )
            inputs[part] = scaled(values, self.scaler, dtype, lengths_of_part)
            if new_lengths is not None:
                new_lengths[part] = lengths_of_part
        return inputs, new_lengths

    def offsets(self, x: Array | Mapped) -> Array | None:
        """Return what predictions for sequences (N, T, D) are relative to, (N, K).

        None if predictions are values as they are, or classes.
        """
        windows = self.input_spec.windows
        if windows is None:
            return None
        assert not isinstance(x, Mapped)
        return windows.offsets_of(x)

    def targets(self, sequences: Sequences, dtype: Any) -> Array:
        """Return the targets of the network for labelled sequences; see `Task.encode`."""
        return self.task.encode(sequences, dtype, self.offsets(sequences.x))

    def _numbers(
        self, x: Array | Sequence[Array], lengths: Array | None
    ) -> tuple[Array, Array | None]:
        """Return sequences of numbers as an array (N, T, D), with their lengths if these differ."""
        num_features = self.input_spec.input_size
        try:
            if isinstance(x, list | tuple) and x and all(np.ndim(sequence) == 2 for sequence in x):
                x, lengths = self._padded([np.asarray(sequence) for sequence in x])
            x = np.asarray(x)
        except ValueError as error:
            raise InputError(f"x cannot be converted to an array of numbers ({error})") from None
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != num_features:
            raise InputError(f"x has shape {x.shape}; (N, T, {num_features}) was expected")
        if x.dtype.kind not in "fiub" or not (np.abs(x) <= LARGEST).all():
            raise InputError(
                f"x (type {x.dtype}) holds invalid values; finite numbers up to {LARGEST:g} were "
                "expected"
            )
        return x, lengths

    def _padded(self, sequences: list[Array]) -> tuple[Array, Array | None]:
        """Return sequences (T_i, D) as an array (N, T, D), and their lengths if they differ."""
        num_features = self.input_spec.input_size
        for number, sequence in enumerate(sequences):
            if len(sequence) < 1 or sequence.shape[1] != num_features:
                raise InputError(
                    f"x[{number}] has shape {sequence.shape}; (T, {num_features}) was expected"
                )
        return padded(sequences, "x")

    def predict(self, x: Array | Sequence[Array]) -> Array:
        """Return the predicted class label (N,) or values (N, K) of each sequence or text.

        Sequences are an array (N, T, D) or a list of arrays (T_i, D), texts a list of str.

        A model with output every_step returns (N, T) or (N, T, K).
        """
        arrays, lengths = self._arrays(x)
        return self.task.decode(self.outputs_of(arrays, lengths), self.offsets(arrays))

    def forecast(self, rows: Array, steps: int, calendar: Array | None = None) -> Array:
        """Return the rows (steps, K) that follow those of a table (R, D); see `forecast_rows`."""
        from rnncli.inference.forecasting import forecast_rows

        return forecast_rows(self, rows, steps, calendar)

    def predict_proba(self, x: Array | Sequence[Array]) -> Array:
        """Return the probability of each class (N, C), in the order of ``task.labels``.

        A model with output every_step returns (N, T, C).
        """
        if self.task.kind == "regression":
            raise InputError("a regression model has no class probabilities; use predict")
        return self.task.probabilities(self.outputs(x))

    def sample(
        self,
        length: int = 500,
        num_samples: int = 1,
        prime: str = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> list[str]:
        """Return texts that a language model generates, each without the prime.

        Parameters
        ----------
        length : int
            The number of symbols of each; a model of lines may end a line earlier.
        num_samples : int
            The number of texts.
        prime : str
            The text that all of them continue.
        temperature, top_k, top_p
            How symbols are chosen; see `rnncli.inference.symbol_choice.Choice`.
        seed : int
            The seed of the random numbers.

        Raises
        ------
        InputError
            The model is not a language model, an argument is out of range, or the prime has a
            symbol that the model does not know.
        """
        from rnncli.inference.sampling import Sampler
        from rnncli.inference.symbol_choice import Choice

        sampler = Sampler(self, Choice(temperature, top_k, top_p), num_samples, seed, prime)
        for _ in sampler.steps(length):
            pass
        return [sample.text for sample in sampler.samples()]

    def check_labels(self, sequences: Sequences | Text) -> None:
        """Raise `InputError` unless labels and predictions are both per time step or per sequence.

        A model with output every_step needs a label per time step, others one per sequence.
        """
        every_step = self.network.architecture.predicts_every_step
        if every_step != sequences.per_step:
            raise InputError(
                f"{sequences.source}: has one label per {_unit(sequences.per_step)}; the model "
                f"needs one per {_unit(every_step)}"
            )

    def examples(self, sequences: Sequences | Text) -> Examples | Streams:
        """Return sequences with their targets, as the network takes them; or a text."""
        if isinstance(sequences, Text):
            dtype = self.network.parameters.dtype
            return Streams(sequences, self.input_spec.sequence_length, dtype)
        check_features(sequences, self.input_spec.input_size)
        self.check_labels(sequences)
        dtype = self.network.parameters.dtype
        x, lengths = self.network_inputs(sequences.x, sequences.lengths)
        return Examples(x, self.targets(sequences, dtype), lengths)


def check_finite(z: Array) -> None:
    """Raise `InputError` unless all outputs are finite."""
    if not np.isfinite(z).all():
        raise InputError(
            "the outputs of the model are not finite; inputs like those of the training data were "
            "expected"
        )


def _unit(per_step: bool) -> str:
    return "time step" if per_step else "sequence"
