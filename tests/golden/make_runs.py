"""Make the golden runs of a format version, once when that version is released.

    python tests/golden/make_runs.py tests/golden/v1

`exact/` is a whole run folder whose weights are multiples of 1/4 under a learning rate too small to
change them, so that its outputs for whole numbers are exact on every machine; the other files are
weights of ordinary trainings, whose outputs may differ in the last digits elsewhere.
"""

import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import rnncli
from rnncli.config.reading import config_from
from rnncli.runs.training_run import start_run
from rnncli.runs.weights import weights_of

DATA = Path(__file__).parent.parent / "data"
EXACT = {
    "name": "exact",
    "data": {"kind": "parity", "num_samples": 40, "sequence_length": 4, "test_length": 6},
    "model": {"cell": "relu", "hidden_size": 4},
    "training": {
        "num_epochs": 2,
        "optimizer": {"kind": "sgd", "learning_rate": 1e-30, "momentum": 0.9},
    },
}
ORDINARY = {
    "vowels": {
        "data": {"kind": "ts", "path": str(DATA / "JapaneseVowels_TRAIN.ts.gz")},
        "model": {"cell": "gru", "hidden_size": 4, "bidirectional": True, "pooling": "mean"},
        "training": {"num_epochs": 2},
    },
    "sunspots": {
        "data": {"kind": "series", "path": str(DATA / "sunspots.csv"), "columns": ["SUNACTIVITY"]},
        "model": {"cell": "lstm", "hidden_size": 4, "num_layers": 2, "dropout": 0.1},
        "training": {"num_epochs": 2},
    },
}


def make_exact(folder: Path) -> dict[str, object]:
    """Write a run whose training leaves its weights, multiples of 1/4, unchanged."""
    with TemporaryDirectory() as runs:
        run = start_run(config_from(EXACT), Path(runs), ["rnn", "train", "-c", "exact.yaml"])
        network = run.setup.model.network
        # Entries that are zero would change.
        whole = np.random.default_rng(0).choice([-2, -1, 1, 2], network.parameters.size)
        network.parameters[...] = whole / 4
        for _ in run.events():
            pass
        assert (network.parameters == whole / 4).all()
        shutil.copytree(run.folder, folder)
    x = np.random.default_rng(1).integers(-2, 3, size=(20, 6, 1)).astype(float)
    outputs = rnncli.load(folder).outputs(x)
    return {"x": x.tolist(), "outputs": [float(z).hex() for z in outputs.ravel()]}


def make_ordinary(path: Path, tree: dict[str, object]) -> dict[str, object]:
    """Train a little, and keep the weights."""
    model = rnncli.train(tree)
    weights_of(model).write(path)
    x = np.random.default_rng(1).standard_normal((5, 7, model.network.input_size))
    return {"x": x.tolist(), "outputs": model.outputs(x).tolist()}


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir()
    expected = {"exact": make_exact(folder / "exact")}
    for name, tree in ORDINARY.items():
        expected[name] = make_ordinary(folder / f"{name}.npz", tree)
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
