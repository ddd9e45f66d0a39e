"""Frames against a plain loop, and the same frames wherever sequences come from."""

import math
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow
import pytest
from conftest import write_csv
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from rnncli.config.reading import config_from
from rnncli.datasets import mapped
from rnncli.datasets.frames import Frames, FrameValues
from rnncli.datasets.inputs import read_inputs
from rnncli.datasets.mapped import Mapped
from rnncli.errors import InputError
from rnncli.inference.evaluation import evaluate
from rnncli.inference.model import Model
from rnncli.inference.stream import Stream
from rnncli.nn.arrays import Array
from rnncli.runs.training_setup import TrainingSetup, set_up
from rnncli.runs.weights import load_model, weights_of

VALUES = get_args(FrameValues)
frames_of_any_kind = st.builds(Frames, st.integers(2, 9), st.sampled_from(VALUES))


def frames_by_a_loop(frames: Frames, sequence: Array) -> Array:
    """Return the frames (F, E) of one sequence (T, D), each calculated on its own."""
    result = []
    for start in range(0, len(sequence), frames.length):
        steps = [list(map(float, step)) for step in sequence[start : start + frames.length]]
        means = [math.fsum(values) / len(steps) for values in zip(*steps, strict=True)]
        if frames.values == "stacked":
            filled = steps + [steps[-1]] * (frames.length - len(steps))
            result.append([value for step in filled for value in step])
        elif frames.values == "mean":
            result.append(means)
        else:
            features = zip(zip(*steps, strict=True), means, strict=True)
            variances = [math.fsum((v - m) ** 2 for v in vs) / len(steps) for vs, m in features]
            result.append(means + [math.sqrt(variance) for variance in variances])
    return np.array(result)


