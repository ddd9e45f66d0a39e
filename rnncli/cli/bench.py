"""``rnn bench``."""

import json
from dataclasses import asdict

from rnncli.cli.commands import command_app
from rnncli.cli.first_member import note_first_member
from rnncli.cli.options import ConfigFile, Json, Overrides

app = command_app()


@app.command()
def bench(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Measure the time of a training step, and compare it with the limit of the machine.

    \b
    Examples:
      rnn bench
      rnn bench -c configs/digits.yaml --set training.batch_size=128 --json
    """
    from rnncli.cli.resolved_config import resolved_config
    from rnncli.display.benchmark_report import show_benchmark
    from rnncli.runs.training_setup import set_up
    from rnncli.training.benchmark import benchmark

    setup = set_up(resolved_config(config, overrides))
    model = setup.model
    note_first_member(len(setup.members))
    timing = benchmark(model.network, model.task, setup.sequences, setup.training)
    if as_json:
        print(json.dumps(asdict(timing)))
    else:
        show_benchmark(timing)
