"""``rnn bench``."""

import json
from dataclasses import asdict

from rnncli.cli.options import ConfigFile, Json, Overrides, config_of


def bench(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Time a training step, and compare it with the machine's limit.

    \b
    Examples:
      rnn bench
      rnn bench -c configs/digits.yaml --set training.batch_size=128 --json
    """
    from rnncli.display.tables import show_timing
    from rnncli.runs.trainer import build
    from rnncli.training.benchmark import benchmark

    experiment = build(config_of(config, overrides))
    model = experiment.model
    timing = benchmark(model.network, model.task, experiment.train, experiment.config.training)
    if as_json:
        print(json.dumps(asdict(timing)))
    else:
        show_timing(timing)
