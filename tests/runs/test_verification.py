"""``rnn verify``: the same run again, to the last bit, and whatever surrounds it."""

import json
import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, process, sha
from helpers import hostile
from helpers.run_copies import changed_record, without_hashes

import rnncli
from rnncli.config.reading import read_config
from rnncli.runs import weights
from rnncli.runs.environment import environment
from rnncli.runs.metrics_log import MetricsLog
from rnncli.runs.run_record import read_record
from rnncli.runs.training_run import start_run
from rnncli.training.events import Epoch


def test_surroundings_do_not_change_a_bit(small: Path, here: Path, run_folder: Path) -> None:
    """Threads, time zone, locale, hash seed, home, folder and user: two processes, and this one."""
    elsewhere = here / "else" / "where"
    elsewhere.mkdir(parents=True)
    elsewhere.chmod(0o777)
    surroundings: list[dict[str, str]] = [
        {
            "OPENBLAS_NUM_THREADS": "1",
            "TZ": "Pacific/Kiritimati",
            "LC_ALL": "C",
            "PYTHONHASHSEED": "1",
        },
        {
            "OPENBLAS_NUM_THREADS": "2",
            "TZ": "America/St_Johns",
            "LC_ALL": "tr_TR.UTF-8",
            "PYTHONHASHSEED": "2",
            "HOME": str(elsewhere),
            "USER": "somebody",
        },
    ]
    user = {"user": 65534} if os.getuid() == 0 and readable_by_all(here) else {}
    hashes = {sha(run_folder / "weights.npz")}
    for variables, options in zip(surroundings, ({}, {"cwd": elsewhere} | user), strict=True):
        done = process("train", "-q", "-c", small, env=variables, **options)
        assert done.returncode == 0, done.stderr
        run = Path(options.get("cwd", here)) / done.stdout.strip()
        hashes.add(sha(run / "weights.npz"))
    assert len(hashes) == 1
    # The negative control: another seed gives other bytes.
    rnncli.train(read_config(small, ["seed=1"]), runs="other")
    (other,) = Path("other").iterdir()
    assert sha(other / "weights.npz") not in hashes


def readable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o5 == 0o5 for folder in (path, *path.parents))


def test_verify_repeats_a_run_to_the_last_bit(rnn: Command, run_folder: Path, here: Path) -> None:
    before = {path.name: sha(path) for path in run_folder.iterdir()}
    result = rnn("verify", "latest", "-q")
    assert (result.code, result.out, result.err) == (0, "bit-identical\n", "")
    # A run that was made longer is repeated the way it was made.
    rnn("train", "-q", "--resume", "latest", "--set", "training.num_epochs=5")
    result = rnn("verify", run_folder, "--json", "-q")
    assert json.loads(result.out) == {
        "verdict": "identical",
        "largest_difference": 0.0,
        "largest_relative_difference": 0.0,
        "array": None,
        "environment": {},
        "sessions": [],
    }
    assert before.keys() == {path.name for path in run_folder.iterdir()}
    assert [path.name for path in (here / "runs").iterdir()] == [run_folder.name]


def change(run: Path, factor: float) -> None:
    """Change the run's weights, and with them their hash."""
    model = rnncli.load(run)
    model.network.parameters[0] *= factor
    weights.weights_of(model).write(run / "weights.npz")


def test_verify_distinguishes_rounding_from_another_result(rnn: Command, run_folder: Path) -> None:
    (session,) = read_record(run_folder)["sessions"]
    session["versions"]["numpy"] = "1.0"
    changed_record(run_folder, sessions=[session])
    change(run_folder, 1 + 1e-6)
    near = rnn("verify", "latest", "-q")
    assert near.code == 0
    assert near.out.startswith("equal within rounding\nlargest difference ")
    assert "numpy" in near.out
    assert "1.0" in near.out
    change(run_folder, 1.5)
    far = rnn("verify", "latest", "-q", "--json")
    assert far.code == 1
    report = json.loads(far.out)
    assert report["verdict"] == "different"
    assert report["array"] == "rnn.weight_ih_l0"
    assert report["environment"] == {"numpy": ["1.0", np.__version__]}


def test_invalid_weights_are_not_verified(rnn: Command, run_folder: Path) -> None:
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
    refused = rnn("verify", "latest")
    # Nothing is trained for weights that cannot be compared.
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    # Zeros are valid weights, but not those of this run.
    path.write_bytes(content)
    model = rnncli.load(run_folder)
    model.network.parameters[...] = 0
    weights.weights_of(model).write(path)
    assert rnn("verify", "latest", "-q").code == 1
    contents = weights.weights_of(model)
    replace(contents, metadata=contents.metadata | {"labels": [1, 0]}).write(path)
    refused = rnn("verify", "latest", "-q")
    assert refused.code == 2
    assert "labels does not agree with the run's config" in refused.err


