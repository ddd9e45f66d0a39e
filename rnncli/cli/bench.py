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
    from rnncli.runs.training_setup import set_up
    from rnncli.training.benchmark import benchmark

    setup = set_up(config_of(config, overrides))
    model = setup.model
    timing = benchmark(model.network, model.task, setup.train, setup.config.training)
    if as_json:
        print(json.dumps(asdict(timing)))
    else:
        show_timing(timing)
