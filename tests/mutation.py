"""Mutation testing of the numeric core: small mistakes in it, and whether its tests kill them.

    python tests/mutation.py --number 100 --seed 0 --minutes 20

Each mutant is one small change of one line: another operator, constant or condition, or a
statement left out. It is applied to a copy of the package, on which the tests of the core run
until one fails. A sample by seed is repeatable; when the time is up, the score is that of the
mutants tried so far.
Mutants that are equivalent to the original are listed, with the reason, in `EQUIVALENT`.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("nn", "training", "gradients")
# The test of the reference page guards the ranges and defaults of the config.
TESTS = ("tests/nn", "tests/training", "tests/gradients", "tests/config/test_reference.py")
# What these tests need besides pyproject.toml.
COPIED = ("rnncli", "tests", "configs")
# These tests plant mistakes in nn/ by replacing source text, and fail where a mutant changed it.
PLANTING = (
    "mistake or explanation_says or place_of_the_mean or place_of_the_probability or not_a_number"
)
SECONDS_PER_MUTANT = 300

OPERATORS = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}

# Constants that change only the speed or the memory of a calculation, or the choice of one of many
# equally good step sizes.
TUNING = {
    "_BYTES_KEPT",
    "_WIDE_BATCH",
    "_PRODUCTS_AT_ONCE",
    "_BLOCKS",
    "_BLOCK_SECONDS",
    "_PRODUCT_SIZE",
    "_CENTRAL_STEP",
    "_MOVE",
    "_MAX_MOVES",
}

# Mutants that are equivalent to the original, by file and mutated line, with the reason.
EQUIVALENT = {
    (
        "rnncli/training/schedules.py",
        "if step <= self.warmup_steps:",
    ): "at the end of the warm-up both formulas give 1",
    (
        "rnncli/nn/weight_gradient.py",
        "self.states_joined = self.states_by_step.reshape(-2, columns)",
    ): "NumPy takes any negative length for the unknown one",
    (
        "rnncli/nn/weight_gradient.py",
        "self.dz_joined = self.dz_by_row.reshape(rows, -2)",
    ): "NumPy takes any negative length for the unknown one",
    (
        "rnncli/nn/initialization.py",
        "block -= rng.uniform(-bound, bound, block.shape)",
    ): "the distribution is symmetric about zero",
    (
        "rnncli/nn/weight_gradient.py",
        "if rows <= columns:",
    ): "the order of the factors changes only the speed",
    (
        "rnncli/nn/weight_gradient.py",
        "if (not (rows < columns)):",
    ): "the order of the factors changes only the speed",
}


class Mutant(NamedTuple):
    """One change: the file, its line, what the line becomes, and the whole mutated text."""

    path: Path
    line: int
    mutated: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line}: {self.mutated}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a file."""
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def begin(node: ast.AST) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.AST) -> int:
        return starts[node.end_lineno - 1] + node.end_col_offset

    def changed(start: int, stop: int, new: str) -> Mutant:
        mutated = text[:start] + new + text[stop:]
        line = text.count("\n", 0, start) + 1
        return Mutant(path, line, mutated.splitlines()[line - 1].strip(), mutated)

    tree = ast.parse(text)
    left_out = {
        inner
        for node in ast.walk(tree)
        for part in _equivalent_parts(node)
        for inner in ast.walk(part)
    }
    for node in ast.walk(tree):
        if node in left_out:
            continue
        for left, operator, right in _operations(node):
            old, new = OPERATORS[type(operator)]
            start = text.find(old, end(left), begin(right))
            if start >= 0:
                yield changed(start, start + len(old), new)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            new = str(not node.value) if type(node.value) is bool else repr(node.value + 1)
            yield changed(begin(node), end(node), new)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield changed(begin(node), begin(node) + 1, "")
        elif isinstance(node, ast.If | ast.IfExp):
            condition = text[begin(node.test) : end(node.test)]
            yield changed(begin(node.test), end(node.test), f"(not ({condition}))")
        elif isinstance(node, ast.AugAssign) or _is_call_for_its_effect(node):
            yield changed(begin(node), end(node), "pass")


