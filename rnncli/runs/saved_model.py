"""A model opened from a weights file or a run, with the run's folder and config."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnncli.config.config import Config
from rnncli.config.reading import read_config
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.runs.find_run import find_run
from rnncli.runs.run_folder import CONFIG, WEIGHTS, is_file
from rnncli.runs.weights import load_model


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
    """

    path: Path
    run: Path | None
    model: Model

    def read_config(self, overrides: Sequence[str] = ()) -> Config:
        """Return the run's config, with overrides of the form ``KEY=VALUE``.

        Raises
        ------
        InputError
            The weights file does not belong to a run, or the config is invalid.
        """
        if self.run is None:
            raise InputError(f"{self.path}: a weights file alone has no config")
        return read_config(self.run / CONFIG, overrides)


def open_model(name: str) -> SavedModel:
    """Open a FILE-or-RUN: a weights file, a run folder, a run's name or ``latest``.

    Raises
    ------
    InputError
        There is no such file or run, it has no weights yet, or they are damaged.
    """
    path, run = _find_weights(name)
    return SavedModel(path, run, load_model(path))


def _find_weights(name: str) -> tuple[Path, Path | None]:
    path = Path(name)
    if is_file(path):
        folder = path.parent
        return path, folder if path.name == WEIGHTS and is_file(folder / CONFIG) else None
    if name != "latest" and path.suffix == ".npz":
        raise InputError(f"{name}: no such file; a weights file or a run was expected")
    folder = find_run(name)
    if not is_file(folder / WEIGHTS):
        raise InputError(f"{folder}: no {WEIGHTS} yet; train at least one epoch")
    return folder / WEIGHTS, folder
