"""The doctor's diagnosis of a config, its data and its new network."""

from dataclasses import dataclass

from rnncli.config.config import Config
from rnncli.doctor.checks import applicable_checks, run_checks
from rnncli.doctor.estimate import Estimate, estimate_run
from rnncli.doctor.examination import Examination
from rnncli.doctor.findings import Finding
from rnncli.runs.training_setup import TrainingSetup, set_up


@dataclass(frozen=True)
class Diagnosis:
    """The findings of all checks, and what a run will need.

    Attributes
    ----------
    healthy : bool
        Whether there are no findings.
    findings : list of Finding
        The problems found.
    checks : list of str
        The names of the checks that were made.
    estimate : Estimate
        What a run will need.
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
        The data is invalid, so that no run could begin.
    """
    examination = examination_of(set_up(config))
    findings = run_checks(examination)
    return Diagnosis(
        not findings, findings, applicable_checks(examination), estimate_run(examination)
    )


def examination_of(setup: TrainingSetup) -> Examination:
    """Return the subject of the checks: a new network and its data, before any check has run."""
    return Examination(
        setup.model,
        setup.splits,
        setup.sequences,
        setup.batches_per_epoch,
        setup.training,
        setup.config.seed,
        setup.model.network.parameters.copy(),
        setup.could_use_frames,
    )
