"""Tables with one time step per row."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

from rnncli.datasets import Csv
from rnncli.errors import InputError

LONG = "id,x,y,label\na,1,2,up\na,3,4,up\nb,5,6,down\n"


def long_csv(path: Path, **keys: object) -> Csv:
    return Csv(path=path, sequence_column="id", label_column="label", **keys)  # type: ignore[arg-type]


def test_long_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(LONG)
    sequences = long_csv(path).read_file(path)
    np.testing.assert_array_equal(sequences.x, [[[1, 2], [3, 4]], [[0, 0], [5, 6]]])
    assert sequences.labels is not None
    assert sequences.labels.tolist() == ["up", "down"]
    steps = long_csv(path, label_per="step").read_file(path)
    assert steps.labels is not None
    assert steps.labels.tolist() == [["up", "up"], ["", "down"]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LONG + "a,1,1,up\n", "row 5: sequence 'a' continues after another one began"),
        (
            LONG.replace("3,4,up", "3,4,down"),
            "row 3, column 4: label 'down' in a sequence with label 'up'",
        ),
        (LONG.replace("1,2,up", "1,2,"), "row 2, column 4: the label is empty"),
        (LONG.replace("3,4,up", "3,4, "), "row 3, column 4: the label is empty"),
        (LONG.replace("5,6,down", f"5,6,{'d' * 201}"), "column 4: a label of 201 characters; up"),
        (LONG.replace("3,4", "3,z"), r"row 3, column 3 \(y\): 'z' is not a number"),
        (LONG.replace("id", "ID"), "no column is named 'id'"),
    ],
)
def test_an_invalid_long_table_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=problem):
        long_csv(path).read_file(path)


def test_labels_of_steps_from_training_to_prediction(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["id,x,label"]
    for sequence in range(60):
        total = 0.0
        for value in rng.standard_normal(rng.integers(2, 9)).tolist():
            total += value
            lines.append(f"{sequence},{value!r},{'plus' if total > 0 else 'minus'}")
    (here / "a.csv").write_text("\n".join(lines) + "\n")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: label,"
        " label_per: step}\n"
        "model: {cell: gru, output: every_step}\n"
        "training: {num_epochs: 60, optimizer: {kind: adam, learning_rate: 1e-2}}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", "a.csv", "--json").out)
    assert report["num_samples"] == len(lines) - 1
    assert report["metrics"]["accuracy"] > 0.9 > report["baseline"]["accuracy"]
    out = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    assert out[0] == "sequence,step,label,probability_minus,probability_plus"
    assert len(out) == len(lines)
    rnn("evaluate", "-w", "latest", "-i", "a.csv", "--output", "predictions.csv")
    rows = [line.split(",") for line in (here / "predictions.csv").read_text().splitlines()[1:]]
    accuracy = np.mean([row[2] == row[3] for row in rows])
    assert accuracy == pytest.approx(report["metrics"]["accuracy"])
    wrong = rnn("train", "-c", "c.yaml", "--set", "model.output=sequence")
    assert wrong.code == 2
    assert "labels for each time step; set it to every_step" in wrong.err


def test_features_are_identified_by_name(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    lines, turned = ["id,a,b,label"], ["id,b,a,label"]
    for sequence in range(40):
        for _ in range(3):
            a, b = rng.standard_normal(2).tolist()
            label = "even" if sequence % 2 == 0 else "odd"
            a += 3 if label == "odd" else -3
            lines.append(f"{sequence},{a!r},{b!r},{label}")
            turned.append(f"{sequence},{b!r},{a!r},{label}")
    (here / "a.csv").write_text("\n".join(lines) + "\n")
    (here / "b.csv").write_text("\n".join(turned) + "\n")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: label}\n"
        "training: {num_epochs: 3}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    assert (
        rnn("predict", "-w", "latest", "-i", "a.csv").out
        == rnn("predict", "-w", "latest", "-i", "b.csv").out
    )


def test_steps_without_labels_are_left_out(here: Path, rnn: Command) -> None:
    lines = ["id,x,label"]
    for sequence in range(30):
        lines += [
            f"{sequence},{i + sequence},{'' if sequence < 6 else 'ab'[i % 2]}" for i in (0, 1)
        ]
    (here / "a.csv").write_text("\n".join(lines) + "\n")
    (here / "b.csv").write_text("id,x,label\n1,2,\n1,3,\n")
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: label,"
        " label_per: step}\nmodel: {output: every_step}\n"
        "training: {num_epochs: 2, batch_size: 1, shuffle: false}\n"
    )
    assert rnn("train", "-c", "c.yaml", "-q").code == 0
    assert rnn("gradcheck", "-c", "c.yaml", "--num-samples", "3").code == 0
    nothing = rnn("evaluate", "-w", "latest", "-i", "b.csv")
    assert nothing.code == 2
    assert nothing.err.count("\n") == 1