def test_a_run_cut_to_its_present_epoch_is_verified(rnn: Command, small: Path) -> None:
    run = start_run(read_config(small, ["training.checkpoint_every=100"]), Path("runs"), [])
    for event in run.events():
        if isinstance(event, Epoch) and event.epoch == 2:
            break
    cut = ("--set", "training.num_epochs=2")
    assert rnn("train", "-q", "--resume", run.folder, *cut).code == 0
    result = rnn("verify", "-q", run.folder)
    assert (result.code, result.out) == (0, "bit-identical\n")


def test_verify_compares_the_environment_with_that_of_every_session(
    rnn: Command, run_folder: Path
) -> None:
    rnn("train", "-q", "--resume", run_folder, "--set", "training.num_epochs=4")
    now = environment()
    assert json.loads(rnn("verify", "-q", "latest", "--json").out)["environment"] == {}
    sessions = read_record(run_folder)["sessions"]
    sessions[1]["threads"] = 77
    sessions[1]["versions"]["numpy"] = "1.0"
    changed_record(run_folder, sessions=sessions)
    report = json.loads(rnn("verify", "-q", "latest", "--json").out)
    assert report["verdict"] == "identical"
    assert report["environment"] == {
        "threads": [77, now["threads"]],
        "numpy": ["1.0", np.__version__],
    }
    assert report["sessions"] == [
        {
            "session": 2,
            "started": sessions[1]["started"],
            "differences": {"numpy": ["1.0", np.__version__], "threads": [77, now["threads"]]},
        }
    ]
    (line,) = (line for line in rnn("verify", "-q", "latest").out.splitlines() if "numpy" in line)
    assert line.split()[:2] == ["2,", sessions[1]["started"]]
    sessions[0]["threads"] = 76
    changed_record(run_folder, sessions=sessions)
    report = json.loads(rnn("verify", "-q", "latest", "--json").out)
    # Of each value, the first difference counts.
    assert report["environment"]["threads"] == [76, now["threads"]]
    assert [session["session"] for session in report["sessions"]] == [1, 2]


def test_a_run_from_before_a_key_existed_is_resumed_and_verified(
    rnn: Command, run_folder: Path
) -> None:
    def without(name: str, section: str, keys: tuple[str, ...]) -> None:
        members = hostile.unpacked((run_folder / name).read_bytes())
        metadata = hostile.metadata_of(members)
        tree = metadata[section]
        for key in keys[:-1]:
            tree = tree[key]
        del tree[keys[-1]]
        changed = hostile.with_metadata(members, metadata)
        (run_folder / name).write_bytes(hostile.packed(changed))

    without_hashes(run_folder)
    without("checkpoint.npz", "config", ("training", "patience"))
    without("weights.npz", "rows", ("missing",))
    assert rnn("verify", "-q", "latest").out == "bit-identical\n"
    more = ("--set", "training.num_epochs=4")
    assert rnn("train", "-q", "--resume", "latest", *more).code == 0
    without_hashes(run_folder)
    without("checkpoint.npz", "config", ("training", "patience"))
    assert rnn("verify", "-q", "latest").out == "bit-identical\n"


def test_only_a_finished_run_with_its_data_is_verified(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((20, 3))
    np.savez("d.npz", x=x, y=np.arange(20) % 2)
    (here / "c.yaml").write_text("data: {kind: npz, path: d.npz}\ntraining: {num_epochs: 1}")
    run = Path(rnn("train", "-q", "-c", "c.yaml").out.strip())
    np.savez("d.npz", x=x + 1, y=np.arange(20) % 2)
    changed = rnn("verify", run)
    assert changed.code == 2
    assert "the run's data has changed" in changed.err
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"status": "interrupted"}))
    unfinished = rnn("verify", run)
    assert unfinished.code == 2
    assert "is interrupted; only a finished run can be verified" in unfinished.err
    (run / "run.json").write_text("{")
    assert "run.json: invalid JSON" in rnn("verify", run).err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_verification_leaves_nothing(
    rnn: Command,
    run_folder: Path,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    (here / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(here / "temporary"))
    real_append = MetricsLog.append

    def append(log: MetricsLog, row: dict[str, object]) -> None:
        assert log.path.is_relative_to(here / "temporary")
        real_append(log, row)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(MetricsLog, "append", append)
    stopped = rnn("verify", run_folder, "-q")
    assert stopped.code == 128 + number
    assert stopped.err == "error: stopped; nothing was verified\n"
    assert not list((here / "temporary").iterdir())