@settings(deadline=None, max_examples=40)
@given(
    frames_of_any_kind,
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.integers(1, 3),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
def test_frames_are_those_of_a_loop_and_of_each_sequence_alone(
    frames: Frames, lengths: list[int], num_features: int, padding: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    num_steps = max(lengths) + padding
    # What precedes a shorter sequence must not matter.
    x = 10 * rng.standard_normal((len(lengths), num_steps, num_features))
    result, frame_lengths = frames.apply(x, np.array(lengths))
    assert frame_lengths is not None
    assert result.shape[1:] == (
        math.ceil(num_steps / frames.length),
        frames.num_features(num_features),
    )
    for row, framed, length, count in zip(x, result, lengths, frame_lengths, strict=True):
        sequence = row[num_steps - length :]
        assert count == math.ceil(length / frames.length)
        expected = frames_by_a_loop(frames, sequence)
        np.testing.assert_allclose(framed[len(framed) - count :], expected, rtol=1e-9, atol=1e-12)
        assert not framed[: len(framed) - count].any()
        alone, no_lengths = frames.apply(sequence[np.newaxis])
        assert no_lengths is None
        np.testing.assert_array_equal(framed[len(framed) - count :], alone[0])


@settings(deadline=None, max_examples=30)
@given(frames_of_any_kind, st.integers(1, 30), st.sampled_from(["f4", "f8", "i2"]))
def test_frames_of_a_mapped_file_are_those_in_memory(
    frames: Frames, num_steps: int, dtype: str
) -> None:
    file = (100 * np.random.default_rng(0).standard_normal((7, num_steps, 2))).astype(dtype)
    expected, _ = frames.apply(file)
    on_disk, _ = frames.apply(Mapped(file))
    assert isinstance(on_disk, Mapped)
    assert on_disk.shape == expected.shape
    np.testing.assert_array_equal(on_disk[:], expected)
    shift, scale = np.full(expected.shape[2], 3.0), np.full(expected.shape[2], 2.0)
    selected = on_disk.subset(np.array([5, 0, 3])).scaled(shift, scale, np.float32)
    np.testing.assert_array_equal(
        selected.take(np.array([2, 0])), ((expected[[3, 5]] - 3) / 2).astype(np.float32)
    )


@pytest.mark.parametrize("values", VALUES)
def test_frames_made_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch, values: Any) -> None:
    x = np.random.default_rng(0).standard_normal((9, 11, 2))
    lengths = np.array([11, 1, 7, 4, 10, 5, 8, 11, 2])
    whole, _ = Frames(4, values).apply(x, lengths)
    monkeypatch.setattr("rnncli.datasets.frames._NUMBERS_AT_ONCE", 50)
    parts, _ = Frames(4, values).apply(x, lengths)
    np.testing.assert_array_equal(parts, whole)


def test_the_length_of_a_frame_follows_from_the_longest_sequence() -> None:
    assert Frames.at_most(64, 64, "mean") is None
    assert Frames.at_most(64, 65, "mean") == Frames(2)
    assert Frames.at_most(64, 286, "stacked") == Frames(5, "stacked")
    assert Frames.at_most(1, 286, "mean") == Frames(286)
    with pytest.raises(ValueError, match="a frame of 1 time steps is out of range"):
        Frames(1)


def test_the_numbers_of_a_frame_have_names() -> None:
    names = ["'a'", "'b'"]
    for values, expected in (
        ("mean", ["'a'", "'b'"]),
        ("mean_std", ["'a'", "'b'", "deviation of 'a'", "deviation of 'b'"]),
        ("stacked", [f"{name} at step {step} of a frame" for step in (0, 1, 2) for name in names]),
    ):
        frames = Frames(3, values)
        assert [frames.name(i, names) for i in range(frames.num_features(2))] == expected


def sequences_of_unequal_length() -> list[Array]:
    """Return sequences (T_i, 2) of 5 to 23 time steps, the first of which has 23."""
    rng = np.random.default_rng(0)
    lengths = [23, *rng.integers(5, 24, size=39)]
    return [10 + 3 * rng.standard_normal((length, 2)).cumsum(axis=0) for length in lengths]


SEQUENCES = sequences_of_unequal_length()


def csv_of(folder: Path, holes: bool = False) -> Path:
    """Write the sequences, one per row, with a first column of labels; some values are missing."""
    rows = ["label," + ",".join(f"x{i}" for i in range(46))]
    for number, sequence in enumerate(SEQUENCES):
        cells = [repr(value) for value in sequence.ravel().tolist()]
        if holes and number % 3 == 0:
            cells[6:9] = ["", "", ""]
        rows.append(",".join([f"c{number % 2}", *cells, *[""] * (46 - len(cells))]))
    path = folder / "x.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def set_up_on(path: Path, **keys: Any) -> TrainingSetup:
    """Return a training run on a table of the sequences, in double precision."""
    data = {"kind": "csv", "path": str(path), "input_size": 2, "label_column": 0, "frames": 6}
    model = {"hidden_size": 4, "dtype": "float64", "pooling": "last"}
    return set_up(config_from({"data": data | keys, "model": model, "training": {"num_epochs": 2}}))


@pytest.mark.parametrize("values", VALUES)
def test_the_python_interface_streams_and_files_agree(tmp_path: Path, values: str) -> None:
    path = csv_of(tmp_path)
    model = set_up_on(path, frame_values=values).model
    weights_of(model).write(tmp_path / "weights.npz")
    model = load_model(tmp_path / "weights.npz")
    assert model.input_spec.frames == Frames(4, values)  # type: ignore[arg-type]
    assert model.input_spec.input_size == 2
    expected = np.concatenate(
        [
            model.outputs_of(batch.x, batch.lengths)  # type: ignore[arg-type]
            for batch in read_inputs(str(path), model.input_spec, labelled=False)
        ]
    )
    np.testing.assert_array_equal(model.outputs(SEQUENCES), expected)
    for sequence, z in zip(SEQUENCES[:8], expected, strict=False):
        np.testing.assert_allclose(model.outputs(sequence[np.newaxis])[0], z, rtol=1e-12)
        probabilities = model.predict_proba(sequence[np.newaxis])[0]
        np.testing.assert_allclose(streamed(model, sequence)[-1], probabilities, rtol=1e-12)


def streamed(model: Model, sequence: Array) -> list[Array]:
    """Return the probabilities after each frame of a sequence that is given step by step."""
    stream = Stream(model)
    given = [stream.step(step) for step in sequence]
    assert [step for step, one in enumerate(given, 1) if one is not None] == list(
        range(4, len(sequence) + 1, 4)
    )
    last = stream.finish()
    assert (last is None) == (len(sequence) % 4 == 0)
    assert stream.finish() is None
    return [one.probabilities[0] for one in (*given, last) if one is not None]  # type: ignore[index]


def test_a_longer_sequence_has_more_frames_of_the_same_length(tmp_path: Path) -> None:
    model = set_up_on(csv_of(tmp_path)).model
    x, lengths = model.network_inputs(np.zeros((1, 90, 2)))
    assert (x.shape, lengths) == ((1, 23, 2), None)


@pytest.mark.parametrize("values", VALUES)
def test_frames_are_standardized_after_missing_values_are_filled_in(
    tmp_path: Path, values: str
) -> None:
    setup = set_up_on(csv_of(tmp_path, holes=True), missing="last", frame_values=values)
    train, raw = setup.train, setup.splits.train
    frames = setup.model.input_spec.frames
    assert frames is not None
    assert not np.isnan(raw.x).any()  # type: ignore[union-attr, arg-type]
    expected, lengths = frames.apply(raw.x, raw.lengths)  # type: ignore[union-attr]
    np.testing.assert_array_equal(train.lengths, lengths)  # type: ignore[union-attr, arg-type]
    valid = np.arange(6) >= 6 - lengths[:, np.newaxis]  # type: ignore[index]
    np.testing.assert_allclose(train.x[valid].mean(axis=0), 0, atol=1e-12)  # type: ignore[union-attr, index]
    np.testing.assert_allclose(train.x[valid].std(axis=0), 1, rtol=1e-12)  # type: ignore[union-attr, index]
    scaler = setup.model.scaler
    assert scaler is not None
    z = (expected[valid] - scaler.mean) / scaler.std  # type: ignore[index]
    np.testing.assert_array_equal(train.x[valid], z)  # type: ignore[union-attr, index]


def test_short_sequences_lose_nothing(tmp_path: Path) -> None:
    path = csv_of(tmp_path)
    ends = []
    for keys in ({"frames": None}, {"frames": 23, "frame_values": "stacked"}, {"frames": 22}):
        setup = set_up_on(path, **keys)
        for _ in setup.fit():
            pass
        ends.append((setup.model.input_spec.frames, setup.model.network.parameters))
    assert ends[0][0] == ends[1][0] is None
    np.testing.assert_array_equal(ends[0][1], ends[1][1])
    assert ends[2][0] == Frames(2)


def test_every_format_has_frames(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((20, 12, 1))
    labels = ["a", "b"] * 10
    write_csv(tmp_path / "x.csv", x, labels)
    columns = {str(step): x[:, step, 0] for step in range(12)} | {"y": labels}
    parquet.write_table(pyarrow.table(columns), tmp_path / "x.parquet")
    np.savez(tmp_path / "x.npz", x=x, y=labels)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", labels)
    lines = [
        ",".join(map(repr, row.ravel().tolist())) + f":{label}"
        for row, label in zip(x, labels, strict=True)
    ]
    (tmp_path / "x.ts").write_text("\n".join(["@classLabel true a b", "@data", *lines]) + "\n")
    rows = [
        f"{i},{value!r},{label}"
        for i, (row, label) in enumerate(zip(x, labels, strict=True))
        for value in row.ravel().tolist()
    ]
    (tmp_path / "long.csv").write_text("\n".join(["id,x,y", *rows]) + "\n")
    long = {"sequence_column": "id", "label_column": "y"}
    results = []
    for kind, name, more in (
        ("csv", "x.csv", {}),
        ("csv", "long.csv", long),
        ("parquet", "x.parquet", {}),
        ("npz", "x.npz", {}),
        ("npz", "x.npy", {"label_path": str(tmp_path / "y.npy")}),
        ("ts", "x.ts", {}),
    ):
        data = {"kind": kind, "path": str(tmp_path / name), "frames": 5, **more}
        setup = set_up(config_from({"data": data}))
        assert setup.model.input_spec.frames == Frames(3)
        results.append(setup.train.x)  # type: ignore[union-attr]
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_files_that_stay_on_disk_give_the_same_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = (np.random.default_rng(0).standard_normal((60, 23, 2)) * [1, 9]).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x.sum(axis=(1, 2)) > 0)
    paths = {"path": str(tmp_path / "x.npy"), "label_path": str(tmp_path / "y.npy")}
    tree = {"data": {"kind": "npz", "frames": 6, "frame_values": "mean_std", **paths}}
    monkeypatch.setattr(mapped, "_NUMBERS_PER_CHUNK", 100)
    results = []
    for limit in (1 << 40, 0):
        monkeypatch.setattr("rnncli.datasets.formats.npz.MAPPED_FROM_BYTES", limit)
        setup = set_up(config_from(tree | {"training": {"num_epochs": 2}}))
        assert isinstance(setup.train.x, Mapped) == (limit == 0)  # type: ignore[union-attr]
        *_, last = setup.fit()
        report = evaluate(setup.model, [setup.splits.for_evaluation])  # type: ignore[list-item]
        assert report.metrics["loss"] == pytest.approx(last.val_loss, rel=1e-5)  # type: ignore[union-attr]
        results.append(last.val_loss)  # type: ignore[union-attr]
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_frames_that_are_refused(tmp_path: Path) -> None:
    stacked = {"frames": 1, "frame_values": "stacked", "validation_fraction": 0}
    np.savez(tmp_path / "wide.npz", x=np.zeros((2, 3, 400_000)), y=[0, 1])
    path = str(tmp_path / "wide.npz")
    with pytest.raises(InputError, match="data.frame_values: stacked gives 1200000 numbers per "):
        set_up(config_from({"data": {"kind": "npz", "path": path, **stacked}}))


def test_the_memory_of_frames_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.broadcast_to(np.zeros(1), (3000, 2000, 1))
    monkeypatch.setenv("RNN_MAX_MEMORY", "1M")
    with pytest.raises(InputError, match=r"^3000 sequences of 1000 frames: needs at least "):
        Frames(2).apply(x)