def _equivalent_parts(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node whose mutants are equivalent to the original.

    The arguments of a decorator declare what a class is, frozen for example; ``strict`` states what
    holds for the arguments of ``zip``; any seed of a generator is as good as another; and the
    constants in `TUNING` change no result.
    """
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
        return list(node.args)
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return [node.value]
    if isinstance(node, ast.Assign):
        names = {name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)}
        return [node.value] if names and names <= TUNING else []
    return list(getattr(node, "decorator_list", ()))


def _operations(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, ast.AST]]:
    """Yield left side, operator and right side of the operations at a node."""
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield node.left, node.op, node.right
    elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield node.target, node.op, node.value
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            if type(operator) in OPERATORS:
                yield left, operator, right
    elif isinstance(node, ast.BoolOp):
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield left, node.op, right


def _is_call_for_its_effect(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def tests_of(path: Path) -> list[str]:
    """Return the tests of the core in the order in which they soonest kill a mutant of a file."""
    folder = "tests" / path.relative_to("rnncli").parent
    own = folder / f"test_{path.name}"
    first = [str(own)] if (REPOSITORY / own).is_file() else []
    return [*first, *sorted(TESTS, key=lambda tests: not str(folder).startswith(tests))]


def passes(copy: Path, tests: Sequence[str] = TESTS, left_out: str = "") -> bool:
    """Return whether tests of the core pass in a copy of the repository."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    command += [*(["-k", f"not ({left_out})"] if left_out else []), *tests]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, capture_output=True, timeout=SECONDS_PER_MUTANT, env=environment
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def survives(mutant: Mutant, copies: list[Path]) -> bool:
    """Return whether the tests of the core pass on a mutant."""
    copy = copies.pop()
    target = copy / mutant.path
    original = target.read_text(encoding="utf-8")
    try:
        target.write_text(mutant.text, encoding="utf-8")
        return passes(copy, tests_of(mutant.path), PLANTING if "nn" in mutant.path.parts else "")
    finally:
        target.write_text(original, encoding="utf-8")
        copies.append(copy)


def main() -> None:
    """Try a sample of mutants, and print the survivors and the score."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=100, help="mutants in the sample")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=20, help="stop after this many minutes")
    parser.add_argument("--only", default="", help="only files with this in their path")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    files = [
        path.relative_to(REPOSITORY)
        for package in PACKAGES
        for path in sorted((REPOSITORY / "rnncli" / package).rglob("*.py"))
        if arguments.only in str(path)
    ]
    all_mutants = [mutant for path in files for mutant in mutants(path)]
    equivalent = [m for m in all_mutants if (str(m.path), m.mutated) in EQUIVALENT]
    candidates = [m for m in all_mutants if m not in equivalent]
    sample = random.Random(arguments.seed).sample(
        candidates, min(arguments.number, len(candidates))
    )
    print(f"{len(all_mutants)} mutants, {len(equivalent)} equivalent; a sample of {len(sample)}")
    deadline = monotonic() + 60 * arguments.minutes
    tried = killed = 0
    with TemporaryDirectory() as folder:
        copies = [Path(folder) / str(number) for number in range(arguments.jobs)]
        for copy in copies:
            for name in COPIED:
                shutil.copytree(REPOSITORY / name, copy / name)
            shutil.copy(REPOSITORY / "pyproject.toml", copy)
        # Where the tests fail anyway, every mutant would look killed.
        if not passes(copies[0]):
            sys.exit("the tests of the core fail on the unchanged package; nothing to measure")

        def attempt(mutant: Mutant) -> bool | None:
            return None if monotonic() > deadline else survives(mutant, copies)

        with ThreadPoolExecutor(arguments.jobs) as pool:
            for mutant, survived in zip(sample, pool.map(attempt, sample), strict=True):
                tried += survived is not None
                killed += survived is False
                if survived:
                    print(f"survived: {mutant.name}", flush=True)
    print(f"killed {killed} of {tried} ({killed / max(tried, 1):.1%})")


if __name__ == "__main__":
    main()
