"""Runs on disk: the folder's files, weights that check themselves, resume, and reproducibility."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import Command, metrics, process, sha

import rnncli
from rnncli.config.reading import read_config
from rnncli.errors import InputError, StorageError
from rnncli.inference.evaluation import evaluate
from rnncli.runs.archive import Contents
from rnncli.runs.files import replacing
from rnncli.runs.run_folder import create_run, find_run
from rnncli.runs.weights import weights_of


def test_the_run_folder_holds_what_the_contract_says(run_folder: Path) -> None:
    names = {path.name for path in run_folder.iterdir()}
    assert names == {"config.yaml", "run.json", "metrics.csv", "weights.npz", "checkpoint.npz"}
    assert datetime.strptime(run_folder.name[:19], "%Y-%m-%d_%H-%M-%S")
    assert run_folder.name[19:] == "_small"
    header = (run_folder / "metrics.csv").read_text().splitlines()[0]
    assert header == (
        "epoch,step,seconds,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,grad_norm"
    )
    assert [row["epoch"] for row in metrics(run_folder)] == ["1", "2", "3"]
    record = json.loads((run_folder / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["best_epoch"] in (1, 2, 3)
    assert len(record["data_sha256"]) == 64
    assert set(record["versions"]) == {"rnncli", "python", "numpy", "blas"}
    assert {"seed", "started", "ended", "processor", "command", "figures"} <= record.keys()
    config = yaml.safe_load((run_folder / "config.yaml").read_text())
    assert config["data"]["num_samples"] == 200
    assert config["training"]["optimizer"]["beta1"] == 0.9


def test_the_resolved_config_repeats_the_run(rnn: Command, run_folder: Path) -> None:
    again = rnn("train", "-c", run_folder / "config.yaml", "-q")
    assert sha(Path(again.out.strip()) / "weights.npz") == sha(run_folder / "weights.npz")


def test_weights_have_the_contracts_arrays_and_metadata(run_folder: Path) -> None:
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


def test_the_best_epochs_weights_are_the_ones_saved(run_folder: Path) -> None:
    model = rnncli.load(run_folder)
    part = read_config(run_folder / "config.yaml").data.read(0).splits
    assert part.validation is not None
    best = min(float(row["val_loss"]) for row in metrics(run_folder))
    assert evaluate(model, [part.validation]).metrics["loss"] == pytest.approx(best, rel=1e-6)


def test_two_processes_and_any_number_of_threads_give_the_same_bytes(small: Path) -> None:
    hashes = set()
    for threads in ("1", "2", "2"):
        done = process("train", "-c", small, "-q", env={"OPENBLAS_NUM_THREADS": threads})
        assert done.returncode == 0, done.stderr
        hashes.add(sha(Path(done.stdout.strip()) / "weights.npz"))
    assert len(hashes) == 1
    # The negative control: another seed gives other bytes.
    done = process("train", "-c", small, "-q", "--set", "seed=1")
    assert sha(Path(done.stdout.strip()) / "weights.npz") not in hashes


def test_python_and_command_train_the_same_weights(small: Path, run_folder: Path) -> None:
    trained = rnncli.train(small)
    loaded = rnncli.load(run_folder)
    np.testing.assert_array_equal(trained.network.parameters, loaded.network.parameters)
    assert len(list(run_folder.parent.iterdir())) == 1


def test_runs_started_in_the_same_second_never_share_a_folder(tmp_path: Path) -> None:
    when = datetime(2026, 11, 22, 14, 5, 33)
    made = [
        create_run(tmp_path, "a", when, lambda folder: (folder / "b").touch()) for _ in range(3)
    ]
    assert [path.name for path in made] == [
        "2026-11-22_14-05-33_a",
        "2026-11-22_14-05-33_a_2",
        "2026-11-22_14-05-33_a_3",
    ]


def test_a_run_is_found_by_path_by_name_and_as_latest(rnn: Command, run_folder: Path) -> None:
    newer = Path(rnn("train", "-c", run_folder / "config.yaml", "-q").out.strip())
    assert find_run("latest") == newer
    assert find_run(run_folder.name) == run_folder
    assert find_run(str(run_folder.resolve())) == run_folder.resolve()
    with pytest.raises(InputError, match="no run folder"):
        find_run("nothing")


def _config(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text + "\n")
    return path


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(StorageError, match=str(path)), replacing(path) as file:
        file.write(b"new")
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_can_not_be_written_is_a_machines_failure(
    rnn: Command, small: Path, here: Path
) -> None:
    (here / "taken").write_text("a file")
    result = rnn("train", "-c", small, "--runs", here / "taken")
    assert result.code == 3
    assert str(here / "taken") in result.err


def damage(name: str, content: bytes) -> bytes:
    if name == "truncated":
        return content[: len(content) // 2]
    if name == "flipped":
        middle = content.index(b"weight_hh") + 250
        return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
    return {"empty": b"", "text": b"hello, world\n" * 9}[name]


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
        ({"model": {}}, "the metadata has no 'input_size'"),
        ({"labels": [0, 1, 2]}, "3 labels do not fit a binary task"),
        ({"sha256": "0"}, "do not match their sha256"),
        ({"input": {"mean": [0, 0], "std": [1, 1]}}, "is not for 1 features"),
        ({"input": {"mean": [0], "std": [0]}}, "deviations above 0"),
        ({"labels": None}, "0 labels do not fit a binary task"),
        ({"rows": {"input_size": 1, "sequence_length": -5}}, "a sequence length of -5"),
    ],
)
def test_weights_that_contradict_themselves_are_refused(
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


def test_pytorchs_two_biases_are_added_up(run_folder: Path) -> None:
    path = run_folder / "weights.npz"
    x = np.random.default_rng(0).standard_normal((5, 5, 1))
    expected = rnncli.load(path).predict_proba(x)
    model = rnncli.load(path)
    arrays, metadata = weights_of(model).arrays, weights_of(model).metadata
    half = arrays["rnn.bias_ih_l0"] / 2
    arrays |= {"rnn.bias_ih_l0": half, "rnn.bias_hh_l0": half}
    Contents("rnncli-weights", 1, arrays, metadata).write(path)
    np.testing.assert_allclose(rnncli.load(path).predict_proba(x), expected, atol=1e-6)
