"""Verification of a finished run: it is trained again, and the weights are compared."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rnncli.config.reading import read_config
from rnncli.errors import InputError, InterruptError
from rnncli.runs.changes import changes
from rnncli.runs.checkpoint import saved_plan
from rnncli.runs.environment import environment
from rnncli.runs.resume import check_unchanged, resume_run
from rnncli.runs.run_folder import CHECKPOINT, CONFIG, WEIGHTS
from rnncli.runs.run_record import Record, read_record, sessions_of
from rnncli.runs.training_run import start_run
from rnncli.runs.weights import load_model, read_weights
from rnncli.runs.weights_metadata import metadata_of
from rnncli.training.events import Epoch, Step

# Rounding errors grow during a training run: half of a number's digits may differ because of them.
_DIGITS_KEPT = 0.5


@dataclass(frozen=True)
class SessionDifferences:
    """What differs between the environment of a session and the present one.

    Attributes
    ----------
    session : int
        The number of the session, counted from 1.
    started : str or None
        When it started, as in ``run.json``.
    differences : dict of str to (object, object)
        The values that differ: those of the session, and the present ones.
    """

    session: int
    started: str | None
    differences: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Verdict:
    """The result of a verification.

    Attributes
    ----------
    verdict : {"identical", "rounding", "different"}
        All bits are equal; all differences are small enough to be rounding errors; or neither.
    largest_difference, largest_relative_difference : float
        The largest absolute difference of two weights, and its ratio to the largest weight.
    array : str or None
        The array with the largest difference; None if all are identical.
    environment : dict of str to (object, object)
        The values of the environment that differ: those of the first session with another value,
        and the present ones.
    sessions : list of SessionDifferences
        The sessions of the run whose environments differ from the present one.
    """

    verdict: str
    largest_difference: float
    largest_relative_difference: float
    array: str | None
    environment: dict[str, tuple[Any, Any]]
    sessions: list[SessionDifferences]


class Repetition:
    """A finished run, trained again in another folder.

    Parameters
    ----------
    folder : Path
        The run's folder.
    runs : Path
        The folder in which to create the repetition's run folder.

    Raises
    ------
    InputError
        The run is not finished, or its files or its data changed.
    """

    def __init__(self, folder: Path, runs: Path) -> None:
        self.folder = folder
        self.record = read_record(folder)
        status = self.record.get("status")
        if status != "finished":
            raise InputError(f"{folder}: is {status}; only a finished run can be verified")
        self.plan = saved_plan(folder / CHECKPOINT)
        config = read_config(folder / CONFIG)
        check_unchanged(folder, config)
        changed = changes(folder, self.record)
        if changed:
            raise InputError(*changed)
        self.weights = read_weights(folder / WEIGHTS)
        first = replace(config.training, num_epochs=self.plan[0][1])
        self.run = start_run(replace(config, training=first), runs, [])
        self.num_epochs = config.training.num_epochs
        if self.run.setup.splits.sha256 != self.record.get("data_sha256"):
            raise InputError(
                f"{folder}: the run's data has changed; verification needs the same data"
            )

    def events(self) -> Iterator[Step | Epoch]:
        """Train as the run was trained, with a new number of epochs where it was extended."""
        try:
            for last_steps, num_epochs in self.plan[1:]:
                for event in self.run.events():
                    yield event
                    if self._is_extended_after(event, last_steps):
                        self.run.save()
                        break
                else:
                    # Where several processes train them, members are stopped anywhere.
                    raise InputError(
                        f"{self.folder}: was given more epochs after a stop within an epoch of "
                        "the ensemble, which cannot be repeated"
                    )
                epochs = f"training.num_epochs={num_epochs}"
                self.run = resume_run(str(self.run.folder), [epochs], [])
            yield from self.run.events()
        except InterruptError as stopped:
            raise InterruptError("stopped; nothing was verified", stopped.signal) from None

    def _is_extended_after(self, event: Step | Epoch, last_steps: list[int]) -> bool:
        """Return whether the run was extended after an event: within an epoch or at its end."""
        return [member.state.step for member in self.run.setup.members] == last_steps and (
            isinstance(event, Epoch) or event.batch < event.batches
        )

    def verdict(self) -> Verdict:
        """Compare the weights of the two runs."""
        old, new = self.folder / WEIGHTS, self.run.folder / WEIGHTS
        metadata = _comparable_metadata(old)
        for key, value in _comparable_metadata(new).items():
            if metadata[key] != value:
                raise InputError(
                    f"{old}: {key} does not agree with the run's config; the file belongs to "
                    "another run"
                )
        old_arrays, new_arrays = self.weights.arrays, read_weights(new).arrays
        differences = {
            name: float(np.abs(array - new_arrays[name]).max())
            for name, array in old_arrays.items()
        }
        worst = max(differences, key=lambda name: differences[name])
        largest_weight = max(float(np.abs(array).max()) for array in new_arrays.values())
        relative = differences[worst] / largest_weight
        identical = all(
            array.tobytes() == new_arrays[name].tobytes() for name, array in old_arrays.items()
        )
        sessions = session_differences(self.record)
        close = relative <= float(np.finfo(old_arrays[worst].dtype).eps) ** _DIGITS_KEPT
        return Verdict(
            "identical" if identical else "rounding" if close else "different",
            differences[worst],
            relative,
            None if identical else worst,
            {
                key: value
                for session in reversed(sessions)
                for key, value in session.differences.items()
            },
            sessions,
        )


def _comparable_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a weights file as this version writes them.

    An older file may lack newer keys. The means of the features matter only where they replace
    missing values. The intervals follow from the weights, which are compared themselves.
    """
    metadata = metadata_of(load_model(path))
    if metadata["rows"]["missing"] != "mean":
        del metadata["rows"]["means"]
    metadata.pop("intervals", None)
    return metadata


def session_differences(record: Record) -> list[SessionDifferences]:
    """Return what differs between the environments of a run's sessions and the present one."""
    now = json.loads(json.dumps(environment()))
    found = [
        SessionDifferences(number, session.get("started"), _differences(session, now))
        for number, session in enumerate(sessions_of(record), 1)
    ]
    return [session for session in found if session.differences]


def _differences(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    differences: dict[str, tuple[Any, Any]] = {}
    for key, value in now.items():
        before = then.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            differences |= _differences(before, value)
        elif before != value:
            differences[key] = (before, value)
    return differences
