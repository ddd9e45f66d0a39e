"""Coverage-guided fuzzing of everything that reads files of others; run by hand.

    pip install atheris
    python tests/robustness/fuzz.py --seconds 60
    python tests/robustness/fuzz.py --target weights --seconds 600 --seed 7 --finds /tmp/finds

What counts as a defect is written in ``tests/helpers/readers.py``. Each kind of defect is shown
once, with its input, which becomes a test in ``test_fuzz.py`` when the defect is mended.
"""

import argparse
import hashlib
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import NoReturn

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))
MAX_BYTES = 20_000


def fuzz(target: str, seconds: int, seed: int, finds: Path) -> NoReturn:
    """Fuzz one reader; atheris ends the process."""
    with atheris.instrument_imports(include=["rnncli", "yaml"]):
        from helpers.readers import defect, readers

        folder = Path(tempfile.mkdtemp())
        reader = readers(folder)[target]
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, content in enumerate(reader.seeds):
            (corpus / str(number)).write_bytes(content)
            # Modules that are imported by their first use are instrumented too.
            defect(reader, content[:-9])
            defect(reader, content)
    warnings.simplefilter("error")
    kinds: set[str] = set()

    def one_input(content: bytes) -> None:
        problem = defect(reader, content)
        if problem is None:
            return
        kind = kind_of(problem)
        if kind not in kinds:
            kinds.add(kind)
            name = f"{target}-{hashlib.sha256(kind.encode()).hexdigest()[:8]}"
            (finds / name).write_bytes(content)
            (finds / f"{name}.txt").write_text(problem)
            print(f"{finds / name}: {len(content)} bytes\n{problem}", flush=True)

    def mutate(content: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.5:
            return bytes(atheris.Mutate(content, max_size))
        return reader.mutate(content, rng)[:max_size]

    options: dict[str, object] = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": MAX_BYTES,
        "verbosity": 0,
    }
    options |= {"print_final_stats": 1, "rss_limit_mb": 4000, "timeout": 60}
    options |= {"artifact_prefix": f"{finds}/{target}-"}
    arguments = [sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in options.items())]
    atheris.Setup(arguments, one_input, custom_mutator=mutate)
    atheris.Fuzz()
    sys.exit()


def kind_of(problem: str) -> str:
    """Return what two inputs with the same defect have in common: the error, and where it arose."""
    places = re.findall(r'File ".*?", line \d+', problem)
    last = problem.strip().splitlines()[-1]
    return f"{last.partition(':')[0]} {places[-1:]}" if places else re.sub(r"[\d'].*", "", last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", help="one reader; all of them, one after the other, by default")
    parser.add_argument("--seconds", type=int, default=60, help="the time for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--finds", type=Path, help="the folder for inputs that show a defect")
    options = parser.parse_args()
    finds = options.finds or Path(tempfile.mkdtemp())
    finds.mkdir(parents=True, exist_ok=True)
    if options.target is not None:
        fuzz(options.target, options.seconds, options.seed, finds)
    from helpers.readers import readers

    with tempfile.TemporaryDirectory() as folder:
        targets = list(readers(Path(folder)))
    for target in targets:
        words = ["--target", target, "--seconds", options.seconds, "--seed", options.seed]
        command = [sys.executable, __file__, *map(str, words), "--finds", str(finds)]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                command, text=True, capture_output=True, env={**os.environ, "TMPDIR": folder}
            )
        executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        print(f"{target}: {executed[1] if executed else 'ended early'} inputs")
        print(done.stdout if executed else done.stderr, end="", flush=True)


if __name__ == "__main__":
    main()
