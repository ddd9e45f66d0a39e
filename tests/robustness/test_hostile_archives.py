"""Untrusted weights and checkpoints: refused in one line, or equal to the original."""

import io
import os
import shutil
import struct
import subprocess
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from conftest import PEAK_MEGABYTES, Command
from helpers import hostile
from helpers.campaign import sample_or_campaign

import rnncli
from rnncli.config.reading import read_config
from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.nn.cells import CELLS
from rnncli.nn.state_dict import state_dict
from rnncli.runs.checkpoint import restore_checkpoint, saved_config
from rnncli.runs.resume import resume_run
from rnncli.runs.training_setup import set_up
from rnncli.runs.weights import load_model, start_from

Read = Callable[[Path], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose weights file has a scaler, labels, and means for missing values."""
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    np.savez(
        folder / "d.npz", x=rng.standard_normal((40, 5, 2)), y=np.array(["a", "b", "c", "d"] * 10)
    )
    (folder / "c.yaml").write_text(
        "data: {kind: npz, path: d.npz, missing: mean}\n"
        "model: {cell: gru, hidden_size: 4}\ntraining: {num_epochs: 2}\n"
    )
    rnncli.train(folder / "c.yaml", runs=folder)
    return next(path for path in folder.iterdir() if path.is_dir())


def read_weights(path: Path) -> dict[str, np.ndarray]:
    return state_dict(load_model(path).network)


@pytest.fixture(scope="module")
def readers(run: Path) -> dict[str, Read]:
    """How each kind of archive is read, down to its arrays."""
    setup = set_up(read_config(run / "config.yaml"))

    def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
        saved_config(path)
        restore_checkpoint(path, setup)
        state = setup.state
        return state.slots | {
            "parameters": setup.model.network.parameters,
            "best": state.best_parameters,
        }

    return {"weights.npz": read_weights, "checkpoint.npz": read_checkpoint}


ARCHIVES = pytest.mark.parametrize("name", ["weights.npz", "checkpoint.npz"])


def refusal(read: Read, path: Path) -> str | None:
    """Return the one line with which a file is refused; None if it is read."""
    try:
        read(path)
    except InputError as error:
        (line,) = error.problems
        assert str(path) in line
        assert "\n" not in line
        return line
    return None


@ARCHIVES
@sample_or_campaign("count", 350, 500_000)
def test_a_mutant_is_refused_or_equal(
    run: Path, readers: dict[str, Read], tmp_path: Path, name: str, count: int
) -> None:
    read = readers[name]
    good = {key: array.copy() for key, array in read(run / name).items()}
    path, accepted, slowest = tmp_path / name, 0, 0.0
    for mutant in hostile.mutants((run / name).read_bytes(), count, seed=1):
        path.write_bytes(mutant)
        start = time.perf_counter()
        line = refusal(read, path)
        slowest = max(slowest, time.perf_counter() - start)
        if line is None:
            accepted += 1
            arrays = read(path)
            assert arrays.keys() == good.keys()
            for key, array in good.items():
                np.testing.assert_array_equal(arrays[key], array, strict=True)
    print(f"{count} mutants of {name}: {accepted} equal, slowest {slowest:.3f} s")
    assert accepted < count / 10


def test_mutants_are_harmful(run: Path) -> None:
    """The negative control: a reader that trusts a file accepts mutants with other arrays."""
    good, wrong = dict(np.load(run / "weights.npz")), 0
    for mutant in hostile.mutants((run / "weights.npz").read_bytes(), 500, seed=1):
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            arrays = dict(np.load(io.BytesIO(mutant)))
            names = [name for name in good if name != "metadata"]
            wrong += any(not np.array_equal(arrays[name], good[name]) for name in names)
    assert wrong > 5


@ARCHIVES
def test_the_corpus_is_refused(
    run: Path, readers: dict[str, Read], tmp_path: Path, name: str
) -> None:
    content, path = (run / name).read_bytes(), tmp_path / name
    assert refusal(readers[name], run / name) is None
    for title, hostile_content in hostile.corpus(content).items():
        path.write_bytes(hostile_content)
        assert refusal(readers[name], path) is not None, title


WATCHED = f"""
import sys, time
from pathlib import Path
from rnncli.errors import RnnError
from rnncli.runs.weights import load_model
from rnncli.runs.checkpoint import saved_config
good, folder = Path(sys.argv[1]), Path(sys.argv[2])
load_model(good / "weights.npz"), saved_config(good / "checkpoint.npz")
try:
    load_model(good / "config.yaml")
except RnnError:
    pass
EVIL = ("exec", "import", "compile", "marshal", "pickle", "subprocess", "os.system", "os.exec",
        "os.fork", "os.posix_spawn", "os.spawn", "ctypes", "socket", "shutil", "os.remove",
        "os.rename", "os.mkdir", "code.__new__")
seen = set()
def watch(event, arguments):
    if event.startswith(EVIL) or (event == "open" and "r" not in str(arguments[1] or "r")):
        seen.add(event + repr(arguments)[:100])
sys.addaudithook(watch)
base = {PEAK_MEGABYTES}
slowest = (0, "")
for path in sorted(folder.iterdir()):
    begun = time.perf_counter()
    try:
        load_model(path)
        raise AssertionError(path)
    except RnnError:
        pass
    slowest = max(slowest, (time.perf_counter() - begun, path.name))
grown = {PEAK_MEGABYTES} - base
if len(sys.argv) > 3:
    eval("1")
print(slowest[0], grown, *seen, sep="\\n")
"""


def watched(run: Path, folder: Path, *more: str) -> tuple[float, int, list[str]]:
    """Read all hostile files in a process that reports its side effects."""
    command = [sys.executable, "-c", WATCHED, str(run), str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seconds, megabytes, *seen = done.stdout.splitlines()
    return float(seconds), int(megabytes), seen


def test_hostile_files_take_little_and_have_no_side_effects(run: Path, tmp_path: Path) -> None:
    content = (run / "weights.npz").read_bytes()
    for i, hostile_content in enumerate(hostile.corpus(content).values()):
        (tmp_path / f"{i}.npz").write_bytes(hostile_content)
    seconds, megabytes, seen = watched(run, tmp_path)
    print(f"slowest {seconds:.3f} s, {megabytes} MB")
    assert seen == []
    assert megabytes < 200
    # The negative control: the watch sees what it should.
    assert watched(run, tmp_path, "evaluate")[2] != []


def test_files_that_others_pack_are_read(run: Path, tmp_path: Path) -> None:
    good = read_weights(run / "weights.npz")
    members = hostile.unpacked((run / "weights.npz").read_bytes())
    arrays = dict(np.load(run / "weights.npz"))
    path = tmp_path / "w.npz"
    for write in (np.savez, np.savez_compressed):
        write(path, **arrays)
        np.testing.assert_equal(read_weights(path), good)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path.write_bytes(hostile.packed(members, method))
        np.testing.assert_equal(read_weights(path), good)
    # To a pipe, sizes follow the members.
    with subprocess.Popen(
        [sys.executable, "-c", PIPED, str(run / "weights.npz")], stdout=subprocess.PIPE
    ) as child:
        path.write_bytes(child.communicate()[0])
    np.testing.assert_equal(read_weights(path), good)


PIPED = "import sys, numpy; numpy.savez(sys.stdout.buffer, **numpy.load(sys.argv[1]))"


CONTRADICTIONS: dict[str, tuple[str, object, str]] = {
    "more units": ("model", {"hidden_size": 8192}, "has shape"),
    "more layers": ("model", {"num_layers": 64}, "is missing"),
    "a billion features": ("model", {"input_size": 10**9}, "features or symbols per time step"),
    "another cell": ("model", {"cell": "lstm"}, "has shape"),
    "another precision": ("model", {"dtype": "float64"}, "has shape"),
    "no end of units": ("model", {"hidden_size": 10**18}, "at least 1 and at most 8192"),
    "more outputs": ("model", {"output_size": 5}, "do not fit a multiclass task"),
    "labels far apart": (
        "labels",
        [0, 1, 2, 10**30],
        "must be all whole numbers or all valid names",
    ),
    "labels of two kinds": (
        "labels",
        [0, 1, 2, "a"],
        "must be all whole numbers or all valid names",
    ),
    "a label with an end": ("labels", ["a\0", "a", "b", "c"], "must be all whole"),
    "half a character": ("labels", ["\ud800", "a", "b", "c"], "must be all whole"),
    "a label that colors": ("labels", ["\x1b[31m", "a", "b", "c"], "must be all whole"),
    "a label without end": ("labels", ["a" * 9000, "a", "b", "c"], "must be all whole"),
    "two labels alike": ("labels", ["a", "a", "b", "c"], "do not fit a multiclass task"),
    "too small to divide by": ("input", {"std": [5e-324, 1]}, "deviations above 0"),
    "no deviation": ("input", {"std": [0, 1]}, "above 0"),
    "means of too many": ("rows", {"means": [0, 0, 0]}, "the means must be"),
    "means without end": ("rows", {"means": ["inf", "nan"]}, "the means must be"),
    "no steps": ("rows", {"sequence_length": 0}, "a sequence length of 0"),
    "steps without end": ("rows", {"sequence_length": 10**30}, "sequence length"),
    "columns of another": ("rows", {"columns": ["a"]}, "1 columns for 2 features"),
    "labels of steps": ("rows", {"label_per": "step"}, "labels of time steps"),
    "labels of something": ("rows", {"label_per": "foo"}, "label_per"),
    "other features": ("rows", {"input_size": 3, "means": []}, "features or symbols per time step"),
    "windows of no steps": (
        "rows",
        {"windows": {"columns": ["a", "b"], "targets": ["a"], "sequence_length": 0, "horizon": 1}},
        "the horizon of windows must be at least 1",
    ),
    "windows of other columns": (
        "rows",
        {"windows": {"columns": ["a", "b"], "targets": ["q"], "sequence_length": 1, "horizon": 1}},
        "the targets must be among the columns",
    ),
    "a calendar without dates": (
        "rows",
        {
            "windows": {"columns": ["a", "b"], "targets": ["a"], "sequence_length": 1}
            | {"horizon": 4, "calendar": ["month"]}
        },
        "calendar features need a time column",
    ),
    "a calendar of other features": (
        "rows",
        {
            "windows": {"columns": ["a", "b"], "targets": ["a"], "sequence_length": 1}
            | {"horizon": 4, "calendar": ["month"], "time_column": "t"}
        },
        "4 columns for 2 features",
    ),
    "a scale without end": ("task", {"target_mean": [1e308], "target_std": [1]}, "out of range"),
    "another loss": ("task", {"loss": "mean_squared_error"}, "do not fit"),
    "nothing to learn": ("task", {"kind": "regression"}, "4 labels do not fit"),
    "version nought": ("version", 0, "has format version 0"),
}


@pytest.mark.parametrize("title", CONTRADICTIONS)
def test_contradictory_metadata_are_refused(run: Path, tmp_path: Path, title: str) -> None:
    key, change, problem = CONTRADICTIONS[title]
    members = hostile.unpacked((run / "weights.npz").read_bytes())
    metadata = hostile.metadata_of(members)
    value = metadata[key] | change if isinstance(change, dict) else change
    path = tmp_path / "w.npz"
    path.write_bytes(hostile.packed(hostile.with_metadata(members, metadata | {key: value})))
    line = refusal(read_weights, path)
    assert line is not None
    assert problem in line


@pytest.mark.parametrize("kind", ["U9", "S9", "c8", "i4", "?"])
def test_start_from_needs_real_numbers(rnn: Command, run: Path, here: Path, kind: str) -> None:
    arrays = {n: a.astype(kind) for n, a in np.load(run / "weights.npz").items() if n != "metadata"}
    np.savez(here / "start.npz", **arrays)
    refused = rnn("train", "-c", run / "config.yaml", "--set", "training.start_from=start.npz")
    assert refused.code == 2
    assert "training.start_from: " in refused.err or "not a valid" in refused.err
    assert refused.err.count("\n") == 1
    assert not (here / "runs").exists()


def test_start_from_checks_the_hash_of_a_weights_file(
    rnn: Command, run: Path, tmp_path: Path
) -> None:
    members = dict(np.load(run / "weights.npz"))
    members["head.bias"] = members["head.bias"] + 1
    start = tmp_path / "start.npz"
    words = ("train", "-q", "-c", run / "config.yaml", "--runs", tmp_path / "runs")
    words += ("--set", f"training.start_from={start}")
    np.savez(start, **members)
    refused = rnn(*words)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "do not match their sha256" in refused.err
    del members["metadata"]
    np.savez(start, **members)
    assert rnn(*words).code == 0


def test_a_pipe_is_not_waited_for(rnn: Command, run: Path, here: Path) -> None:
    os.mkfifo(here / "pipe.npz")
    (here / "c.yaml").write_text("data: {kind: npz, path: pipe.npz}")
    mine = Path(shutil.copytree(run, here / "mine"))
    for words in (
        ("train", "-c", "c.yaml"),
        ("predict", "-w", run, "-i", "pipe.npz"),
        ("train", "-c", run / "config.yaml", "--set", "training.start_from=pipe.npz"),
    ):
        assert rnn(*words).code == 2
    for name in ("checkpoint.npz", "run.json", "metrics.csv", "weights.npz"):
        kept = (mine / name).read_bytes()
        (mine / name).unlink()
        os.mkfifo(mine / name)
        assert rnn("train", "-q", "--resume", mine).code in (0, 2), name
        (mine / name).unlink()
        (mine / name).write_bytes(kept)


def test_a_directory_of_any_length_in_a_file_of_any_length(tmp_path: Path) -> None:
    """A hole of five gigabytes and a record that says that most of it is the directory."""
    path = tmp_path / "d.npz"
    for end in (
        struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFB18, 0, 0),
        struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 5 << 30, 0)
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, 5 << 30, 1)
        + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0),
    ):
        with open(path, "wb") as file:
            file.truncate(5 << 30)
            file.seek(0, 2)
            file.write(end)
        start = time.perf_counter()
        with pytest.raises(InputError, match="members"):
            open_arrays(path)
        assert time.perf_counter() - start < 10


def test_a_newer_version_is_refused_with_the_version_it_needs(
    rnn: Command, run: Path, tmp_path: Path
) -> None:
    for name, key in (("weights.npz", "rnncli-weights"), ("checkpoint.npz", "rnncli-checkpoint")):
        members = hostile.unpacked((run / name).read_bytes())
        metadata = hostile.metadata_of(members) | {"version": 2, "rnncli": "9.8"}
        assert metadata["format"] == key
        path = tmp_path / name
        path.write_bytes(hostile.packed(hostile.with_metadata(members, metadata)))
    refused = rnn("predict", "-w", tmp_path / "weights.npz", "-i", "x.csv")
    assert refused.code == 2
    assert (
        "has format version 2, but this rnn reads only up to 1; it needs rnncli 9.8" in refused.err
    )
    with pytest.raises(InputError, match=r"it needs rnncli 9\.8 or newer"):
        saved_config(tmp_path / "checkpoint.npz")


@pytest.fixture(scope="module")
def runs_of_all_cells(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """A run of each cell and hidden size."""
    folder = tmp_path_factory.mktemp("cells")
    for cell in CELLS:
        for size in (3, 4, 5):
            config = {
                "name": f"{cell}{size}",
                "data": {"kind": "sum_sign", "num_samples": 40},
                "model": {"cell": cell, "hidden_size": size},
                "training": {"num_epochs": 1},
            }
            rnncli.train(config, runs=folder)
    return {
        (cell, size): next(folder.glob(f"*_{cell}{size}")) for cell in CELLS for size in (3, 4, 5)
    }


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("cell", CELLS)
def test_weights_of_another_cell_or_size_are_refused(
    runs_of_all_cells: dict[tuple[str, int], Path], tmp_path: Path, cell: str, size: int
) -> None:
    """As the start of a training run, and as the checkpoint of another run: never broadcast."""
    mine = Path(shutil.copytree(runs_of_all_cells[cell, size], tmp_path / "mine"))
    config = read_config(mine / "config.yaml")
    for (other, width), theirs in runs_of_all_cells.items():
        network = set_up(config).model.network
        # The tanh and the relu network have the same weights, so one may start from the other.
        if width == size and (cell == other or {cell, other} == {"tanh", "relu"}):
            start_from(network, theirs / "weights.npz")
        else:
            with pytest.raises(InputError, match=r"training\.start_from") as refused:
                start_from(network, theirs / "weights.npz")
            assert len(refused.value.problems) == 1
        if (cell, size) != (other, width):
            (mine / "checkpoint.npz").write_bytes((theirs / "checkpoint.npz").read_bytes())
            with pytest.raises(InputError, match=r"only training\.num_epochs can be changed"):
                resume_run(str(mine), [], [])


def test_a_checkpoint_with_vectors_of_another_size_is_refused(run: Path, tmp_path: Path) -> None:
    members = hostile.unpacked((run / "checkpoint.npz").read_bytes())
    vector = np.zeros(7, np.float32)
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(hostile.packed(members | {"parameters.npy": hostile.npy(vector)}))
    setup = set_up(read_config(run / "config.yaml"))
    before = setup.model.network.parameters.copy()
    with pytest.raises(InputError, match=r"parameters has shape \(7,\)"):
        restore_checkpoint(path, setup)
    np.testing.assert_array_equal(setup.model.network.parameters, before)


def test_invalid_progress_is_refused(run: Path, tmp_path: Path) -> None:
    members = hostile.unpacked((run / "checkpoint.npz").read_bytes())
    metadata = hostile.metadata_of(members)
    setup = set_up(read_config(run / "config.yaml"))
    path = tmp_path / "checkpoint.npz"
    for change in (
        *({"epoch": -1}, {"step": 1.5}, {"seconds": "nan"}, {"plan": [[0]]}, {"plan": []}),
        *({"batch": 1}, {"batch": 10**30}, {"step": 0}, {"step": 10**400}, {"best_epoch": 0}),
        *({"best_epoch": 9}, {"epoch": 1}, {"plan": [[0, 0]]}, {"plan": [[0, 2], [10**9, 3]]}),
        *({"tally": {}}, {"tally": None}, {"epoch": True}),
    ):
        progress = metadata["progress"] | change
        changed = hostile.with_metadata(members, metadata | {"progress": progress})
        path.write_bytes(hostile.packed(changed))
        with pytest.raises(InputError, match="the state of the training is damaged"):
            restore_checkpoint(path, setup)
