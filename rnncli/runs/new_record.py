"""The record of a run at the start of a session."""

from rnncli.runs.checksums import sha256_of
from rnncli.runs.environment import environment
from rnncli.runs.run_record import SESSION_KEYS, Record, now
from rnncli.runs.training_setup import TrainingSetup


def new_session(command: list[str]) -> Record:
    """Return the record of a session that starts now."""
    return {"command": command, "started": now(), "ended": None} | environment()


def new_record(setup: TrainingSetup, first: Record, sessions: list[Record]) -> Record:
    """Return the record of a run without results.

    Parameters
    ----------
    setup : TrainingSetup
        The training run.
    first : dict
        The first session, or an older record; its `SESSION_KEYS` become keys of the run.
    sessions : list of dict
        All sessions so far.
    """
    config = setup.config
    return {
        "status": "running",
        "name": config.name,
        "seed": config.seed,
        **{key: first[key] for key in SESSION_KEYS if key in first},
        "ended": None,
        "data_sha256": setup.splits.sha256,
        "config_sha256": sha256_of(setup.config_text.encode()),
        "parameters": setup.model.network.num_parameters,
        "cell": config.model.cell.kind,
        "hidden_size": config.model.hidden_size,
        "num_layers": config.model.num_layers,
        **({"ensemble": config.training.ensemble} if config.training.ensemble > 1 else {}),
        "metric": setup.model.task.metric,
        "has_validation": setup.validation is not None,
        "epochs": 0,
        "seconds": 0.0,
        "best_epoch": None,
        "figures": None,
        "sessions": sessions,
    }
