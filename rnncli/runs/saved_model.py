"""A model opened from a weights file or a run, with the run's folder and config."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rnncli.errors import InputError
from rnncli.inference.ensemble import averaged, difference
from rnncli.inference.model import Model
from rnncli.runs.find_run import read_runs
from rnncli.runs.run_folder import CONFIG, WEIGHTS, is_file
from rnncli.runs.weights import load_model

if TYPE_CHECKING:  # A weights file alone needs no config.
    from rnncli.config.config import Config


@dataclass(frozen=True)
class SavedModel:
    """A model from a weights file.

    Attributes
    ----------
    path : Path
        The weights file.
    run : Path or None
        The run folder, if the file is in one.
    model : Model
        The model.
    config_text : bytes or None
        The content of the run's config file.
    others : tuple of SavedModel
        Further files with which `model` is averaged.
    """

    path: Path
    run: Path | None
    model: Model
    config_text: bytes | None = None
    others: "tuple[SavedModel, ...]" = ()

    def read_config(self, overrides: Sequence[str] = ()) -> "Config":
        """Return the run's config, with overrides of the form ``KEY=VALUE``.

        Raises
        ------
        InputError
            The weights file does not belong to a run, or the config is invalid.
        """
        from rnncli.config.reading import parse_config

        if self.run is None or self.config_text is None:
            raise InputError(f"{self.path}: a weights file alone has no config")
        return parse_config(self.config_text, self.run / CONFIG, overrides)


def open_model(name: str) -> SavedModel:
    """Open a FILE-or-RUN: a weights file, a run folder, a run's name or ``latest``.

    Raises
    ------
    InputError
        There is no such file or run, it has no weights yet, or they are damaged.
    """
    path = Path(name)
    if is_file(path):
        folder = path.parent
        if path.name == WEIGHTS and is_file(folder / CONFIG):
            return _model_of_run(folder)
        return SavedModel(path, None, load_model(path))
    if name != "latest" and path.suffix == ".npz":
        raise InputError(f"{name}: no such file; a weights file or a run was expected")
    return read_runs([name], lambda folders: _model_of_run(folders[0]))


def open_models(names: Sequence[str]) -> SavedModel:
    """Open one FILE-or-RUN or several; the predictions of several are averaged.

    Run and config are those of the first.

    Raises
    ------
    InputError
        See `open_model`; or the models do not predict the same from the same input.
    """
    first, *others = [open_model(name) for name in names]
    if not others:
        return first
    if first.model.task.is_language_model:
        raise InputError(f"{first.path}: a language model cannot be averaged; give it alone")
    for other in others:
        found = difference(first.model, other.model)
        if found is not None:
            raise InputError(
                f"{first.path} and {other.path}: {found}; only models that predict the same from "
                "the same input can be averaged"
            )
    model = averaged([first.model, *(other.model for other in others)])
    return replace(first, model=model, others=tuple(others))


def _model_of_run(folder: Path) -> SavedModel:
    from rnncli.config.reading import read_config_text

    path = folder / WEIGHTS
    if not is_file(path):
        raise InputError(f"{folder}: no {WEIGHTS} yet; train at least one epoch")
    return SavedModel(path, folder, load_model(path), read_config_text(folder / CONFIG))
