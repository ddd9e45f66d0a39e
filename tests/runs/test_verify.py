"""The same again: hashes that repeat, `rnn verify`, and files of every version."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command, metrics, process, sha

import rnncli
from rnncli.config.reading import read_config
from rnncli.runs import archive, checkpoint, weights
from rnncli.runs.session import new_session
from rnncli.runs.weights import torch_arrays

GOLDEN = sorted((REPOSITORY / "tests" / "golden").glob("v*"))


def test_ten_runs_in_all_surroundings_have_one_hash(small: Path, here: Path) -> None:
    elsewhere = here / "else" / "where"
    elsewhere.mkdir(parents=True)
    elsewhere.chmod(0o777)
    surroundings: list[dict[str, str]] = [
        *({"OPENBLAS_NUM_THREADS": threads} for threads in ("1", "2")),
        *({"TZ": zone} for zone in ("Pacific/Kiritimati", "America/St_Johns")),
        *({"LC_ALL": locale} for locale in ("C", "de_DE.UTF-8", "tr_TR.UTF-8")),
        *({"PYTHONHASHSEED": seed} for seed in ("1", "2")),
        {"HOME": str(elsewhere), "USER": "somebody"},
    ]
    user = {"user": 65534} if os.getuid() == 0 else {}
    hashes = set()
    for i, environment in enumerate(surroundings):
        # Another folder, and another user where this one may become one.
        options = {"cwd": elsewhere} | (user if readable_by_all(here) else {}) if i % 3 else {}
        done = process("train", "-q", "-c", small, env=environment, **options)
        assert done.returncode == 0, done.stderr
        run = Path(options.get("cwd", here)) / done.stdout.strip()
        hashes.add(sha(run / "weights.npz"))
    assert len(hashes) == 1


def readable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o5 == 0o5 for folder in (path, *path.parents))


def test_verify_repeats_a_run_to_the_last_bit(rnn: Command, run_folder: Path, here: Path) -> None:
    before = {path.name: sha(path) for path in run_folder.iterdir()}
    found = rnn("verify", "latest", "-q")
    assert (found.code, found.out, found.err) == (0, "bit-identical\n", "")
    # A run that was made longer is repeated the way it was made.
    rnn("train", "-q", "--resume", "latest", "--set", "training.num_epochs=5")
    found = rnn("verify", run_folder, "--json", "-q")
    assert json.loads(found.out) == {
        "verdict": "identical",
        "largest_difference": 0.0,
        "largest_relative_difference": 0.0,
        "array": None,
        "environment": {},
    }
    assert before.keys() == {path.name for path in run_folder.iterdir()}
    assert [path.name for path in (here / "runs").iterdir()] == [run_folder.name]


def change(run: Path, factor: float) -> None:
    """Change the run's weights, and with them their hash."""
    model = rnncli.load(run)
    model.network.parameters[0] *= factor
    weights.weights_of(model).write(run / "weights.npz")


