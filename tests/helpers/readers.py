"""Everything that reads files of others, with valid files; and what counts as a defect of it."""

import io
import json
import random
import resource
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from helpers import hostile
from helpers.valid_files import LONG, TABLE, TS, WIDE, npz_file, parquet_file

from rnncli.analysis.prediction_files import predict_stream, write_predictions
from rnncli.analysis.training_curves import read_charts
from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.reading import config_from, default_config, read_config
from rnncli.config.tree import as_tree
from rnncli.datasets.inputs import read_inputs
from rnncli.datasets.text import read_text
from rnncli.display.run_tables import show_run, show_runs
from rnncli.display.terminal_plots import show_charts
from rnncli.errors import RnnError
from rnncli.inference.model import Model
from rnncli.inference.text_evaluation import evaluate_text
from rnncli.init.config_text import suggested_config
from rnncli.init.suggestion import Hints
from rnncli.nn.network import Network
from rnncli.runs.checkpoint import restore_checkpoint, saved_plan
from rnncli.runs.metrics_log import MetricsLog, read_metrics, rows_of
from rnncli.runs.resume import check_unchanged
from rnncli.runs.run_list import list_runs, summarize_run
from rnncli.runs.run_record import read_record, sessions_of
from rnncli.runs.training_run import start_run
from rnncli.runs.training_setup import set_up
from rnncli.runs.weights import load_model, start_from, weights_of

CONFIGS = Path(__file__).parent.parent.parent / "configs"
Use = Callable[[Path], object]


@dataclass(frozen=True)
class Reader:
    """What reads one kind of file.

    Attributes
    ----------
    path : Path
        Where the file is.
    seeds : list of bytes
        Valid contents.
    uses : tuple of callables
        All that the program does with such a file.
    mutate : callable
        Changes a content at random.
    """

    path: Path
    seeds: list[bytes]
    uses: tuple[Use, ...]
    mutate: Callable[[bytes, random.Random], bytes]


def readers(folder: Path) -> dict[str, Reader]:
    """Return all readers by name; their files are in a folder, which must exist."""
    every: dict[str, Reader] = {}
    for name in (_configs, _data, _runs, _texts):
        every |= name(folder)
    return every


# What a reader may take: seconds of the processor, and bytes for each byte of the file beyond some.
MAX_SECONDS, MAX_BYTES_PER_BYTE, ALWAYS_ALLOWED_BYTES = 2.0, 200, 100 << 20


def defect(reader: Reader, content: bytes, max_seconds: float = MAX_SECONDS) -> str | None:
    """Return what is wrong with the way in which a content is read; None if nothing is.

    It must be read, or refused by an `RnnError` of one line per mistake, within a little time and
    memory.
    """
    reader.path.write_bytes(content)
    for use in reader.uses:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of the memory in use
        base, start = _peak_bytes(), time.process_time()
        try:
            use(reader.path)
        except RnnError as error:
            if problem := _problem_of_message(str(error)):
                return problem
        except Exception:
            return traceback.format_exc()
        seconds, taken = time.process_time() - start, _peak_bytes() - base
        if seconds > max_seconds:
            return f"{seconds:.1f} seconds"
        if taken > ALWAYS_ALLOWED_BYTES + MAX_BYTES_PER_BYTE * len(content):
            return f"{taken >> 20} MB for {len(content)} bytes"
    return None


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _problem_of_message(text: str) -> str | None:
    lines = text.splitlines() or [""]
    if all(line and line.isprintable() and len(line) < 10_000 for line in lines):
        return None
    return f"a message that is not one clear line: {text!r}"


def mutated_text(content: bytes, rng: random.Random) -> bytes:
    return next(hostile.texts(content.ljust(2), 1, rng.randrange(1 << 32)))


def mutated_archive(content: bytes, rng: random.Random) -> bytes:
    """Change members with checksums that are right, or else anything."""
    if rng.random() < 0.7:
        try:
            return hostile.rewritten(content, rng)
        except Exception:  # whatever a damaged archive makes zipfile raise
            pass
    return mutated_text(content, rng)


