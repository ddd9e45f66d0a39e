"""Values that a kind of data prefers are for configs of users, not for those of runs."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY, Command, assert_same, metrics, sha
from helpers import hostile
from helpers.run_copies import changed_record, without_hashes

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.reading import config_from, default_config, read_config
from rnncli.config.reference import reference
from rnncli.config.tree import as_tree
from rnncli.datasets.files import FileData
from rnncli.datasets.synthetic import Parity
from rnncli.runs.checksums import sha256_of

NEW_KEYS = ("frames", "frame_values")
CONFIG = """
data: {kind: csv, path: x.csv}
model: {hidden_size: 4}
training: {num_epochs: 2}
"""


@pytest.fixture
def run(rnn: Command, here: Path) -> Path:
    """A run on sequences of 12 time steps, as a version without frames left it."""
    x = np.random.default_rng(0).standard_normal((40, 12))
    np.savetxt("x.csv", np.column_stack([x, x.sum(axis=1) > 0]), delimiter=",", fmt="%g")
    Path("c.yaml").write_text(CONFIG)
    result = rnn("train", "-q", "-c", "c.yaml")
    assert result.code == 0, result.err
    return without_new_keys(Path(result.out.strip()))


@pytest.fixture
def preferred(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version, in which files are read in frames by default."""
    monkeypatch.setattr(FileData, "defaults", FileData.defaults | {"data": {"frames": 4}})


def frames_of(config: Config) -> int | None:
    assert isinstance(config.data, FileData)
    return config.data.frames


def without_new_keys(run: Path) -> Path:
    """Remove the keys of frames from the files of a run, whose hashes are adapted."""
    path = run / "config.yaml"
    tree = yaml12.load(path.read_bytes(), str(path)).tree
    for key in NEW_KEYS:
        del tree["data"][key]
    path.write_text(yaml12.dump(tree))
    config_sha256 = sha256_of(path.read_bytes())
    checkpoint = run / "checkpoint.npz"
    members = hostile.unpacked(checkpoint.read_bytes())
    metadata: dict[str, Any] = hostile.metadata_of(members)
    for key in NEW_KEYS:
        del metadata["config"]["data"][key]
    metadata["config_sha256"] = config_sha256
    checkpoint.write_bytes(hostile.packed(hostile.with_metadata(members, metadata)))
    changed_record(run, config_sha256=config_sha256)
    return run


def test_a_preference_is_for_configs_of_users(preferred: None, run: Path) -> None:
    assert frames_of(read_config(Path("c.yaml"))) == 4
    mapping = {"data": {"kind": "csv", "path": "x.csv"}}
    assert frames_of(config_from(mapping)) == 4
    explicit = {"data": mapping["data"] | {"frames": None}}
    assert frames_of(config_from(explicit)) is None
    config = run / "config.yaml"
    assert frames_of(read_config(config)) is None
    # The same text elsewhere is the config of a user.
    shutil.copy(config, "copy.yaml")
    assert frames_of(read_config(Path("copy.yaml"))) == 4
    tree = as_tree(read_config(Path("copy.yaml")))
    assert tree["data"]["frames"] == 4
    assert frames_of(config_from(tree, is_complete=True)) == 4


def test_a_preference_does_not_apply_where_it_would_be_refused(preferred: None) -> None:
    for keys in ("text_column: t", "sequence_column: s, label_column: y, label_per: step"):
        config = default_config([f"data={{kind: csv, path: a, {keys}}}"])
        assert frames_of(config) is None
    assert config.model.cell.kind == "gru"
    config = default_config(["data={kind: csv, path: a, label_per: sequence}"])
    assert frames_of(config) == 4


def test_the_reference_has_the_preference(preferred: None) -> None:
    (entry,) = reference("data.frames")
    assert entry.default == "null; 4 in new configs"
    assert set(entry.kinds) == {"csv", "npz", "parquet", "ts"}


def test_older_runs_are_repeated_verified_and_resumed_without_it(
    rnn: Command, run: Path, preferred: None
) -> None:
    before = sha(run / "weights.npz")
    verified = rnn("verify", run, "-q")
    assert (verified.code, verified.out, verified.err) == (0, "bit-identical\n", "")
    repeated = Path(rnn("train", "-q", "-c", run / "config.yaml").out.strip())
    assert sha(repeated / "weights.npz") == before
    assert rnn("evaluate", "-w", run).code == 0
    without_hashes(run)  # The configs of file and checkpoint are then compared key by key.
    for one in (run, repeated):
        longer = rnn("train", "-q", "--resume", one, "--set", "training.num_epochs=4")
        assert (longer.code, longer.err) == (0, "")
    assert_same(run, repeated)
    # The config of a user is now trained with frames, and gives other weights.
    new = Path(rnn("train", "-q", "-c", "c.yaml", "--set", "training.num_epochs=4").out.strip())
    assert sha(new / "weights.npz") != sha(repeated / "weights.npz")


@pytest.mark.parametrize("version", ["v1"])
def test_golden_runs_do_not_get_preferences(
    rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    golden = REPOSITORY / "tests" / "golden" / version / "exact"
    # Keys that did not exist then: with these values, the config would be refused.
    preferences = {"data": {"added": 1}, "model": {"embedding_size": 8, "tie_weights": True}}
    monkeypatch.setattr(Parity, "defaults", preferences, raising=False)
    run = Path(shutil.copytree(golden, here / "exact"))
    weights = np.load(run / "weights.npz")
    resumed = rnn("train", "-q", "--resume", run, "--set", "training.num_epochs=3")
    assert (resumed.code, resumed.err) == (0, "")
    assert metrics(run)[:2] == metrics(golden)
    now = np.load(run / "weights.npz")
    for name in set(weights.files) - {"metadata"}:
        assert weights[name].tobytes() == now[name].tobytes()
    repeated = rnn("train", "-q", "-c", run / "config.yaml")
    assert (repeated.code, repeated.err) == (0, "")
    Path("user.yaml").write_bytes((golden / "config.yaml").read_bytes())
    assert "data.added: unknown key" in rnn("train", "-q", "-c", "user.yaml").err
