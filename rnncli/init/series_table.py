"""The config suggested for one table in chronological order, whose next rows are forecast."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnncli.datasets import Series
from rnncli.errors import InputError
from rnncli.inference.seasonality import find_period
from rnncli.init.column_roles import time_columns
from rnncli.init.suggestion import Hints, SuggestedKey, Suggestion, missing_keys, or_others
from rnncli.init.table_head import TableHead
from rnncli.nn.arrays import Array
from rnncli.nn.cells import CELLS
from rnncli.training.optimizers import OPTIMIZERS

# With fewer rows than this, there is no validation split, and the network is smaller.
_FEW_ROWS = 500
# A window has two periods and a row, and these bounds. It has at most this share of the training
# rows, so that enough windows remain.
_SHORTEST, _LONGEST, _LARGEST_SHARE = 12, 60, 1 / 4
# With few rows, a lower rate stays near the linear autoregression from which training starts.
_RATE, _RATE_FOR_FEW = 1e-3, 3e-4
_BATCH_SIZE, _UPDATES, _MIN_EPOCHS, _MAX_EPOCHS = 16, 600, 5, 100


def suggest_series(suggestion: Suggestion, head: TableHead, path: Path, hints: Hints) -> None:
    """Suggest the windows of one table in the order of time."""
    if head.names is None:
        raise InputError(f"{path}: a series needs column names in the first row")
    table = Series(path=path).read_table()
    times = [head.names[column] for column in time_columns(head)]
    columns = [name for name in table.columns if name not in times]
    if not columns:
        raise InputError(f"{path}: no numeric column besides {', '.join(times)}")
    targets = columns
    if hints.label_column is not None:
        targets = [head.names[head.position(hints.label_column)]]
    count = len(table.rows)
    test_size = count // 5
    chosen = table.values[:, [table.columns.index(name) for name in columns]]
    is_target = [name in targets for name in columns]
    period = _longest_period(chosen[: count - test_size, is_target])
    length = _window_length(count - test_size, period)
    suggestion.findings.append(f"one table of {count:,} rows; features: {', '.join(columns)}")
    suggestion.findings += _ignored_in_words(head, columns, times)
    suggestion.findings.append(f"a period of {period} rows" if period else "no period")
    is_small = count < _FEW_ROWS
    suggestion.data += [
        SuggestedKey("kind", "series"),
        SuggestedKey("path", path),
        SuggestedKey("columns", columns, "the features"),
        SuggestedKey("targets", targets, "the columns to forecast"),
        SuggestedKey("sequence_length", length, "rows per window; two periods, where there is one"),
        SuggestedKey("horizon", 1, "rows to forecast"),
        SuggestedKey("relative", "last", "values minus those of the window's last row"),
        SuggestedKey("test_size", test_size, "the last fifth; `rnn evaluate` scores it"),
        SuggestedKey(
            "validation_fraction", 0.0 if is_small else 0.1, "the latest windows before the test"
        ),
        *missing_keys(suggestion, int(np.isnan(chosen).sum())),
    ]
    suggestion.model += [
        SuggestedKey("cell", "gru", or_others(CELLS, "gru")),
        SuggestedKey("hidden_size", 16 if is_small else 32, "larger can learn more, and overfit"),
        SuggestedKey("head_inputs", length, "a linear autoregression beside the network"),
    ]
    num_windows = count - test_size - length
    rate = _RATE_FOR_FEW if is_small else _RATE
    epochs = round(_UPDATES * _BATCH_SIZE / max(1, num_windows))
    suggestion.training += [
        SuggestedKey("num_epochs", min(_MAX_EPOCHS, max(_MIN_EPOCHS, epochs))),
        SuggestedKey("batch_size", _BATCH_SIZE),
        SuggestedKey(
            "optimizer", {"kind": "adam", "learning_rate": rate}, or_others(OPTIMIZERS, "adam")
        ),
    ]


def _longest_period(values: Array) -> int:
    """Return the longest period of columns (R, C) in rows, or 0; missing values are left out."""
    periods = [find_period(column[~np.isnan(column)])[0] for column in values.T if len(column)]
    return max(periods, default=0)


def _window_length(num_rows: int, period: int) -> int:
    """Return the rows per window for a number of training rows."""
    longest = min(_LONGEST, int(num_rows * _LARGEST_SHARE))
    return max(2, min(max(2 * period + 1, _SHORTEST), longest))


def _ignored_in_words(head: TableHead, columns: Sequence[str], times: Sequence[str]) -> list[str]:
    names = head.names or ()
    others = [name for name in names if name not in {*columns, *times}]
    lines = [f"ignored: time columns: {', '.join(times)}"] if times else []
    return lines + ([f"ignored: not numbers: {', '.join(others)}"] if others else [])