def mutated_record(content: bytes, rng: random.Random) -> bytes:
    """Change a value of a JSON object, or else anything."""
    if rng.random() < 0.7:
        try:
            return json.dumps(hostile.mutated_json(json.loads(content), rng)).encode()
        except (ValueError, RecursionError):
            pass
    return mutated_text(content, rng)


def _configs(folder: Path) -> dict[str, Reader]:
    files = sorted(CONFIGS.glob("*.yaml"))
    overrides = (
        *(b"model.hidden_size=64", b"model.cell=lstm", b"training.optimizer.learning_rate=1e-3"),
        *(b"data={kind: csv, path: d.csv}", b"data.kind=copy", b"training.schedule=cosine"),
    )

    def read_override(path: Path) -> None:
        default_config([path.read_bytes().decode("utf-8", "surrogateescape")])

    return {
        "config": Reader(
            folder / "c.yaml", [path.read_bytes() for path in files], (_read_config,), mutated_text
        ),
        "set": Reader(folder / "override", list(overrides), (read_override,), mutated_text),
    }


def _read_config(path: Path) -> None:
    tree = as_tree(read_config(path))
    assert yaml12.load(yaml12.dump(tree), "again").tree == tree


# The kinds of data: the file's name, its content, and the keys of the section `data`.
DATA: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "csv": ("d.csv", WIDE, {"kind": "csv"}),
    "long": ("l.csv", LONG, {"kind": "csv", "sequence_column": "id", "label_column": "label"}),
    "series": ("s.csv", TABLE, {"kind": "series", "sequence_length": 3}),
    "ts": ("d.ts", TS, {"kind": "ts", "missing": "mean"}),
    "parquet": ("d.parquet", parquet_file(), {"kind": "parquet", "input_size": 1}),
    "npz": ("d.npz", npz_file(), {"kind": "npz"}),
    "npy": ("d.npy", hostile.npy(np.arange(60.0).reshape(20, 3)), {"kind": "npz"}),
}


def _data(folder: Path) -> dict[str, Reader]:
    labels = folder / "labels.npy"
    labels.write_bytes(hostile.npy(np.array(["a", "b"] * 10)))
    every = {}
    for name, (file, content, keys) in DATA.items():
        path = folder / file
        path.write_bytes(content)
        label_path = {"label_path": labels} if name == "npy" else {}
        uses = _uses_of_data(path, {"path": path, **keys, **label_path}, Hints(**label_path))
        mutate = mutated_archive if name == "npz" else mutated_text
        every[name] = Reader(path, [content], uses, mutate)
    return every


def _uses_of_data(path: Path, keys: dict[str, Any], hints: Hints) -> tuple[Use, ...]:
    """Return all uses of data: training, prediction, and the suggestion of a config."""
    config = config_from({"data": keys, "model": {"hidden_size": 2}})
    model = set_up(config).model

    def train(_: Path) -> None:
        examples = set_up(config).train
        assert all(np.isfinite(examples.x[i]).all() for i in range(min(9, len(examples.x))))

    def predict(path: Path) -> None:
        sequences = read_inputs(str(path), model.input_spec, labelled=False)
        write_predictions(model, sequences, lambda _: None)

    def init(path: Path) -> None:
        suggested_config(path, hints, None)

    return train, predict, init


