"""Repeats a finished run, and says whether the same weights come out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rnncli.config.reading import read_config
from rnncli.errors import InputError, InterruptError
from rnncli.runs import run_folder as names
from rnncli.runs.checkpoint import saved_plan
from rnncli.runs.environment import environment
from rnncli.runs.run_folder import read_record
from rnncli.runs.session import Session, check_unchanged, new_session, resumed_session
from rnncli.runs.weights import read_weights
from rnncli.training.events import Epoch, Step

# Rounding grows over a training; of a number's digits, it is given this part.
_ROUNDED_PART = 0.5


@dataclass(frozen=True)
class Verdict:
    """What came out.

    Attributes
    ----------
    verdict : {"identical", "rounding", "different"}
        Whether all bits are the same, or all numbers within what rounding explains.
    largest_difference, largest_relative_difference : float
        Between two weights; and over the largest of all weights.
    array : str or None
        Where that is.
    environment : dict of str to (str, str)
        What calculated then and now, where that is not the same.
    """

    verdict: str
    largest_difference: float
    largest_relative_difference: float
    array: str | None
    environment: dict[str, tuple[Any, Any]]


class Repetition:
    """A finished run, done again in another folder.

    Parameters
    ----------
    run : Path
        The run's folder.
    runs : Path
        Where to repeat it.

    Raises
    ------
    InputError
        The run is not finished, or its data changed.
    """

    def __init__(self, run: Path, runs: Path) -> None:
        self.run = run
        self.record = read_record(run)
        status = self.record.get("status")
        if status != "finished":
            raise InputError(f"{run}: is {status}; only a finished run can be verified")
        self.plan = saved_plan(run / names.CHECKPOINT)
        config = read_config(run / names.CONFIG)
        check_unchanged(run, config)
        first = replace(config.training, num_epochs=self.plan[0][1])
        self.session = new_session(replace(config, training=first), runs, [])
        self.num_epochs = config.training.num_epochs
        if self.session.experiment.splits.sha256 != self.record.get("data_sha256"):
            raise InputError(f"{run}: the run's data changed since; the same is needed")

    def events(self) -> Iterator[Step | Epoch]:
        """Train as the run was trained: it may have been made longer on the way."""
        try:
            for end, num_epochs in self.plan[1:]:
                for event in self.session.events():
                    yield event
                    if self._ends(event, end):
                        self.session.recorder.save()
                        break
                self.session = _longer(self.session, num_epochs)
            yield from self.session.events()
        except InterruptError as stopped:
            raise InterruptError("stopped; nothing was verified", stopped.signal) from None

    def _ends(self, event: Step | Epoch, end: int) -> bool:
        there = self.session.experiment.progress.step == end
        return there and (isinstance(event, Epoch) or event.batch < event.batches)

    def verdict(self) -> Verdict:
        """Compare the weights of the two runs."""
        old = read_weights(self.run / names.WEIGHTS)
        new = read_weights(self.session.folder / names.WEIGHTS)
        for key, value in new.metadata.items():
            if key not in ("rnncli", "sha256") and old.metadata.get(key) != value:
                raise InputError(
                    f"{self.run / names.WEIGHTS}: {key} is not what the run's config gives; the "
                    "file is not of this run"
                )
        then, now = old.arrays, new.arrays
        errors = {name: float(np.abs(then[name] - now[name]).max()) for name in then}
        worst = max(errors, key=lambda name: errors[name])
        relative = errors[worst] / max(float(np.abs(array).max()) for array in now.values())
        same = all(then[name].tobytes() == now[name].tobytes() for name in then)
        near = relative <= float(np.finfo(then[worst].dtype).eps) ** _ROUNDED_PART
        return Verdict(
            "identical" if same else "rounding" if near else "different",
            errors[worst],
            relative,
            None if same else worst,
            _differences(self.record, json.loads(json.dumps(environment()))),
        )


def _longer(session: Session, num_epochs: int) -> Session:
    return resumed_session(str(session.folder), [f"training.num_epochs={num_epochs}"], [])


def _differences(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what of the environment is not as it was recorded."""
    found: dict[str, tuple[Any, Any]] = {}
    for key, value in now.items():
        before = then.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            found |= _differences(before, value)
        elif before != value:
            found[key] = (before, value)
    return found
