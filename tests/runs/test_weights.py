"""``weights.npz``: PyTorch's arrays, metadata that agree, and old versions that are still read."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command, metrics

import rnncli
from rnncli.errors import InputError
from rnncli.nn.state_dict import state_dict
from rnncli.runs import checkpoint, weights
from rnncli.runs.archive import Contents
from rnncli.runs.weights import weights_of

GOLDEN = sorted((REPOSITORY / "tests" / "golden").glob("v*"))


def test_weights_have_pytorchs_arrays_and_metadata(run_folder: Path) -> None:
    with np.load(run_folder / "weights.npz", allow_pickle=False) as content:
        shapes = {name: content[name].shape for name in content.files}
        metadata = json.loads(content["metadata"].tobytes().decode())
    del shapes["metadata"]
    assert shapes == {
        "rnn.weight_ih_l0": (8, 1),
        "rnn.weight_hh_l0": (8, 8),
        "rnn.bias_ih_l0": (8,),
        "rnn.bias_hh_l0": (8,),
        "head.weight": (1, 8),
        "head.bias": (1,),
    }
    assert metadata["format"] == "rnncli-weights"
    assert metadata["version"] == 1
    assert metadata["labels"] == [0, 1]
    assert metadata["input"] is None
    assert {"rnncli", "model", "task", "gates", "sha256"} <= metadata.keys()


def damage(name: str, content: bytes) -> bytes:
    if name == "truncated":
        return content[: len(content) // 2]
    if name == "flipped":
        middle = content.index(b"weight_hh") + 250
        return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
    return {"empty": b"", "text": b"hello, world\n" * 9}[name]


@pytest.mark.parametrize(
    "change",
    [
        {"input": {"mean": [0.5], "std": [1.0]}},
        {"labels": [1, 0]},
        {"rnncli": "9.0"},
        {"more": 1},
        {"metadata_sha256": "0"},
    ],
    ids=["scaler", "labels", "program", "more", "hash"],
)
def test_metadata_that_were_changed_are_refused(
    rnn: Command, run_folder: Path, here: Path, change: dict[str, object]
) -> None:
    path = run_folder / "weights.npz"
    arrays = dict(np.load(path))
    metadata = json.loads(arrays.pop("metadata").tobytes()) | change
    (here / "x.csv").write_text("1,-1,1,1,1\n")
    for words in (("predict", "-w", path, "-i", "x.csv"), ("evaluate", "-w", run_folder)):
        assert rnn(*words).code == 0
    text = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    np.savez(path, metadata=text, **arrays)
    for words in (("predict", "-w", path, "-i", "x.csv"), ("evaluate", "-w", run_folder)):
        refused = rnn(*words)
        assert (refused.code, refused.err) == (
            2,
            f"error: {path}: the metadata do not match their sha256; the file is damaged\n",
        )
    # Files of older versions have no such hash.
    del metadata["metadata_sha256"]
    np.savez(path, metadata=np.frombuffer(json.dumps(metadata).encode(), np.uint8), **arrays)
    rnncli.load(path)


@pytest.mark.parametrize("name", ["truncated", "flipped", "empty", "text"])
def test_damaged_weights_are_refused(rnn: Command, run_folder: Path, name: str) -> None:
    path = run_folder / "weights.npz"
    path.write_bytes(damage(name, path.read_bytes()))
    result = rnn("evaluate", "-w", run_folder)
    assert result.code == 2
    assert result.err.startswith(f"error: {path}: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "other"}, "is a other file; rnncli-weights was expected"),
        ({"version": 99, "rnncli": "9.0"}, "it needs rnncli 9.0 or newer"),
        ({"model": {}}, "the metadata have no 'input_size'"),
        ({"model": [1]}, "metadata: model: must be a section with keys"),
        ({"rows": {"input_size": "x"}}, "metadata: rows: input_size: 'x' is of the wrong type; a "),
        ({"input": {"mean": 1, "std": [1]}}, "mean: 1 is of the wrong type; a list of numbers was"),
        ({"labels": [0, 1, 2]}, "3 labels do not fit a binary task"),
        ({"sha256": "0"}, "do not match their sha256"),
        ({"input": {"mean": [0, 0], "std": [1, 1]}}, "are not for 1 features"),
        ({"input": {"mean": [0], "std": [0]}}, "deviations above 0"),
        ({"labels": None}, "0 labels do not fit a binary task"),
        ({"rows": {"input_size": 1, "sequence_length": -5}}, "a sequence length of -5"),
        (
            {"rows": {"input_size": 1, "sequence_length": 5, "text_column": "name"}},
            "a column of texts for a model that does not read texts",
        ),
        (
            {"rows": {"input_size": 1, "sequence_length": 5, "frames": {"length": 1}}},
            "a frame of 1 time steps is out of range",
        ),
        (
            {
                "rows": {
                    "input_size": 1,
                    "sequence_length": 5,
                    "frames": {"length": 3, "values": "stacked"},
                }
            },
            "1 features or symbols per time step, but rows with 3",
        ),
        (
            {
                "rows": {
                    "input_size": 1,
                    "sequence_length": 5,
                    "label_per": "step",
                    "frames": {"length": 3},
                }
            },
            "frames are for sequences of numbers with one label per sequence",
        ),
    ],
)
def test_contradictory_metadata_are_refused(
    run_folder: Path, change: dict[str, object], problem: str
) -> None:
    path = run_folder / "weights.npz"
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    metadata = json.loads(arrays.pop("metadata").tobytes()) | change
    text = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    np.savez(path, metadata=text, **arrays)
    with pytest.raises(InputError, match=problem):
        rnncli.load(path)


def test_pytorchs_two_biases_are_added(run_folder: Path) -> None:
    path = run_folder / "weights.npz"
    x = np.random.default_rng(0).standard_normal((5, 5, 1))
    expected = rnncli.load(path).predict_proba(x)
    model = rnncli.load(path)
    arrays, metadata = weights_of(model).arrays, weights_of(model).metadata
    half = arrays["rnn.bias_ih_l0"] / 2
    arrays |= {"rnn.bias_ih_l0": half, "rnn.bias_hh_l0": half}
    Contents("rnncli-weights", 1, arrays, metadata).write(path)
    np.testing.assert_allclose(rnncli.load(path).predict_proba(x), expected, atol=1e-6)


def test_every_version_of_the_format_has_its_golden_run() -> None:
    versions = {weights.VERSION, checkpoint.VERSION}
    assert {path.name for path in GOLDEN} == {f"v{i}" for i in range(1, max(versions) + 1)}


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda path: path.name)
def test_old_runs_are_read_and_resumed(rnn: Command, here: Path, folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    exact = expected.pop("exact")
    run = Path(shutil.copytree(folder / "exact", here / "exact"))
    outputs = rnncli.load(run).outputs(np.array(exact["x"])).ravel()
    # All weights and numbers on the way are multiples of powers of two, so nothing is rounded.
    assert [float(z).hex() for z in outputs] == exact["outputs"]
    rows = ["0.5,1,-1,2,0,1"] * 3
    Path("x.csv").write_text("\n".join(rows) + "\n")
    assert rnn("predict", "-w", run, "-i", "x.csv").code == 0
    before = state_dict(rnncli.load(run).network)
    longer = rnn("train", "-q", "--resume", run, "--set", "training.num_epochs=3")
    assert longer.code == 0, longer.err
    np.testing.assert_equal(state_dict(rnncli.load(run).network), before)
    assert metrics(run)[:2] == metrics(folder / "exact")
    assert len(metrics(run)) == 3
    for name, known in expected.items():
        outputs = rnncli.load(folder / f"{name}.npz").outputs(np.array(known["x"]))
        np.testing.assert_allclose(outputs, known["outputs"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda path: path.name)
def test_old_runs_are_listed(rnn: Command, here: Path, folder: Path) -> None:
    run = Path(shutil.copytree(folder / "exact", here / "runs" / "exact"))
    (entry,) = json.loads(rnn("runs", "--json").out)["runs"]
    record = json.loads((run / "run.json").read_text())
    assert (entry["status"], entry["epochs"], entry["best_epoch"]) == ("finished", 2, 1)
    assert (entry["loss"], entry["figure"]) == (
        record["figures"]["val_loss"],
        record["figures"]["val_accuracy"],
    )
    assert (entry["cell"], entry["hidden_size"], entry["metric"]) == ("relu", 4, "accuracy")
