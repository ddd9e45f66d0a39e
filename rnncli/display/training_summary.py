"""The summary at the end of a training run."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from rnncli.analysis.training_note import training_note
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.text import Text
from rnncli.display.formats import format_duration, format_metric
from rnncli.display.interval_notes import missing_intervals
from rnncli.display.terminal import stderr_can_redraw, write_message
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.runs.metrics_log import read_metrics
from rnncli.runs.training_run import TrainingRun


def show_training_summary(run: TrainingRun) -> None:
    """Show the results of a training run on standard error, with the score of the test split.

    A note follows if the training loss suggests to change the config.

    Parameters
    ----------
    run : TrainingRun
        A finished training run.
    """
    setup, record = run.setup, run.record
    members = setup.members
    best = ", ".join(map(str, members.best_epochs))
    facts = [("best epoch" if len(members) == 1 else "best epochs", f"{best} of {members.epoch}")]
    for split, prefix in (("training", "train_"), ("validation", "val_")):
        values = [
            f"{name.removeprefix(prefix)} {format_metric(name.removeprefix(prefix), value)}"
            for name, value in (record["figures"] or {}).items()
            if name.startswith(prefix) and value is not None
        ]
        facts += [(split, "  ".join(values))] if values else []
    model = setup.best_model()
    if setup.splits.test is not None:
        facts.append(("test", _test_score(model, setup.splits.test)))
    if model.intervals is not None and (note := missing_intervals(model.intervals)):
        facts.append(("intervals", note))
    facts += [
        ("time", format_duration(members.seconds)),
        ("run", str(run.folder)),
        ("next", _next_command(run)),
    ]
    _show_facts(facts)
    advice = training_note(setup, read_metrics(run.folder)["train_loss"])
    if advice is not None:
        write_message(f"note: {advice}")


def _test_score(model: Model, test: Sequences | Text) -> str:
    """Return the loss and the metric of a model on the test split."""
    from rnncli.inference.evaluation import evaluate_split

    try:
        report = evaluate_split(model, test)
    except InputError as error:  # The training has finished nevertheless.
        return f"cannot be scored: {error}"
    names = ("loss", model.task.metric)
    values = [f"{name} {format_metric(name, report.metrics[name])}" for name in names]
    return "  ".join([*values, f"({report.num_samples:,} predictions)"])


def _next_command(run: TrainingRun) -> str:
    """Return a command that works as it is.

    It is a sample of text, a prediction, an evaluation, or a plot if there is no evaluation split.
    """
    data = run.setup.config.data
    if run.setup.model.task.is_language_model:
        return f"rnn sample -w {shlex.quote(str(run.folder))}"
    path = getattr(data, "test_path", None) or getattr(data, "path", None)
    if path is not None:
        source = _shortest(path)
        return f"rnn predict -w {shlex.quote(str(run.folder))} -i {shlex.quote(source)}"
    command = "evaluate -w" if run.setup.splits.for_evaluation is not None else "plot"
    return f"rnn {command} {shlex.quote(str(run.folder))}"


def _shortest(path: Path) -> str:
    """Return a path as given, or relative to the working directory if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


def _show_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Show names and values, which are never wrapped, so that commands can be copied."""
    if not stderr_can_redraw():
        for name, value in facts:
            write_message(f"{name}: {value}")
        return
    from rich.text import Text

    from rnncli.display.console import error_console

    console, width = error_console(), max(len(name) for name, _ in facts)
    for name, value in facts:
        console.print(Text.assemble((f"{name:{width}}  ", "bold"), value), soft_wrap=True)