def _runs(folder: Path) -> dict[str, Reader]:
    config = {
        "data": {"kind": "npz", "path": folder / "run.npz", "missing": "mean"},
        "model": {"cell": "gru", "hidden_size": 2, "pooling": "last"},
        "training": {"num_epochs": 3},
    }
    (folder / "run.npz").write_bytes(npz_file())
    run = start_run(config_from(config), folder / "runs", [])
    for _ in run.events():
        pass
    setup, files = set_up(run.setup.config), {p.name: p.read_bytes() for p in run.folder.iterdir()}

    def reader(name: str, mutate: Callable[[bytes, random.Random], bytes], *uses: Use) -> Reader:
        # A file is beside the valid others, in a run folder of its own.
        where = folder / name / "run"
        where.mkdir(parents=True)
        for other, content in files.items():
            (where / other).write_bytes(content)
        return Reader(where / name, [files[name]], uses, mutate)

    def restore(path: Path) -> None:
        check_unchanged(path.parent, setup.config)
        saved_plan(path)
        restore_checkpoint(path, setup)

    state_dict = io.BytesIO()
    np.savez(
        state_dict,
        **{n: a for n, a in np.load(run.folder / "weights.npz").items() if n != "metadata"},
    )
    return {
        "weights": reader("weights.npz", mutated_archive, _use_weights),
        "checkpoint": reader("checkpoint.npz", mutated_archive, restore),
        "record": reader("run.json", mutated_record, _show_runs),
        "metrics": reader("metrics.csv", mutated_text, _show_runs, _show_curves),
        "state_dict": Reader(
            folder / "state_dict.npz",
            [state_dict.getvalue()],
            (partial(_start_from, setup.model.network),),
            mutated_archive,
        ),
        "stream": Reader(
            folder / "stream.csv",
            [b"0.5\n1\n\n-1e3\n2\n"],
            (partial(_predict_stream, setup.model),),
            mutated_text,
        ),
    }


TEXT = "Of Man's first disobedience,\nand the fruit\r\n\nof that (forbidden) tr\u00e9e\n" * 3
TEXTS: dict[str, dict[str, Any]] = {
    "text": {},
    "lines": {"documents": "lines"},
    "words": {"unit": "word", "vocabulary_size": 9, "lowercase": True},
}


def _texts(folder: Path) -> dict[str, Reader]:
    every = {}
    for name, keys in TEXTS.items():
        path = folder / f"{name}.txt"
        path.write_text(TEXT)
        data = {"kind": "text", "path": path, "sequence_length": 3, **keys}
        config = config_from({"data": data, "model": {"hidden_size": 2}})
        uses = (partial(_train_on_text, config), partial(_score_text, set_up(config).model))
        every[name] = Reader(path, [path.read_bytes()], uses, mutated_text)
    model = set_up(config_from({"data": {**data, "documents": "lines"}})).model
    weights = folder / "language_model.npz"
    weights_of(model).write(weights)
    every["language_model"] = Reader(
        weights, [weights.read_bytes()], (_sample_text,), mutated_archive
    )
    return every


def _train_on_text(config: Config, path: Path) -> None:
    batches = set_up(config).train.epoch(4, True, 0, 0)
    for number in range(min(9, len(batches))):
        batches.batch(number)


def _score_text(model: Model, path: Path) -> None:
    vocabulary = model.input_spec.vocabulary
    assert vocabulary is not None
    text = read_text(path, vocabulary, model.input_spec.documents)
    if 0 < len(text) < 10_000:
        evaluate_text(model, text)


def _sample_text(path: Path) -> None:
    model = load_model(path)
    if model.network.num_parameters < 10**6:
        model.sample(3)


def _use_weights(path: Path) -> None:
    model = load_model(path)
    if model.network.input_size < 100:
        model.predict(np.ones((2, 3, model.network.input_size)))


def _start_from(network: Network, path: Path) -> None:
    start_from(network, path)
    assert np.isfinite(network.parameters).all()


def _predict_stream(model: Model, path: Path) -> None:
    with open(path, "rb") as lines:
        for _ in predict_stream(model, lines):
            pass


def _show_runs(path: Path) -> None:
    """Do what ``rnn runs``, ``rnn runs show`` and the resuming of a run do with the record."""
    folder = path.parent
    with redirect_stdout(io.StringIO()):
        listed = list_runs(folder.parent)
        json.dumps([run.as_json() for run in listed], allow_nan=False)
        show_runs(listed)
        summary, record = summarize_run(folder), read_record(folder)
        sessions_of(record)
        show_run(summary, record, read_metrics(folder), "")


def _show_curves(path: Path) -> None:
    """Do what ``rnn plot`` and the resuming of a run do with the log."""
    folder = path.parent
    json.dumps(rows_of(read_metrics(folder)), allow_nan=False)
    with redirect_stdout(io.StringIO()):
        show_charts(read_charts([folder]), log=False)
    log = MetricsLog(folder, "accuracy")
    for row in log.read_rows(2)[1:]:
        json.dumps(log.parse(row), allow_nan=False)
