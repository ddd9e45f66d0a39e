"""What a finished training run suggests to change, by its training loss."""

from collections.abc import Sequence

import numpy as np

from rnncli.datasets.streams import Streams
from rnncli.inference.baselines import constant_loss
from rnncli.runs.training_setup import TrainingSetup

# A training loss above this share of the loss of guessing is hardly below it.
_MAX_LOSS_SHARE = 0.8
# The loss falls fast if it falls by this share of the loss of guessing in the last quarter.
_MAX_FALL_SHARE = 0.1
# With fewer optimizer steps than this, more of them help most.
_FEW_STEPS = 1000
# Sequences with more time steps than this are hard to learn from one by one.
_LONG_SEQUENCE = 64
# Guessing has a smaller loss only if all targets are equal.
_SMALLEST_LOSS = 1e-9


def training_note(setup: TrainingSetup, train_losses: Sequence[float]) -> str | None:
    """Return what to raise if a training run ended with a high loss, or while it was falling.

    A loss is high if it is hardly below that of guessing, the best prediction that ignores the
    inputs. A falling loss counts only while that of the validation falls, too.

    Parameters
    ----------
    setup : TrainingSetup
        The training run at its end.
    train_losses : sequence of float
        The training loss of each epoch.

    Returns
    -------
    str or None
        One line; None if there is nothing to change, and for a language model.
    """
    if isinstance(setup.train, Streams):
        return None
    targets = setup.train.y.reshape(-1, setup.train.y.shape[-1])
    guessing = constant_loss(setup.model.task, targets[~np.isnan(targets[:, 0])])
    if guessing < _SMALLEST_LOSS:
        return None
    loss = train_losses[-1]
    if loss > _MAX_LOSS_SHARE * guessing:
        how = "hardly" if loss < guessing else "not"
        return (
            f"the training loss {loss:.3g} is {how} below that of guessing, {guessing:.3g}; "
            f"{_frames(setup)}raise {_duration(setup)}, training.optimizer.learning_rate or "
            "model.hidden_size"
        )
    quarter, state = len(train_losses) // 4, setup.state
    if not quarter or _is_stopped_early(setup) or state.best_epoch <= state.epoch - quarter:
        return None
    before = train_losses[-1 - quarter]
    if before - loss > _MAX_FALL_SHARE * guessing:
        return (
            f"the training loss was still falling, from {before:.3g} to {loss:.3g} in the last "
            f"quarter of the epochs; raise {_duration(setup)}"
        )
    return None


def _duration(setup: TrainingSetup) -> str:
    """Return the key that makes the training longer, with its value."""
    if _is_stopped_early(setup):
        return f"training.patience (now {setup.training.patience})"
    if setup.state.step < _FEW_STEPS:
        return f"training.num_updates (there were {setup.state.step})"
    return f"training.num_epochs (now {setup.training.num_epochs})"


def _is_stopped_early(setup: TrainingSetup) -> bool:
    """Return whether `patience` ended the training."""
    return setup.state.epoch < setup.training.num_epochs


def _frames(setup: TrainingSetup) -> str:
    """Return advice to shorten long sequences, for data that can be read as frames."""
    num_steps = setup.sequences.x.shape[1]
    if num_steps <= _LONG_SEQUENCE or not setup.could_use_frames:
        return ""
    return f"set data.frames, because sequences have {num_steps} time steps, or "
