"""Forecasts relative to the last row, and forecasts of more rows than the model's horizon."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.evaluation import evaluate
from rnncli.inference.model import Model
from rnncli.inference.stream import Stream
from rnncli.nn.arrays import Array
from rnncli.nn.network import Architecture, Network

RNG = np.random.default_rng(0)
# Multiples of a power of two, whose differences are exact.
TABLE = RNG.integers(-4096, 4096, (30, 2)) / 256
WINDOWS = Windows(("a", "b"), ("b", "a"), 5, 3, "last")


def model_of(windows: Windows) -> Model:
    size, outputs = len(windows.features), len(windows.targets) * windows.horizon
    network = Network(Architecture(hidden_size=4, dtype="float64"), size, outputs)
    network.initialize(np.random.default_rng(1))
    task = Task("regression", (), (0.5,) * outputs, (2.0,) * outputs)
    scaler = Scaler((0.25,) * size, (4.0,) * size)
    return Model(network, task, scaler, InputSpec(size, 5, windows=windows))


def cut(values: Array) -> Array:
    return np.stack([values[i : i + 5] for i in range(len(values) - 4)])


def by_hand(model: Model, windows: Windows, rows: Array, steps: int, calendar: Array) -> Array:
    """Return forecasts row by row, with every row of each window appended."""
    table, forecasts = rows.tolist(), []
    while len(forecasts) < steps:
        values = model.predict(np.array([table[-windows.sequence_length :]]))[0]
        for row in values.reshape(windows.horizon, -1):
            forecasts.append(row)
            if len(forecasts) <= steps:
                by_name = dict(zip(windows.targets, row, strict=True))
                known = calendar[len(forecasts) - 1]
                table.append([*(by_name[name] for name in windows.columns), *known])
    return np.array(forecasts[:steps])


@pytest.mark.parametrize("relative", ["none", "last"])
@settings(deadline=None, max_examples=25)
@given(horizon=st.integers(1, 4), steps=st.integers(1, 11), has_calendar=st.booleans())
def test_forecasts_beyond_the_horizon_are_those_of_a_loop(
    relative: str, horizon: int, steps: int, has_calendar: bool
) -> None:
    calendar = np.random.default_rng(2).standard_normal((30 + steps, 2 * has_calendar))
    keys = {"calendar": ("month",), "time_column": "t"} if has_calendar else {}
    windows = replace(WINDOWS, horizon=horizon, relative=relative, **keys)  # type: ignore[arg-type]
    model, rows = model_of(windows), np.hstack([TABLE, calendar[:30]])
    forecasts = model.forecast(rows, steps, calendar[30:])
    expected = by_hand(model, windows, rows, steps, calendar[30:])
    np.testing.assert_allclose(forecasts, expected, rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.integers(-(2**20), 2**20))
def test_a_constant_added_to_a_table_is_added_to_its_forecasts(constant: int) -> None:
    model, x = model_of(WINDOWS), cut(TABLE)
    np.testing.assert_array_equal(model.outputs(x + constant), model.outputs(x))
    np.testing.assert_allclose(model.predict(x + constant), model.predict(x) + constant, rtol=1e-12)
    ahead = model.forecast(TABLE + constant, 7)
    np.testing.assert_allclose(ahead, model.forecast(TABLE, 7) + constant, atol=1e-8)


def test_that_would_not_hold_for_absolute_values_or_without_adding_the_last_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = cut(TABLE)
    absolute = model_of(replace(WINDOWS, relative="none"))
    assert np.abs(absolute.predict(x + 100) - absolute.predict(x) - 100).max() > 1
    monkeypatch.setattr(Windows, "offsets_of", lambda windows, x: None)
    broken = model_of(WINDOWS)
    np.testing.assert_array_equal(broken.predict(x + 100), broken.predict(x))


def test_a_network_without_weights_forecasts_the_last_value_and_the_mean_change() -> None:
    model = model_of(WINDOWS)
    model.network.parameters[...] = 0
    x = cut(TABLE).astype(np.float32)
    expected = np.tile(x[:, -1, ::-1], 3) + 0.5
    np.testing.assert_array_equal(model.predict(x), expected)
    whole_numbers = np.array(x * 256, np.int16)  # Differences of these could overflow.
    np.testing.assert_array_equal(
        model.predict(whole_numbers), np.tile(256 * x[:, -1, ::-1], 3) + 0.5
    )


def test_padding_of_shorter_windows_is_not_seen() -> None:
    model = model_of(WINDOWS)
    short = TABLE[:3]
    alone = model.predict(short[np.newaxis])
    np.testing.assert_allclose(model.predict([TABLE[:5], short])[1], alone[0], rtol=1e-12)
    unscaled = replace(model, scaler=None)
    padded = np.concatenate([np.zeros((2, 2)), short])[np.newaxis]
    assert not unscaled.network_inputs(padded, np.array([3]))[0][0, :2].any()


@pytest.mark.parametrize("lengths", [None, RNG.integers(1, 900, 600)])
def test_many_windows_are_prepared_in_parts(lengths: Array | None) -> None:
    model, x = model_of(WINDOWS), RNG.standard_normal((600, 900, 2))
    together, same_lengths = model.network_inputs(x, lengths)
    halves = [
        model.network_inputs(x[part], None if lengths is None else lengths[part])[0]
        for part in (slice(0, 300), slice(300, 600))
    ]
    np.testing.assert_array_equal(together, np.concatenate(halves))
    np.testing.assert_array_equal(same_lengths, lengths)
    if lengths is None:
        np.testing.assert_array_equal(together, (x - x[:, -1:] - 0.25) / 4)


def test_losses_and_metrics_are_those_of_absolute_values() -> None:
    model, x = model_of(WINDOWS), cut(TABLE)[:-3]
    labels = np.stack([TABLE[i + 5 : i + 8, ::-1].ravel() for i in range(len(x))])
    report = evaluate(model, [Sequences(x, labels, "t.csv")])
    error = model.predict(x) - labels
    assert report.metrics["rmse"] == pytest.approx(np.sqrt(np.square(error).mean()))
    assert report.metrics["loss"] == pytest.approx(np.square(error / 2).mean())
    r2 = 1 - np.square(error).mean(axis=0) / labels.var(axis=0)
    assert report.metrics["r2"] == pytest.approx(r2.mean())
    # Baselines are scored on the same scale, and know nothing of relative values.
    absolute = evaluate(
        model_of(replace(WINDOWS, relative="none")), [Sequences(x, labels, "t.csv")]
    )
    assert report.baselines == absolute.baselines


def test_what_cannot_be_forecast() -> None:
    one = replace(WINDOWS, targets=("b",))
    model = model_of(one)
    np.testing.assert_array_equal(model.forecast(TABLE, 2), model.predict(TABLE[None, -5:]).T[:2])
    with pytest.raises(InputError, match=r"data\.targets has no a; at most 3 steps were expected"):
        model.forecast(TABLE, 4)
    with pytest.raises(InputError, match=r"rows of shape \(4, 2\) and 1 steps; at least 5 rows"):
        model.forecast(TABLE[:4], 1)
    with pytest.raises(InputError, match="shape"):
        model.forecast(TABLE[:, :1], 1)
    with_calendar = model_of(replace(WINDOWS, calendar=("month",), time_column="t"))
    rows = np.hstack([TABLE, np.zeros((30, 2))])
    assert with_calendar.forecast(rows, 3).shape == (3, 2)
    with pytest.raises(InputError, match=r"further windows need the features \(4, 2\) of the rows"):
        with_calendar.forecast(rows, 4)
    no_windows = replace(model, input_spec=InputSpec(2, 5))
    with pytest.raises(InputError, match="a model trained on 'data.kind: series' was expected"):
        no_windows.forecast(TABLE, 1)


def test_forecasts_without_bound_are_an_error() -> None:
    model = model_of(WINDOWS)
    grown = replace(model, task=replace(model.task, target_std=(9e29,) * 6))
    with pytest.raises(InputError, match="the values grow beyond|too far from those of the"):
        grown.forecast(TABLE, 100)


def test_a_stream_has_no_last_row() -> None:
    with pytest.raises(InputError, match="--stream: the model takes windows relative to"):
        Stream(model_of(WINDOWS))
    Stream(model_of(replace(WINDOWS, relative="none")))
