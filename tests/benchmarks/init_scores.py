"""Score what `rnn init` suggests for data files, with no key changed.

    python tests/benchmarks/init_scores.py FILE... [--seeds 0 1 2]

Each FILE is trained on as `rnn init` suggests, once per seed; a file with ``_TRAIN`` in its name
needs its ``_TEST`` file beside it. A line shows the scores of the seeds, the score of the best
baseline of `rnn evaluate`, and the seconds of processor time that training took. To compare two
versions, run it with each of them on the path.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any


def rnn(folder: Path, *words: object) -> str:
    """Run a command in a folder; return what it wrote to standard output."""
    command = [sys.executable, "-m", "rnncli", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def seconds_of_children() -> float:
    """Return the processor time of all commands so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def score(file: Path, seed: int) -> tuple[dict[str, Any], float]:
    """Return the report of `rnn evaluate` on a file, and the seconds of its training."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rnn(folder, "init", file.resolve(), "-o", "c.yaml")
        before = seconds_of_children()
        rnn(folder, "train", "-q", "-c", "c.yaml", "--set", f"seed={seed}")
        seconds = seconds_of_children() - before
        return json.loads(rnn(folder, "evaluate", "-w", "latest", "--json")), seconds


def main() -> None:
    """Print a line for each file."""
    parser = argparse.ArgumentParser(description="Score what `rnn init` suggests for data files.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    arguments = parser.parse_args()
    print(f"{'file':32} {'metric':8} {'median':>10} {'baseline':>10} {'seconds':>8}  scores")
    for file in arguments.files:
        results = [score(file, seed) for seed in arguments.seeds]
        report = results[0][0]
        metric = "accuracy" if "accuracy" in report["metrics"] else "rmse"
        scores = [other["metrics"][metric] for other, _ in results]
        baseline = report["baselines"][report["best_baseline"]][metric]
        seconds = median(seconds for _, seconds in results)
        print(
            f"{file.name[:32]:32} {metric:8} {median(scores):10.4g} {baseline:10.4g} "
            f"{seconds:8.1f}  {' '.join(f'{value:.4g}' for value in scores)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
