"""A config, its data and a new network before the doctor."""

from dataclasses import dataclass

from rnncli.config.config import Config
from rnncli.doctor import CHECKS, examine
from rnncli.doctor.estimate import Estimate, estimate
from rnncli.doctor.finding import Finding
from rnncli.doctor.subject import Subject
from rnncli.runs.trainer import build


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and what a run is going to take.

    Attributes
    ----------
    healthy : bool
        Whether nothing was found.
    findings : list of Finding
        What was found.
    checks : list of str
        All that was looked at.
    estimate : Estimate
        What a run is going to take.
    """

    healthy: bool
    findings: list[Finding]
    checks: list[str]
    estimate: Estimate


def diagnose(config: Config) -> Diagnosis:
    """Examine a config before a long run.

    Raises
    ------
    InputError
        The data is wrong, so that no run could begin.
    """
    made = build(config)
    start = made.model.network.parameters.copy()
    subject = Subject(made.model, made.splits, made.train, config.training, config.seed, start)
    findings = examine(subject)
    return Diagnosis(not findings, findings, list(CHECKS), estimate(subject))
