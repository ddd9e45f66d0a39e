"""Resuming a run from its checkpoint."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from rnncli.config.config import Config
from rnncli.config.reading import config_from, read_config, read_config_text
from rnncli.config.tree import as_tree, flatten
from rnncli.errors import InputError
from rnncli.runs.changes import config_changes, record_changes
from rnncli.runs.checkpoint import restore_checkpoint, saved_config, saved_config_sha256
from rnncli.runs.checksums import sha256_of
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
        old = _old_record(folder)
        setup, metrics_sha256 = _restored_setup(folder, read_config(folder / CONFIG, overrides))
        session = new_session(command)
        record = new_record(
            setup, old if start_time(old) else session, [*sessions_of(old), session]
        )
        if "sample" in old:
            record["sample"] = old["sample"]
        warnings = lock_warnings(folder) + record_changes(folder, old)
        if not (folder / CHECKPOINT).exists():
            # Otherwise the checkpoint tells which keys of the config were changed.
            warnings += config_changes(folder, old)
        resumed = TrainingRun(setup, folder, record, lock, warnings)
        resumed.restore_files(metrics_sha256)
        on_error.pop_all()  # From here on, the run itself releases the lock.
        return resumed


def _restored_setup(folder: Path, config: Config) -> tuple[TrainingSetup, str | None]:
    """Return a run at its last checkpoint, and the hash of the log that the checkpoint has."""
    checkpoint = folder / CHECKPOINT
    if not checkpoint.exists():
        return set_up(config), None
    check_unchanged(folder, config)
    setup = set_up(config, from_the_start=False)
    metrics_sha256 = restore_checkpoint(checkpoint, setup)
    epoch = max(member.state.epoch for member in setup.members)
    if epoch > config.training.num_epochs:
        raise InputError(
            f"{folder}: {epoch} epochs are already trained; "
            f"training.num_epochs={config.training.num_epochs} would be fewer"
        )
    return setup, metrics_sha256


def _old_record(folder: Path) -> Record:
    """Return the record of a run, or an empty one if that is missing or invalid."""
    with suppress(InputError):
        return read_record(folder)
    return {}


def check_unchanged(folder: Path, config: Config) -> None:
    """Check a run's config against that of its checkpoint, if its file was changed.

    Raises
    ------
    InputError
        A key other than ``training.num_epochs`` changed; one line for each.
    """
    checkpoint = folder / CHECKPOINT
    if saved_config_sha256(checkpoint) == sha256_of(read_config_text(folder / CONFIG)):
        return
    changed = list(_changed_keys(_checkpoint_config(checkpoint), as_tree(config)))
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
        return as_tree(config_from(tree, is_complete=True))
    except InputError as error:
        raise InputError(f"{path}: {error.problems[0]}") from None


def _changed_keys(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, old and new value where two configs differ, except the number of epochs."""
    old, new = flatten(before), flatten(after)
    for key in new | old:
        if old.get(key) != new.get(key) and key != _CHANGEABLE:
            yield key, old.get(key), new.get(key)
