"""Test with the lowest and the newest versions of all dependencies, on every Python that is found.

    python tests/versions.py
    python tests/versions.py /usr/bin/python3.13 /opt/python3.14/bin/python3

Without arguments, the Pythons of the search path and of pyenv are used, one of each minor version.
For each of them, uv makes one environment with the lowest versions that pyproject.toml declares and
that have a wheel, and one with the newest. In each, a share of the suite runs that is quick and
uses every dependency; warnings are errors, as everywhere.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parent.parent
TESTS = (
    *("tests/config", "tests/display", "tests/cli/test_bad_input.py", "tests/cli/test_help.py"),
    *("tests/cli/test_plot.py", "tests/cli/test_unexpected.py", "tests/datasets/test_parquet.py"),
    *("tests/runs/test_archive.py", "tests/runs/test_weights.py", "tests/nn/test_network.py"),
    *("tests/training/test_training.py", "tests/test_sections.py"),
)
TOOLS = ("pytest>=8", "pytest-xdist>=3", "hypothesis>=6", "jsonschema>=4")
# With the lowest versions of the declared dependencies, the libraries that these use in turn are of
# their time: whether those warn about each other is not what is tested.
LOWEST = ("--resolution", "lowest-direct", "--exclude-newer", "2025-11-15")


def pythons() -> Iterator[str]:
    """Yield the Pythons to test with, one of each supported minor version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    candidates = [
        sys.executable,
        *filter(None, names),
        *sorted(map(str, pyenv.glob("3*/bin/python"))),
    ]
    found = set()
    for path in candidates:
        version = version_of(path)
        if version is not None and version >= (3, 11) and version not in found:
            found.add(version)
            yield path


def version_of(path: str) -> tuple[int, int] | None:
    """Return the minor version of a Python; None if it cannot be started."""
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"Python (\d+)\.(\d+)\.", done.stdout)
    return None if match is None else (int(match[1]), int(match[2]))


def run_tests(python: str, versions: str, folder: Path) -> bool:
    """Run the tests in a new environment; return whether they passed."""
    executable = str(folder / "bin" / "python")
    install = ("pip", "install", "--only-binary", ":all:", "--no-binary", "rnncli")
    resolution = LOWEST if versions == "lowest" else ()
    uv("venv", "--python", python, str(folder))
    package = f"{REPOSITORY}[plot,parquet]"
    uv(*install, "--python", executable, *resolution, "--editable", package)
    uv(*install, "--python", executable, *TOOLS)
    frozen = uv("pip", "freeze", "--python", executable, "--exclude-editable")
    command = [executable, "-m", "pytest", *TESTS]
    passed = subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0
    print(f"{python}, {versions} versions: {'passed' if passed else 'failed'}")
    print(f"  {' '.join(frozen.split())}", flush=True)
    return passed


def uv(*words: str) -> str:
    """Run uv, and return its output."""
    command = [sys.executable, "-m", "uv", "--quiet", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    results = []
    for python in sys.argv[1:] or pythons():
        for versions in ("lowest", "newest"):
            with TemporaryDirectory() as folder:
                results.append(run_tests(python, versions, Path(folder) / "venv"))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