def test_verify_tells_rounding_from_another_result(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "run.json"
    record = json.loads(path.read_text())
    record["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(record))
    change(run_folder, 1 + 1e-6)
    near = rnn("verify", "latest", "-q")
    assert near.code == 0
    assert near.out.startswith("equal within rounding\nlargest difference ")
    assert "numpy" in near.out
    assert "1.0" in near.out
    change(run_folder, 1.5)
    far = rnn("verify", "latest", "-q", "--json")
    assert far.code == 1
    found = json.loads(far.out)
    assert found["verdict"] == "different"
    assert found["array"] == "rnn.weight_ih_l0"
    assert found["environment"] == {"numpy": ["1.0", np.__version__]}


def test_verify_takes_no_weights_that_are_none(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "weights.npz"
    good, content = dict(np.load(path)), path.read_bytes()
    others = {
        "not a number": {"head.bias": np.full_like(good["head.bias"], np.nan)},
        "text": {"head.bias": good["head.bias"].astype("U9")},
        "truth": {"head.bias": good["head.bias"].astype(bool)},
        "precision": {"head.bias": good["head.bias"].astype(float)},
    }
    for title, change in others.items():
        np.savez(path, **good | change)
        refused = rnn("verify", "latest")
        assert refused.code == 2, title
        assert "weights.npz: " in refused.err
    np.savez(path, **{name: good[name] for name in good if name != "metadata"})
    assert rnn("verify", "latest").code == 2
    # Nought everywhere is a network, though not this one.
    model = rnncli.load(run_folder) if path.write_bytes(content) else None
    assert model is not None
    model.network.parameters[...] = 0
    weights.weights_of(model).write(path)
    assert rnn("verify", "latest", "-q").code == 1
    swapped = weights.weights_of(model)
    archive.Contents(swapped.form, 1, swapped.arrays, swapped.metadata | {"labels": [1, 0]}).write(
        path
    )
    refused = rnn("verify", "latest", "-q")
    assert refused.code == 2
    assert "labels is not what the run's config gives" in refused.err


def test_a_run_that_ends_where_it_stands_is_verified(rnn: Command, small: Path) -> None:
    session = new_session(read_config(small, ["training.checkpoint_every=100"]), Path("runs"), [])
    for event in session.events():
        if getattr(event, "train_loss", None) and event.epoch == 2:
            break
    cut = ("--set", "training.num_epochs=2")
    assert rnn("train", "-q", "--resume", session.folder, *cut).code == 0
    found = rnn("verify", "-q", session.folder)
    assert (found.code, found.out) == (0, "bit-identical\n")


def test_verify_names_the_number_of_threads(small: Path) -> None:
    for threads, code in (("1", 0), ("2", None)):
        large = ("--set", "model.hidden_size=300", "--set", "training.num_epochs=1")
        if code == 0:
            process("train", "-q", "-c", small, *large, env={"OPENBLAS_NUM_THREADS": threads})
        done = process("verify", "latest", "-q", "--json", env={"OPENBLAS_NUM_THREADS": threads})
        found = json.loads(done.stdout)
        if code == 0:
            assert found["verdict"] == "identical"
        else:
            assert found["environment"] == {"threads": [1, 2]}


def test_verify_needs_a_finished_run_and_its_data(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((20, 3))
    np.savez("d.npz", x=x, y=np.arange(20) % 2)
    (here / "c.yaml").write_text("data: {kind: npz, path: d.npz}\ntraining: {num_epochs: 1}")
    run = Path(rnn("train", "-q", "-c", "c.yaml").out.strip())
    np.savez("d.npz", x=x + 1, y=np.arange(20) % 2)
    changed = rnn("verify", run)
    assert changed.code == 2
    assert "the run's data changed since" in changed.err
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"status": "interrupted"}))
    unfinished = rnn("verify", run)
    assert unfinished.code == 2
    assert "is interrupted; only a finished run can be verified" in unfinished.err
    (run / "run.json").write_text("{")
    assert "run.json: is no JSON" in rnn("verify", run).err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_verification_leaves_nothing(
    small: Path, here: Path, number: signal.Signals
) -> None:
    process("train", "-q", "-c", small, "--set", "training.num_epochs=4000")
    (here / "temporary").mkdir()
    command = [sys.executable, "-m", "rnncli", "verify", "latest", "-q"]
    with subprocess.Popen(
        command, env=os.environ | {"TMPDIR": str(here / "temporary")}, stderr=subprocess.PIPE
    ) as child:
        while not list(here.glob("temporary/*/*/metrics.csv")):
            assert child.poll() is None
            time.sleep(0.005)
        child.send_signal(number)
        _, err = child.communicate(timeout=20)
    assert child.returncode == 128 + number
    assert b"Traceback" not in err
    assert not list((here / "temporary").iterdir())


def test_every_version_of_the_format_has_its_golden_run() -> None:
    versions = {weights.VERSION, checkpoint.VERSION}
    assert {path.name for path in GOLDEN} == {f"v{i}" for i in range(1, max(versions) + 1)}


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda path: path.name)
def test_old_runs_are_read_and_gone_on_with(rnn: Command, here: Path, folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    exact = expected.pop("exact")
    run = Path(shutil.copytree(folder / "exact", here / "exact"))
    outputs = rnncli.load(run).outputs(np.array(exact["x"])).ravel()
    # All weights and numbers on the way are multiples of powers of two, so nothing is rounded.
    assert [float(z).hex() for z in outputs] == exact["outputs"]
    rows = ["0.5,1,-1,2,0,1"] * 3
    Path("x.csv").write_text("\n".join(rows) + "\n")
    assert rnn("predict", "-w", run, "-i", "x.csv").code == 0
    before = torch_arrays(rnncli.load(run).network)
    longer = rnn("train", "-q", "--resume", run, "--set", "training.num_epochs=3")
    assert longer.code == 0, longer.err
    np.testing.assert_equal(torch_arrays(rnncli.load(run).network), before)
    assert metrics(run)[:2] == metrics(folder / "exact")
    assert len(metrics(run)) == 3
    for name, known in expected.items():
        found = rnncli.load(folder / f"{name}.npz").outputs(np.array(known["x"]))
        np.testing.assert_allclose(found, known["outputs"], rtol=1e-4, atol=1e-5)


def test_the_hash_covers_names_types_shapes_and_contents() -> None:
    array = np.arange(6, dtype=np.float32)
    others = [
        {"b": array},
        {"a": array.astype(float)},
        {"a": array.reshape(2, 3)},
        {"a": array + 1},
        {"a": array, "b": array},
    ]
    hashes = {archive.digest(arrays) for arrays in [{"a": array}, *others]}
    assert len(hashes) == 1 + len(others)
