"""A training run that is disturbed, and what must hold afterwards."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command, metrics, sha

import rnncli

CONFIG = """
data: {kind: sum_sign, num_samples: 60, sequence_length: 4}
model: {hidden_size: 4}
training: {num_epochs: 2, checkpoint_every: 3, batch_size: 16}
"""
FILES = {"config.yaml", "run.json", "metrics.csv", "weights.npz", "checkpoint.npz"}


needs_library = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None,
    reason="faults.c is for Linux, and is built by a C compiler, cc",
)


def build_library(folder: Path) -> dict[str, str]:
    """Build ``faults.c``; return the environment in which its faults happen."""
    library = folder / "faults.so"
    source = Path(__file__).parent.parent / "robustness" / "faults.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def assert_no_temporary_files(folder: Path) -> None:
    assert [path for path in folder.rglob("*") if path.name.endswith(".tmp")] == []


def assert_resumable(rnn: Command, run: Path, uninterrupted: Path) -> None:
    """Existing weights can be loaded, and the resumed run ends as if nothing had happened."""
    if (run / "weights.npz").exists():
        rnncli.load(run)
    done = rnn("train", "-q", "--resume", run)
    assert done.code == 0, done.err
    assert sha(run / "weights.npz") == sha(uninterrupted / "weights.npz")
    assert [row["epoch"] for row in metrics(run)] == ["1", "2"]
    assert {path.name for path in run.iterdir()} == FILES
