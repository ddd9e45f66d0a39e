"""The doctor's diagnosis of a config, its data and its new network."""

from dataclasses import dataclass

from rnncli.config.config import Config
from rnncli.doctor import CHECKS, examine
from rnncli.doctor.estimate import Estimate, estimate
from rnncli.doctor.finding import Finding
from rnncli.doctor.subject import Subject
from rnncli.runs.training_setup import set_up


@dataclass(frozen=True)
class Diagnosis:
    """The findings, and what a run will take.

    Attributes
    ----------
    healthy : bool
        Whether there are no findings.
    findings : list of Finding
        The problems.
    checks : list of str
        All checks that were made.
    estimate : Estimate
        The time and memory that a run will take.
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
        The data is invalid, so that no run could start.
    """
    setup = set_up(config)
    start = setup.model.network.parameters.copy()
    subject = Subject(setup.model, setup.splits, setup.train, config.training, config.seed, start)
    findings = examine(subject)
    return Diagnosis(not findings, findings, list(CHECKS), estimate(subject))
