"""The commands as people and scripts call them."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from conftest import ALL_COMMANDS, EXAMPLE, REPOSITORY, Command, process, write_csv

import rnncli

X = np.random.default_rng(0).standard_normal((40, 5, 1))


def test_train_writes_the_path_to_standard_output_and_the_rest_to_standard_error(
    rnn: Command, small: Path
) -> None:
    result = rnn("train", "--config", small)
    assert Path(result.out.strip()).is_dir()
    assert result.out.count("\n") == 1
    lines = result.err.splitlines()
    assert [line.split("/")[0] for line in lines[:3]] == ["epoch 1", "epoch 2", "epoch 3"]
    assert f"next: rnn predict -w {result.out.strip()} -i FILE.csv" in lines
    assert "\x1b" not in result.err
    assert rnn("train", "-c", small, "--quiet").err == ""


def test_options_in_any_order_and_runs_and_name(rnn: Command, small: Path) -> None:
    result = rnn("train", "--name", "mine", "--set", "seed=4", "-c", small, "-q", "--runs", "here")
    run = Path(result.out.strip())
    assert run.parent == Path("here")
    assert run.name.endswith("_mine")
    assert json.loads((run / "run.json").read_text())["seed"] == 4


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_are_the_same_in_every_format_and_way(
    rnn: Command, run_folder: Path, here: Path
) -> None:
    plain = here / "x.csv"
    np.savetxt(plain, X[:, :, 0], delimiter=",", fmt="%.17g")
    np.savez(here / "x.npz", x=X)
    np.save(here / "x.npy", X)
    model = rnncli.load(run_folder)
    expected = model.predict_proba(X)
    labels = model.predict(X).tolist()
    moved = here / "elsewhere.npz"
    moved.write_bytes((run_folder / "weights.npz").read_bytes())
    for source in (plain, here / "x.npz", here / "x.npy"):
        result = rnn("predict", "--weights", moved, "-i", source)
        assert result.code == 0, result.err
        assert result.out.startswith("label,probability_0,probability_1\n")
        found = [[float(r["probability_0"]), float(r["probability_1"])] for r in rows(result.out)]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert [int(r["label"]) for r in rows(result.out)] == labels
    lines = rnn("predict", "-w", moved, "-i", plain, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["label"] for line in lines] == labels
    assert rnn("predict", "-w", moved, "-i", plain, "-o", here / "p.npz").out == ""
    with np.load(here / "p.npz") as content:
        np.testing.assert_array_equal(content["label"], labels)
        np.testing.assert_allclose(content["probability"], expected, atol=1e-7)
    piped = process("predict", "-w", moved, "-i", "-", input=plain.read_text())
    assert [int(row["label"]) for row in rows(piped.stdout)] == labels


def test_output_to_a_link_and_to_a_pipe(run_folder: Path, here: Path) -> None:
    (here / "x.csv").write_text("1,2,3,4,5\n")
    (here / "target.csv").write_text("old")
    (here / "link.csv").symlink_to("target.csv")
    words = ["predict", "-w", run_folder, "-i", here / "x.csv", "-o"]
    assert process(*words, here / "link.csv").returncode == 0
    assert (here / "link.csv").is_symlink()
    assert (here / "target.csv").read_text().startswith("label,")
    os.mkfifo(here / "pipe")
    with subprocess.Popen(["cat", here / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        assert process(*words, here / "pipe").returncode == 0
        assert reader.communicate()[0].startswith("label,")
    assert (here / "pipe").is_fifo()


def test_a_declared_header_is_remembered(rnn: Command, here: Path) -> None:
    data = write_csv(here / "a.csv", X, [0, 1] * 20, "0,1,2,3,4,label")
    (here / "c.yaml").write_text("data: {kind: csv, path: a.csv, header: true}\n")
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    assert len(rows(rnn("predict", "-w", "latest", "-i", data).out)) == 40
    assert (
        json.loads(rnn("evaluate", "-w", "latest", "-i", data, "--json").out)["num_samples"] == 40
    )


def test_training_goes_on_when_nobody_reads_its_progress(small: Path) -> None:
    rnn = f"{shlex.quote(sys.executable)} -m rnncli"
    shell = f"({rnn} train -c {small} --set training.num_epochs=50; echo $? > code) 2>&1 | head -1"
    subprocess.run(["bash", "-c", shell], check=True, capture_output=True)
    (run,) = Path("runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert Path("code").read_text().strip() == "0"


def test_a_stream_answers_as_the_sequence_so_far(run_folder: Path, here: Path) -> None:
    x = X[:2, :, 0]
    lines = "".join("\n".join(f"{v!r}" for v in row.tolist()) + "\n\n" for row in x)
    done = process("predict", "-w", run_folder, "--stream", input=lines)
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert len(found) == 10
    model = rnncli.load(run_folder)
    for i in range(2):
        for t in range(5):
            expected = model.predict_proba(X[i : i + 1, : t + 1])[0, 1]
            assert float(found[5 * i + t]["probability_1"]) == pytest.approx(expected, abs=1e-6)
    wrong = process("predict", "-w", run_folder, "--stream", input="1\n1,2\n")
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "error: standard input:2: row 2: 2 values; 1 features a step were expected\n"
    )


def test_text_labels_and_several_classes(rnn: Command, here: Path) -> None:
    labels = np.array(["low", "mid", "high"])[np.digitize(X.sum(axis=(1, 2)), [-1, 1])]
    data = write_csv(here / "a.csv", X, labels.tolist(), "a,b,c,d,e,level")
    (here / "c.yaml").write_text("data: {kind: csv, path: a.csv, label_column: level}\n")
    trained = rnn("train", "-c", "c.yaml", "-q", "--set", "training.num_epochs=60")
    assert trained.code == 0, trained.err
    predicted = rnn("predict", "-w", "latest", "-i", data)
    assert predicted.out.startswith("label,probability_high,probability_low,probability_mid\n")
    found = [row["label"] for row in rows(predicted.out)]
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", data, "--json").out)
    assert report["metrics"]["accuracy"] == pytest.approx(np.mean(labels == found))
    assert report["metrics"]["accuracy"] > report["baseline"]["accuracy"]
    assert report["num_samples"] == 40


@pytest.mark.parametrize("targets", [1, 2])
def test_regression_in_the_units_of_the_data(rnn: Command, here: Path, targets: int) -> None:
    x = np.random.default_rng(1).standard_normal((300, 5, 1))
    y = 1000 + 50 * x.sum(axis=1)
    y = y if targets == 1 else np.concatenate([y, 3 * y], axis=1)
    np.savez(here / "a.npz", x=x, y=y)
    (here / "c.yaml").write_text(
        "data: {kind: npz, path: a.npz}\ntraining: {num_epochs: 30, optimizer: {kind: adam,"
        " learning_rate: 1e-2}}\n"
    )
    trained = rnn("train", "-c", "c.yaml")
    assert trained.code == 0, trained.err
    header = (Path(trained.out.strip()) / "metrics.csv").read_text().splitlines()[0]
    assert "train_rmse,val_loss,val_rmse" in header
    out = rnn("predict", "-w", "latest", "-i", "a.npz").out
    assert out.splitlines()[0] == ("value" if targets == 1 else "value_0,value_1")
    found = np.array([[float(cell) for cell in line.split(",")] for line in out.splitlines()[1:]])
    error = np.sqrt(np.mean((found - y) ** 2))
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", "a.npz", "--json").out)
    assert report["metrics"]["rmse"] == pytest.approx(error, rel=1e-4)
    assert report["baseline"]["rmse"] == pytest.approx(np.sqrt(y.var(axis=0).mean()), rel=1e-6)
    assert error < 0.2 * y.std()


def test_evaluate_scores_the_runs_own_held_out_data(rnn: Command, run_folder: Path) -> None:
    report = json.loads(rnn("evaluate", "-w", run_folder, "--json").out)
    assert {"metrics", "baseline", "num_samples"} <= report.keys()
    assert report["metrics"].keys() == report["baseline"].keys()
    assert report["num_samples"] == 20
    with open(run_folder / "metrics.csv", newline="") as file:
        best = min(csv.DictReader(file), key=lambda row: float(row["val_loss"]))
    assert report["metrics"]["loss"] == pytest.approx(float(best["val_loss"]), rel=1e-6)
    assert report["metrics"]["accuracy"] == pytest.approx(float(best["val_accuracy"]))
    assert "most frequent" in rnn("evaluate", "-w", run_folder).out


def test_bench_has_the_contracts_keys(rnn: Command, small: Path) -> None:
    answer = json.loads(rnn("bench", "-c", small, "--json").out)
    keys = "cell batch_size sequence_length input_size hidden_size num_layers dtype threads"
    keys += " microseconds_per_step sequences_per_second gflops sgemm_gflops utilization"
    assert set(keys.split()) <= answer.keys()
    assert (answer["cell"], answer["hidden_size"], answer["sequence_length"]) == ("tanh", 8, 5)
    step, rate = answer["microseconds_per_step"], answer["sequences_per_second"]
    assert rate == pytest.approx(32 / step * 1e6)
    assert answer["utilization"] == pytest.approx(answer["gflops"] / answer["sgemm_gflops"])


def test_a_long_stream_is_predicted_in_bounded_memory(run_folder: Path) -> None:
    script = (
        "import resource, sys; from rnncli.cli.main import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for count in (1_000, 100_000):
        done = subprocess.run(
            [sys.executable, "-c", script, "predict", "-w", str(run_folder)],
            input="0.5,-1,2,0.25,1\n" * count,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.count("\n") == count + 1
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] < 30_000  # kilobytes; the text alone is 1.6 MB, its numbers 4 MB


def test_closed_pipes_and_full_devices(run_folder: Path) -> None:
    rnn = f"{shlex.quote(sys.executable)} -m rnncli"
    predict = f"yes 1,2,3,4,5 | head -50000 | {rnn} predict -w {run_folder}"
    for command, code in (
        (f"{predict} | head -1", 0),
        (f"{predict} > /dev/full", 3),
        (f"{predict} >&-", 0),
        (f"{rnn} gradcheck > /dev/full", 3),
        (f"{rnn} --help | head -1", 0),
    ):
        shell = ["bash", "-c", f"set -o pipefail; {command}"]
        done = subprocess.run(shell, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, command
        assert "Exception ignored" not in done.stderr, command
        assert done.returncode in (code, 141), (command, done.stderr)


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}, {"COLUMNS": "20"}]
)
def test_plain_surroundings(small: Path, environment: dict[str, str]) -> None:
    done = process("train", "-c", small, env=environment)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("| head -1", 0),
        ("2>&1 | head -1", 0),
        ("> /dev/full", 3),
        ("2> /dev/full", 0),
        ("> /dev/full 2>&1", 3),
        (">&-", 0),
        ("2>&-", 0),
        (">&- 2>&-", 0),
        ("<&-", 0),
    ],
)
def test_a_run_is_saved_whatever_becomes_of_the_output(
    small: Path, here: Path, ending: str, code: int
) -> None:
    command = f"{shlex.quote(sys.executable)} -m rnncli train -c small.yaml {ending}"
    shell = ["bash", "-c", f"set -o pipefail; {command}"]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == code, done.stderr
    (run,) = (here / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert rnncli.load(run).predict(X).shape == (len(X),)


@pytest.mark.parametrize("columns", [20, 80])
def test_a_terminal_of_any_width(small: Path, here: Path, columns: int) -> None:
    """A real terminal, and everything that a training writes to it."""
    first, second = os.openpty()
    termios.tcsetwinsize(second, (24, columns))
    command = [sys.executable, "-m", "rnncli", "train", "-c", "small.yaml"]
    environment = os.environ | {"TERM": "xterm-256color"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(command, stdout=second, stderr=second, env=environment) as child:
        os.close(second)
        written = b""
        with suppress(OSError):  # how a terminal says that nobody writes any more
            while piece := os.read(first, 1 << 16):
                written += piece
    os.close(first)
    assert child.returncode == 0, written
    assert b"Traceback" not in written
    (run,) = (here / "runs").iterdir()
    assert rnncli.load(run).predict(X).shape == (len(X),)


def test_module_and_version() -> None:
    assert process("--version").stdout == f"rnn {rnncli.__version__}\n"


def examples(text: str) -> list[str]:
    return re.findall(r"^\s+((?:head .*\| )?rnn [a-z].*)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_the_examples_in_the_help_work(
    name: str, here: Path, rnn: Command, run_folder: Path
) -> None:
    shutil.copytree(run_folder, run_folder.parent / EXAMPLE)
    (here / "configs").symlink_to(REPOSITORY / "configs")
    (here / "sequences.csv").write_text("1,2,3,4,5\n" * 5)
    (here / "labelled.csv").write_text("1,2,3,4,5,1\n-1,-2,-3,-4,-5,0\n" * 5)
    np.savez(here / "x.npz", x=X)
    (here / "model.npz").write_bytes((run_folder / "weights.npz").read_bytes())
    found = examples(ALL_COMMANDS[name].__doc__ or "")
    assert found
    for example in found:
        quick = example.replace("digits.yaml", "sum_sign.yaml")
        if "train -c" in quick or "--config" in quick:
            quick += " --set training.num_epochs=1"
        shell = quick.replace("rnn ", f"{shlex.quote(sys.executable)} -m rnncli ", 1)
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
        assert done.returncode == 0, (example, done.stderr)


def test_help_is_quick_because_it_loads_nothing_numeric() -> None:
    script = (
        "import sys; from rnncli.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'yaml', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
