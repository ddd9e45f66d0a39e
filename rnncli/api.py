"""The Python interface: ``rnncli.load`` and ``rnncli.train``."""

import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncli.config.config import Config
from rnncli.config.reading import config_from, read_config
from rnncli.inference.model import Model
from rnncli.runs.saved_model import open_models
from rnncli.runs.training_run import start_run
from rnncli.runs.training_setup import set_up


def load(path: str | os.PathLike[str], *others: str | os.PathLike[str]) -> Model:
    """Load a trained model, or several whose probabilities or values are averaged.

    Parameters
    ----------
    path : str or path
        A weights file, a run folder, a run's name under ``runs/``, or ``latest``.
    *others : str or path
        Further ones.

    Returns
    -------
    Model
        With `predict` and `predict_proba` for arrays ``x (N, T, D)`` of raw values: the model
        standardizes them itself.

    Raises
    ------
    InputError
        There is no such file or run, or it is damaged; or several models do not predict the same
        from the same input.

    Examples
    --------
    >>> model = rnncli.load("runs/2026-11-22_14-05-33_sum_sign")
    >>> model.predict(x)
    """
    return open_models([os.fspath(one) for one in (path, *others)]).model


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
        The folder in which to create a run folder; by default nothing is written.

    Returns
    -------
    Model
        With the weights of the lowest validation loss, or the last ones without validation.

    Raises
    ------
    InputError
        The config or the data is invalid.
    DivergedError
        A loss or a gradient was not finite.
    StorageError
        The run folder could not be written.
    InterruptError
        A signal stopped a training run that is saved in a run folder.

    Warns
    -----
    RuntimeWarning
        The file system of the run folder has no locks.

    Examples
    --------
    >>> model = rnncli.train({"data": {"kind": "sum_sign"}})
    """
    config = _config(config)
    if runs is None:
        setup = set_up(config)
        events = setup.fit()
    else:
        run = start_run(config, Path(runs), sys.argv)
        for warning in run.warnings:
            warnings.warn(warning, RuntimeWarning, stacklevel=2)
        setup, events = run.setup, run.events()
    for _ in events:
        pass
    return setup.best_model()


def _config(config: str | os.PathLike[str] | Mapping[str, Any] | Config) -> Config:
    if isinstance(config, Config):
        return config
    return config_from(dict(config)) if isinstance(config, Mapping) else read_config(Path(config))
