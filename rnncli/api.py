"""The Python interface: ``rnncli.load`` and ``rnncli.train``."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncli.config.config import Config
from rnncli.config.reading import config_from, read_config
from rnncli.inference.model import Model
from rnncli.runs.run_folder import find_weights
from rnncli.runs.session import new_session
from rnncli.runs.trainer import build
from rnncli.runs.weights import load_model


def load(path: str | os.PathLike[str]) -> Model:
    """Load a trained model.

    Parameters
    ----------
    path : str or path
        A weights file, a run folder, a run's name under ``runs/``, or ``latest``.

    Returns
    -------
    Model
        With `predict` and `predict_proba` for arrays ``x (N, T, D)``, as they were recorded: the
        model standardises them itself.

    Raises
    ------
    InputError
        There is no such file, or it is damaged.

    Examples
    --------
    >>> model = rnncli.load("runs/2026-11-22_14-05-33_sum_sign")
    >>> model.predict(x)
    """
    return load_model(find_weights(os.fspath(path))[0])


def train(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config,
    runs: str | os.PathLike[str] | None = None,
) -> Model:
    """Train a model.

    Parameters
    ----------
    config : path, mapping or Config
        A config file, or the same keys as a mapping.
    runs : path, optional
        Where to make a run folder, as the command does; without it nothing is written.

    Returns
    -------
    Model
        With the best weights: those of the lowest validation loss, or the last ones where there
        is no validation.

    Raises
    ------
    InputError
        The config or the data is wrong.
    DivergedError
        A loss or gradient was not finite.

    Examples
    --------
    >>> model = rnncli.train({"data": {"kind": "sum_sign"}})
    """
    if isinstance(config, Mapping):
        config = config_from(dict(config))
    elif not isinstance(config, Config):
        config = read_config(Path(config))
    if runs is None:
        experiment = build(config)
        events = experiment.fit()
    else:
        session = new_session(config, Path(runs), sys.argv)
        experiment, events = session.experiment, session.events()
    for _ in events:
        pass
    return experiment.best_model()
