"""``rnn bench``."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.first_member import note_first_member
from rnncli.cli.options import ConfigFile, Json, Overrides

app = command_app()


@app.command()
def bench(
    config: ConfigFile = None,
    overrides: Overrides = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Compare with PyTorch and JAX, where installed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure the time of a training step, its parts and what limits it.

    \b
    Examples:
      rnn bench
      rnn bench -c configs/digits.yaml --set training.batch_size=128 --json
      rnn bench --peers
    """
    from rnncli.bench.benchmark import benchmark, default_effort
    from rnncli.cli.resolved_config import resolved_config
    from rnncli.display.benchmark_report import show_benchmark, show_comparison
    from rnncli.runs.training_setup import set_up

    setup = set_up(resolved_config(config, overrides))
    network, task, settings = setup.model.network, setup.model.task, setup.training
    note_first_member(len(setup.members))
    timing = benchmark(network, task, setup.train, settings, setup.config.seed)
    comparison = None
    if peers:
        from rnncli.bench.peers.comparison import compare

        batches = setup.train.epoch(settings.batch_size, settings.shuffle, setup.config.seed, 0)
        comparison = compare(network, task, batches.batch(0), settings, default_effort())
    if as_json:
        result = asdict(timing)
        if comparison is not None:
            result["peers"] = [one._asdict() for one in comparison.timings]
            result["peer_notes"] = comparison.notes
        print(json.dumps(result))
        return
    show_benchmark(timing)
    if comparison is not None:
        show_comparison(comparison)
