"""Compare the speed of training steps on two commits, paired.

    python tests/benchmarks/compare_commits.py HEAD~30 HEAD
    python tests/benchmarks/compare_commits.py main my-branch --shapes medium --rounds 21

Each commit is checked out into a temporary folder and runs in a process of its own. The two take
turns, round by round, so that both see the same machine. The times are medians over the rounds, and
the ratio is the median of the rounds' ratios, with their middle half as its spread: above 1, the
second commit is faster. Both run the step of this checkout's `rnncli/bench/peers/own.py` on
their own package: a commit in which the classes that it uses had another interface cannot be
compared.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

REPOSITORY = Path(__file__).parent.parent.parent
OWN_STEP = REPOSITORY / "rnncli" / "bench" / "peers" / "own.py"


def own_module() -> Any:
    """Return the module with the step, which imports the package that is on the path."""
    spec = spec_from_file_location("own_step_of_this_checkout", OWN_STEP)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer_rounds() -> None:
    """Be a child: for each work on standard input begin it, for each number time so many calls."""
    module = own_module()
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, list):
            step = module.own_step(module.Work(*request))
            step()
            request = 1
        begun = perf_counter()
        for _ in range(request):
            step()
        print((perf_counter() - begun) / request, flush=True)


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """Check a commit out into a temporary folder."""
    git = ["git", "-C", str(REPOSITORY), "worktree"]
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run([*git, "add", "--quiet", "--detach", tree, commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", tree], check=True)


@contextmanager
def child(tree: Path, threads: int) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that times steps of the package in a folder, and end it afterwards."""
    command = [sys.executable, __file__, "--child"]
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "RNN_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": "1",
    }
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: "subprocess.Popen[str]", request: object) -> float:
    """Return the seconds per step of a child's answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit("a commit cannot be measured; its error is above")
    return float(line)


def compare(children: list["subprocess.Popen[str]"], work: Any, rounds: int, seconds: float) -> str:
    """Return a row: the times of both commits, and the ratio with its spread."""
    for process in children:
        ask(process, work)
    calls = [max(1, int(seconds / ask(process, 1))) for process in children]
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        # The first one to run alternates too.
        for index in (0, 1) if number % 2 else (1, 0):
            times[index].append(1e6 * ask(children[index], calls[index]))
    ratios = [a / b for a, b in zip(*times, strict=True)]
    low, ratio, high = quantiles(ratios, n=4)
    a, b = (median(values) for values in times)
    sizes = f"{work.batch:>5} {work.steps:>5} {work.inputs:>6} {work.hidden:>6} {work.layers:>6}"
    return f"{work.cell:<6} {sizes} {a:>10.1f} {b:>10.1f} {ratio:>6.3f}x {low:>6.3f} to {high:.3f}"


def main() -> None:
    """Print a table."""
    from peers import SHAPES

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("a", metavar="A", help="a commit")
    parser.add_argument("b", metavar="B", help="another one")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.1, help="of a round")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=[*SHAPES])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds: at least 2, for a spread")
    with ExitStack() as stack:
        trees = [stack.enter_context(checkout(one)) for one in (arguments.a, arguments.b)]
        children = [stack.enter_context(child(tree, arguments.threads)) for tree in trees]
        print("cell   batch steps inputs hidden layers          A          B   ratio  spread")
        for work in [work for name in arguments.shapes for work in SHAPES[name]]:
            print(compare(children, work, arguments.rounds, arguments.seconds), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--child"]:
        answer_rounds()
    else:
        main()
