"""What saving costs: a training with and without a run folder, by turns in one run.

python tests/benchmarks/saving.py [CONFIG] [TIMES]
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rnncli.config.reading import read_config
from rnncli.runs.training_run import TrainingRun, start_run
from rnncli.runs.training_setup import set_up

SHARES = {
    "end of the run": ("_close",),
    "logs and checkpoints": ("_save_epoch", "_save_state"),
}


def timed(spent: dict[str, float]) -> None:
    """Make methods of a run add up the time that they take, except one within another."""
    inside: list[str] = []

    def wrap(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            inside.append(name)
            begun = perf_counter()
            result = method(*arguments)
            inside.pop()
            if not inside:
                spent[name] = spent.get(name, 0.0) + perf_counter() - begun
            return result

        return run

    for names in SHARES.values():
        for name in names:
            setattr(TrainingRun, name, wrap(name, getattr(TrainingRun, name)))


def main() -> None:
    config = read_config(Path(sys.argv[1] if len(sys.argv) > 1 else "configs/sum_sign.yaml"))
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    spent: dict[str, float] = {}
    timed(spent)
    plain, saved = [], []
    with TemporaryDirectory(dir=".") as runs:
        for _ in range(times):
            experiment = set_up(config)
            begun = perf_counter()
            for _ in experiment.fit():
                pass
            plain.append(perf_counter() - begun)
            session = start_run(config, Path(runs), [])
            begun = perf_counter()
            for _ in session.events():
                pass
            saved.append(perf_counter() - begun)
    whole = statistics.median(plain)
    print(f"training {whole * 1e3:.1f} ms, and {statistics.median(saved) * 1e3:.1f} ms with a run")
    for title, names in SHARES.items():
        share = sum(spent.get(name, 0.0) for name in names) / times
        print(f"{title}: {share * 1e3:.2f} ms, {share / whole:.1%} of the training")


if __name__ == "__main__":
    main()
