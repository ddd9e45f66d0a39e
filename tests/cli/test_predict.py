"""``rnn predict``: formats, sources and streams."""

import csv
import io
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from conftest import PEAK_MEGABYTES, Command, process, write_csv
from helpers.shell import type_in

import rnncli
from rnncli.inference.stream import parse_features

X = np.random.default_rng(0).standard_normal((40, 5, 1))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_are_the_same_in_every_format_and_way(
    rnn: Command, run_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
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
        predicted = [
            [float(r["probability_0"]), float(r["probability_1"])] for r in rows(result.out)
        ]
        np.testing.assert_allclose(predicted, expected, atol=1e-6)
        assert [int(r["label"]) for r in rows(result.out)] == labels
    lines = rnn("predict", "-w", moved, "-i", plain, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["label"] for line in lines] == labels
    assert rnn("predict", "-w", moved, "-i", plain, "-o", here / "p.npz").out == ""
    with np.load(here / "p.npz") as content:
        np.testing.assert_array_equal(content["label"], labels)
        np.testing.assert_allclose(content["probability"], expected, atol=1e-7)
    type_in(monkeypatch, plain.read_bytes())
    piped = rnn("predict", "-w", moved, "-i", "-")
    assert [int(row["label"]) for row in rows(piped.out)] == labels


def test_output_to_a_link_and_to_a_pipe(rnn: Command, run_folder: Path, here: Path) -> None:
    (here / "x.csv").write_text("1,2,3,4,5\n")
    (here / "target.csv").write_text("old")
    (here / "link.csv").symlink_to("target.csv")
    words = ["predict", "-w", run_folder, "-i", here / "x.csv", "-o"]
    assert rnn(*words, here / "link.csv").code == 0
    assert (here / "link.csv").is_symlink()
    assert (here / "target.csv").read_text().startswith("label,")
    os.mkfifo(here / "pipe")
    with subprocess.Popen(["cat", here / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        assert rnn(*words, here / "pipe").code == 0
        assert reader.communicate()[0].startswith("label,")
    assert (here / "pipe").is_fifo()


def test_a_declared_header_is_remembered(rnn: Command, here: Path) -> None:
    data = write_csv(here / "a.csv", X, [0, 1] * 20, "0,1,2,3,4,label")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, header: true}\ntraining: {num_epochs: 1}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    assert len(rows(rnn("predict", "-w", "latest", "-i", data).out)) == 40
    scored = json.loads(rnn("evaluate", "-w", "latest", "-i", data, "--json").out)
    assert scored["num_samples"] == 40


def test_a_stream_is_predicted_as_the_sequence_so_far(
    rnn: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = X[:2, :, 0]
    lines = "".join("\n".join(f"{v!r}" for v in row.tolist()) + "\n\n" for row in x)
    type_in(monkeypatch, lines.encode())
    result = rnn("predict", "-w", run_folder, "--stream")
    assert result.code == 0, result.err
    predicted = rows(result.out)
    assert len(predicted) == 10
    model = rnncli.load(run_folder)
    for i in range(2):
        for t in range(5):
            expected = model.predict_proba(X[i : i + 1, : t + 1])[0, 1]
            assert float(predicted[5 * i + t]["probability_1"]) == pytest.approx(expected, abs=1e-6)
    type_in(monkeypatch, b"1\n1,2\n")
    wrong = rnn("predict", "-w", run_folder, "--stream")
    assert wrong.code == 2
    assert wrong.err.startswith("error: standard input:2: row 2: 2 values; 1 features ")


def test_a_stream_of_a_model_with_frames_is_predicted_after_each_frame(
    rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).standard_normal((40, 12, 1))
    data = write_csv(here / "x.csv", x, [0, 1] * 20)
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: x.csv, frames: 4, frame_values: mean_std}\n"
        "model: {pooling: last, hidden_size: 4}\ntraining: {num_epochs: 1}\n"
    )
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    whole = rnn("predict", "-w", "latest", "-i", data)
    model = rnncli.load("latest")
    # The second sequence ends within a frame, by an empty line; the third by the end of the input.
    sequences = [x[0], x[1, :7], x[2, :5]]
    lines = "\n".join("".join(f"{v!r}\n" for v in s.ravel().tolist()) for s in sequences)
    type_in(monkeypatch, lines.encode())
    result = rnn("predict", "-w", "latest", "--stream")
    assert result.code == 0, result.err
    ends = [(0, 3), (0, 6), (0, 9), (0, 12), (1, 3), (1, 6), (1, 7), (2, 3), (2, 5)]
    predicted = [float(row["probability_1"]) for row in rows(result.out)]
    for probability, (index, end) in zip(predicted, ends, strict=True):
        expected = model.predict_proba([sequences[index][:end]])[0, 1]
        assert probability == pytest.approx(expected, abs=1e-6)
    assert predicted[3] == pytest.approx(float(rows(whole.out)[0]["probability_1"]), abs=2e-6)
    type_in(monkeypatch, b"1,2\n")
    wrong = rnn("predict", "-w", "latest", "--stream")
    assert wrong.err.startswith("error: standard input:1: row 1: 2 values; 1 features ")


def test_a_stream_goes_from_standard_input_to_standard_output(
    rnn: Command, run_folder: Path, here: Path
) -> None:
    for words in (["-i", "x.csv"], ["-o", "p.csv"], ["--format", "npz"]):
        result = rnn("predict", "-w", run_folder, "--stream", *words)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert result.err.startswith("error: --stream: ")


def test_each_prediction_of_a_stream_is_written_before_the_next_line_is_read(
    run_folder: Path,
) -> None:
    words = ["predict", "-w", run_folder, "--stream"]
    assert len(rows(process(*words, input="1\n2\n").stdout)) == 2


def test_a_long_input_is_predicted_in_bounded_memory(run_folder: Path) -> None:
    script = (
        "import resource, sys; from rnncli.cli.main import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for count in (1_000, 60_000):
        done = subprocess.run(
            [sys.executable, "-c", script, "predict", "-w", str(run_folder)],
            input="0.5,-1,2,0.25,1\n" * count,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.count("\n") == count + 1
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] < 20_000  # kilobytes


def test_a_line_of_a_stream_has_the_limit_of_other_lines(run_folder: Path) -> None:
    script = (
        "from rnncli.cli.main import main\n"
        f"try: main(['predict', '-w', {str(run_folder)!r}, '--stream'])\n"
        f"finally: print({PEAK_MEGABYTES})"
    )
    lines = "(echo 1; head -c 400000000 /dev/zero | tr '\\0' 1)"
    done = subprocess.run(
        ["bash", "-c", f'{lines} | "$0" -c "$1"', sys.executable, script],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard input:2: row 2: a line of over 64 MiB; ")
    assert done.stderr.count("\n") == 1
    assert int(done.stdout.split()[-1]) < 250


def test_a_line_with_too_many_values_is_not_split_to_count_them() -> None:
    text = "1," * 999_999 + "1"
    tracemalloc.start()
    with pytest.raises(ValueError, match="1000000 values; 1 features per time step were expected"):
        parse_features(text, 1)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_text_labels_and_several_classes(rnn: Command, here: Path) -> None:
    labels = np.array(["low", "mid", "high"])[np.digitize(X.sum(axis=(1, 2)), [-1, 1])]
    data = write_csv(here / "a.csv", X, labels.tolist(), "a,b,c,d,e,level")
    (here / "c.yaml").write_text("data: {kind: csv, path: a.csv, label_column: level}\n")
    trained = rnn("train", "-c", "c.yaml", "-q", "--set", "training.num_epochs=60")
    assert trained.code == 0, trained.err
    predicted = rnn("predict", "-w", "latest", "-i", data)
    assert predicted.out.startswith("label,probability_high,probability_low,probability_mid\n")
    predicted_labels = [row["label"] for row in rows(predicted.out)]
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", data, "--json").out)
    assert report["metrics"]["accuracy"] == pytest.approx(np.mean(labels == predicted_labels))
    assert report["metrics"]["accuracy"] > report["baseline"]["accuracy"]
    assert report["num_samples"] == 40


@pytest.mark.parametrize("targets", [1, 2])
def test_regression_in_the_units_of_the_data(rnn: Command, here: Path, targets: int) -> None:
    x = np.random.default_rng(1).standard_normal((300, 5, 1))
    y = 1000 + 50 * x.sum(axis=1)
    y = y if targets == 1 else np.concatenate([y, 3 * y], axis=1)
    np.savez(here / "a.npz", x=x, y=y)
    (here / "c.yaml").write_text(
        "data: {kind: npz, path: a.npz}\ntraining: {num_epochs: 10, optimizer: {kind: adam,"
        " learning_rate: 2e-2}}\n"
    )
    trained = rnn("train", "-c", "c.yaml")
    assert trained.code == 0, trained.err
    header = (Path(trained.out.strip()) / "metrics.csv").read_text().splitlines()[0]
    assert "train_rmse,val_loss,val_rmse" in header
    out = rnn("predict", "-w", "latest", "-i", "a.npz").out
    names = ["value"] if targets == 1 else ["value_0", "value_1"]
    assert out.splitlines()[0].split(",")[:targets] == names
    predicted = np.array([[float(row[name]) for name in names] for row in rows(out)])
    error = np.sqrt(np.mean((predicted - y) ** 2))
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", "a.npz", "--json").out)
    assert report["metrics"]["rmse"] == pytest.approx(error, rel=1e-4)
    assert report["baseline"]["rmse"] == pytest.approx(np.sqrt(y.var(axis=0).mean()), rel=1e-6)
    assert error < 0.2 * y.std()
