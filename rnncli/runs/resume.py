"""Resuming a run from its checkpoint."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from rnncli.config.config import Config
from rnncli.config.reading import config_from, read_config
from rnncli.config.tree import as_tree, flatten
from rnncli.errors import InputError
from rnncli.runs.checkpoint import restore_checkpoint, saved_config
from rnncli.runs.find_run import find_run
from rnncli.runs.lock import lock_warnings, locked
from rnncli.runs.new_record import new_record, new_session
from rnncli.runs.run_folder import CHECKPOINT, CONFIG
from rnncli.runs.run_record import Record, read_record, sessions_of, start_time
from rnncli.runs.training_run import TrainingRun
from rnncli.runs.training_setup import TrainingSetup, set_up

_CHANGEABLE = "training.num_epochs"


def resume_run(run: str, overrides: list[str], command: list[str]) -> TrainingRun:
    """Return a run at its last checkpoint, or at its start if it has no checkpoint yet.

    Parameters
    ----------
    run : str
        A RUN: its folder, its name or ``latest``.
    overrides : list of str
        Empty, or ``training.num_epochs=N``.
    command : list of str
        The command line, for the record.

    Raises
    ------
    InputError
        There is no such run, another process is training it, its data changed, or a config key
        other than ``training.num_epochs`` changed.
    """
    for override in overrides:
        if override.partition("=")[0].strip() != _CHANGEABLE:
            raise InputError(
                f"--set {override}: only {_CHANGEABLE} can be changed when a run is resumed"
            )
    folder = find_run(run)
    with ExitStack() as on_error:
        lock = on_error.enter_context(ExitStack())
        lock.enter_context(locked(folder))
        setup = _restored_setup(folder, read_config(folder / CONFIG, overrides))
        record = _resumed_record(folder, setup, command)
        resumed = TrainingRun(setup, folder, record, lock, lock_warnings(folder))
        resumed.restore_files()
        on_error.pop_all()  # From here on, the run itself releases the lock.
        return resumed


def _restored_setup(folder: Path, config: Config) -> TrainingSetup:
    checkpoint = folder / CHECKPOINT
    if not checkpoint.exists():
        return set_up(config)
    check_unchanged(folder, config)
    setup = set_up(config, from_the_start=False)
    restore_checkpoint(checkpoint, setup)
    if setup.state.epoch > config.training.num_epochs:
        raise InputError(
            f"{folder}: {setup.state.epoch} epochs are already trained; "
            f"training.num_epochs={config.training.num_epochs} would be fewer"
        )
    return setup


def _resumed_record(folder: Path, setup: TrainingSetup, command: list[str]) -> Record:
    """Return a new record with the sessions of the old one, if that is valid."""
    session, old = new_session(command), Record()
    with suppress(InputError):
        old = read_record(folder)
    first = old if start_time(old) else session
    return new_record(setup, first, [*sessions_of(old), session])


def check_unchanged(folder: Path, config: Config) -> None:
    """Check a run's config against that of its checkpoint.

    Raises
    ------
    InputError
        A key other than ``training.num_epochs`` changed; one line for each.
    """
    changed = list(_changed_keys(_checkpoint_config(folder / CHECKPOINT), as_tree(config)))
    if changed:
        raise InputError(
            *(
                f"{folder / CONFIG}: {key}: is {new!r}, was {old!r}; only {_CHANGEABLE} can be "
                "changed when a run is resumed"
                for key, old, new in changed
            )
        )


def _checkpoint_config(path: Path) -> dict[str, Any]:
    """Return the config of a checkpoint, with the defaults of keys that were added since."""
    tree = saved_config(path)
    try:
        return as_tree(config_from(tree))
    except InputError as error:
        raise InputError(f"{path}: {error.problems[0]}") from None


def _changed_keys(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, old and new value where two configs differ, except the number of epochs."""
    old, new = flatten(before), flatten(after)
    for key in new | old:
        if old.get(key) != new.get(key) and key != _CHANGEABLE:
            yield key, old.get(key), new.get(key)
