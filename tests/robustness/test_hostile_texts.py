"""Hostile configs and data give a correct value, or one clear line with its place."""

import csv
import gzip
import io
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from conftest import PEAK_MEGABYTES, REPOSITORY, Command, process
from helpers import hostile
from helpers.campaign import sample_or_campaign
from helpers.valid_files import LONG, TABLE, TS, WIDE, WIDE_GZ, npz_file, parquet_file

from rnncli.config import yaml12
from rnncli.config.config import Config
from rnncli.config.reading import read_config
from rnncli.config.tree import as_tree
from rnncli.datasets import Csv, Data, FileFormat, Npz, Parquet, Series, Ts
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.inputs import read_inputs
from rnncli.datasets.sequences import Sequences, Splits
from rnncli.datasets.untrusted.lines import open_lines
from rnncli.errors import InputError


def assert_clear_lines(error: InputError, path: Path) -> None:
    for line in error.problems:
        if line.startswith("... and "):
            continue
        assert str(path) in line or line.startswith(("data.", "training.", "model.")), line
        assert line.isprintable()
        assert len(line) < 1100


def read_or_refused(read: Callable[[], object], path: Path) -> tuple[object | None, float]:
    """Return what is read, or None if it is refused in one clear line; and the seconds."""
    start = time.perf_counter()
    try:
        return read(), time.perf_counter() - start
    except InputError as error:
        seconds = time.perf_counter() - start
        assert_clear_lines(error, path)
        return None, seconds


@sample_or_campaign("count", 120, 20_000)
def test_a_mutant_of_a_config_is_refused_or_survives_a_round_trip(here: Path, count: int) -> None:
    path, accepted, slowest = here / "c.yaml", 0, 0.0
    good = [
        (REPOSITORY / "configs" / name).read_bytes()
        for name in ("sum_sign.yaml", "digits.yaml", "sunspots.yaml", "parity.yaml")
    ]
    for seed, content in enumerate(good):
        for mutant in hostile.texts(content, count // len(good), seed):
            path.write_bytes(mutant)
            config, seconds = read_or_refused(lambda: read_config(path), path)
            slowest = max(slowest, seconds)
            if isinstance(config, Config):
                accepted += 1
                tree = as_tree(config)
                assert yaml12.load(yaml12.dump(tree), "again").tree == tree
    print(f"{count} configs: {accepted} accepted, slowest {slowest:.3f} s")
    assert 0 < accepted < count


def is_finite(splits: Splits) -> bool:
    present = [split for split in (splits.train, splits.validation) if split is not None]
    return all(np.isfinite(split.x).all() for split in present)


@sample_or_campaign("count", 100, 10_000)
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "long", "npz", "parquet", "ts", "series"])
def test_a_mutant_of_data_is_refused_or_holds_finite_numbers(
    here: Path, kind: str, count: int
) -> None:
    sections: dict[str, tuple[str, bytes, Callable[[Path], Data]]] = {
        "csv": ("d.csv", WIDE, lambda path: Csv(path=path)),
        "csv.gz": ("d.csv.gz", WIDE_GZ, lambda path: Csv(path=path)),
        "long": (
            "d.csv",
            LONG,
            lambda path: Csv(path=path, sequence_column="id", label_column="label"),
        ),
        "npz": ("d.npz", npz_file(), lambda path: Npz(path=path)),
        "parquet": (
            "d.parquet",
            parquet_file(),
            lambda path: Parquet(path=path),
        ),
        "ts": ("d.ts", TS, lambda path: Ts(path=path, missing="mean")),
        "series": ("d.csv", TABLE, lambda path: Series(path=path, sequence_length=3)),
    }
    name, content, section = sections[kind]
    path, accepted, slowest = here / name, 0, 0.0
    path.write_bytes(content)
    assert is_finite(section(path).read(0).splits)
    for mutant in hostile.texts(content, count, seed=2):
        path.write_bytes(mutant)
        splits, seconds = read_or_refused(lambda: section(path).read(0).splits, path)
        slowest = max(slowest, seconds)
        if isinstance(splits, Splits):
            accepted += 1
            assert is_finite(splits)
    print(f"{count} mutants of {kind}: {accepted} accepted, slowest {slowest:.3f} s")
    assert accepted < count


@sample_or_campaign("count", 160, 10_000)
def test_numbers_of_a_mutant_are_those_in_its_cells(here: Path, count: int) -> None:
    """What is accepted equals what the standard library reads in the same cells."""
    path, accepted = here / "d.csv", 0
    input_spec = InputSpec(input_size=1, sequence_length=3, label_column=None)
    for mutant in hostile.texts(WIDE.replace(b"a\n", b"7\n").replace(b"b\n", b"8\n"), count, 3):
        path.write_bytes(mutant)
        batches, _ = read_or_refused(
            lambda: list(read_inputs(str(path), input_spec, labelled=False)), path
        )
        if isinstance(batches, list):
            rows = [row for row in csv.reader(io.StringIO(mutant.decode("utf-8-sig"))) if row]
            sequences = [
                batch.x[i, -length:, 0] for batch in batches for i, length in lengths(batch)
            ]
            if len(sequences) == len(rows) - 1:
                del rows[0]  # a header
            accepted += 1
            for row, values in zip(rows, sequences, strict=True):
                present = [cell for cell in row if cell.strip()]
                np.testing.assert_array_equal(values, [float(cell) for cell in present])
    assert accepted > count / 20


def lengths(batch: Sequences) -> Iterator[tuple[int, int]]:
    count, sequence_length = batch.x.shape[:2]
    given = batch.lengths
    yield from enumerate([sequence_length] * count if given is None else given.tolist())


def packed_again_and_again(content: bytes, times: int) -> bytes:
    """Return a gzip file of a content many times, which is packed only once."""
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(times):
        checksum = zlib.crc32(content, checksum)
    header, end = gzip.compress(b"")[:10], packer.flush()
    return header + block * times + end + struct.pack("<LL", checksum, len(content) * times)


def gzip_bomb() -> bytes:
    return packed_again_and_again(b"\0" * (1 << 20), 256)


def line_bomb() -> bytes:
    return packed_again_and_again(b"1," * (1 << 19) + b"\n", 256)


def array_bomb() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as member,
    ):
        member.write(hostile.npy(np.zeros((1, 1), np.float32)).replace(b"(1, 1)", b"(99999, 9)"))
        for _ in range(64):
            member.write(b"\0" * (1 << 20))
    return buffer.getvalue()


BOMBS = {
    "zeros without a line's end": ("d.csv", gzip_bomb),
    "lines of many numbers": ("d.csv", line_bomb),
    "the same as .ts": ("d.ts", lambda: gzip.compress(b"@data\n") + line_bomb()),
    "zeros in an archive": ("d.npz", array_bomb),
    "an archive of many members": (
        "d.npz",
        hostile.many_members,
    ),
    "deep yaml": ("c.yaml", lambda: b"[" * 60_000),
    "deep yaml in blocks": ("c.yaml", lambda: b"- " * 30_000),
    "deep yaml of keys": ("c.yaml", lambda: b"? " * 30_000),
    "deep yaml of braces": ("c.yaml", lambda: b"{a: " * 15_000),
    "a billion laughs": (
        "c.yaml",
        lambda: b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a, *a, *a]\n" % (i, i) for i in range(99)),
    ),
    "merge keys": ("c.yaml", lambda: b"a: &a {x: 1}\nb: {<<: [*a, *a, *a]}\n" * 500),
    "many keys": ("c.yaml", lambda: b"".join(b"k%d: 1\n" % i for i in range(6_000))),
    "one long word": ("c.yaml", lambda: b"a: " + b"x" * 65_000),
    "many digits": ("c.yaml", lambda: b"seed: " + b"9" * 65_000),
    "many quotes": ("c.yaml", lambda: b"a: " + b"'" * 65_001),
    "too long": ("c.yaml", lambda: b"#" * (1 << 16) + b"#"),
}
READ: dict[str, Callable[[Path], object]] = {
    ".csv": lambda path: Csv(path=path).read(0),
    ".ts": lambda path: Ts(path=path).read(0),
    ".npz": lambda path: Npz(path=path).read(0),
    ".yaml": read_config,
}


def assert_refused(folder: Path, file: str, content: Callable[[], bytes]) -> None:
    """Write a file, and assert that it is refused in one clear line."""
    path = folder / file
    path.write_bytes(content())
    value, seconds = read_or_refused(lambda: READ[path.suffix](path), path)
    assert value is None
    print(f"{file}: {seconds:.3f} s")


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(here: Path, name: str) -> None:
    assert_refused(here, *BOMBS[name])


def test_bombs_take_little_memory(here: Path) -> None:
    (here / "d.csv").write_bytes(gzip_bomb())
    (here / "c.yaml").write_text("data: {kind: csv, path: d.csv}")
    script = (
        "from rnncli.cli.main import main\n"
        "try: main(['train', '-c', 'c.yaml'])\n"
        f"finally: print({PEAK_MEGABYTES})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "d.csv:1: row 1" in done.stderr
    assert int(done.stdout) < 300
    assert not Path("runs").exists()


def test_ordinary_compressed_text_is_read(here: Path) -> None:
    """Compressed measurements are far below the limit, even zeros and ones, or several members."""
    bits = np.random.default_rng(0).integers(2, size=(9000, 1000), dtype=np.uint8)
    rows = b"".join(bytes(row + 48).replace(b"0", b"0,") + b"\n" for row in bits)
    path = here / "d.csv.gz"
    path.write_bytes(gzip.compress(rows, 1))
    with open_lines(path) as lines:
        assert b"".join(lines) == rows
    path.write_bytes(gzip.compress(b"1,2\n") + gzip.compress(b"3,4\n"))
    with open_lines(path) as lines:
        assert list(lines) == [b"1,2\n", b"3,4\n"]


def test_a_line_that_is_too_long_is_refused(here: Path) -> None:
    path = here / "d.csv"
    with open(path, "wb") as file:
        file.truncate(1 << 32)  # a hole: no newline in four gigabytes
    with pytest.raises(InputError, match=r"d\.csv:1: row 1: a line of over 64 MiB"):
        Csv(path=path).read(0)


SLOW = {
    "many digits and a letter": ("d.csv", lambda: b"1,2,3,a\n4,5," + b"1" * 130_000 + b"x,b\n"),
    "the same as .ts": (
        "d.ts",
        lambda: b"@classLabel true a b\n@data\n1," + b"1" * 10**6 + b"x:a\n1,2:b\n",
    ),
    "one label without end": (
        "d.csv",
        lambda: b"1,2,3,a\n" * 9000 + b"4,5,6," + b"b" * 131_000 + b"\n",
    ),
    "one sequence without end": (
        "d.ts",
        lambda: b"@classLabel true a b\n@data\n" + b"1,2:a\n" * 20_000 + b"1," * 20_000 + b"1:b\n",
    ),
    "a tag without a name": ("d.ts", lambda: b"@\n@data\n1,2:a\n" + b"@\n" * 9),
    "no text in an array": (
        "d.npz",
        lambda: hostile.packed(
            {
                "x.npy": hostile.npy(np.ones((4, 3))),
                "y.npy": hostile.npy(np.full(4, 0xFFFFFFFF, "u4")).replace(b"<u4", b"<U1"),
            }
        ),
    ),
    "hexadecimal digits": ("c.yaml", lambda: b"seed: 0x" + b"f" * 5000),
    "octal digits": ("c.yaml", lambda: b"seed: 0o" + b"7" * 9000),
    "a character beyond all": ("c.yaml", lambda: b'seed: "\\UFFFFFFFF"'),
    "a kind that is a list": ("c.yaml", lambda: b"data: {kind: [1]}"),
    "a kind that is a section": ("c.yaml", lambda: b"data: {kind: {a: 1}}"),
}


@pytest.mark.parametrize("name", SLOW)
def test_slow_or_malformed_input_is_one_line(here: Path, name: str) -> None:
    assert_refused(here, *SLOW[name])


def test_time_does_not_grow_with_the_square_of_columns(here: Path) -> None:
    names = ",".join(f"c{i}" for i in range(20_000))
    row = ",".join("1" for _ in range(20_000))
    (here / "d.csv").write_text(f"{names}\n" + f"{row}\n" * 3)
    start = time.perf_counter()
    table = Series(path=here / "d.csv").read_table()
    assert table.values.shape == (3, 20_000)
    assert len(table.columns) == 20_000
    print(f"{time.perf_counter() - start:.2f} s")


@pytest.mark.parametrize("key", [".".join("a" * 1000), "data.kind", "seed"])
def test_hostile_overrides_are_one_line(rnn: Command, here: Path, key: str) -> None:
    for value in ("[1]", "0x" + "f" * 5000, '"\\UFFFFFFFF"', "- "):
        refused = rnn("gradcheck", "--set", f"{key}={value}")
        assert refused.code == 2, value
        assert refused.err.count("\n") == 1
        assert len(refused.err) < 1100


def test_paths_of_a_section_set_as_a_whole_are_relative_to_the_working_directory(
    rnn: Command, here: Path
) -> None:
    (here / "d.csv").write_bytes(WIDE)
    (here / "configs").mkdir()
    (here / "configs" / "c.yaml").write_text("training: {num_epochs: 1}")
    done = rnn("train", "-q", "-c", "configs/c.yaml", "--set", "data={kind: csv, path: d.csv}")
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", ["x" * 300, "d\udcff/x.csv"], ids=["long", "not UTF-8"])
def test_an_impossible_path_is_refused(rnn: Command, here: Path, name: str) -> None:
    refused = rnn("train", "-q", "--set", "data={kind: csv}", "--set", f"data.path={name}")
    assert refused.code == 2
    assert not (here / "runs").exists()
    for kind in ("npz", "ts", "series"):
        (here / "c.yaml").write_text(f"data: {{kind: {kind}, path: {'x' * 300}}}")
        assert rnn("train", "-c", "c.yaml").code == 2


WRONG_CELLS = {
    "a nan": (b"1,2,3,a\n4,nan,6,b\n", "d.csv:2: row 2, column 2: 'nan' is not a number"),
    "an infinity": (b"1,2,3,a\n4,5,inf,b\n", "d.csv:2: row 2, column 3: 'inf' is not a number"),
    "a ragged row": (b"1,2,3,a\n4,5,6,7,b\n", "d.csv:2: row 2: 5 columns; 4 were expected"),
    "a nul byte": (b"1,2,3,a\n4,5,\0,b\n", "d.csv:2: row 2, column 3: a NUL byte"),
    "an open quote": (
        b'1,2,3,a\n4,"5,6,b\n7,8,9,a\n',
        "d.csv:2: row 2, column 2: a quote that is not closed",
    ),
    "an open quote, far from the end": (
        b'1,2,3,a\n4,5,"6,b\n' + b"7,8,9,a\n" * 40_000,
        "d.csv:2: row 2, column 3: a quote that is not closed",
    ),
    "a full-width digit": ("1,2,3,a\n4,５,6,b\n".encode(), "row 2, column 2: '５' is not a number"),
    "utf-16": ("1,2,3,a\n4,5,6,b\n".encode("utf-16"), "d.csv:1: row 1: byte 1 is not UTF-8"),
    "a mark in the midst": (
        "1,2,3,a\n\ufeff4,5,6,b\n".encode(),
        r"d.csv:2: row 2, column 1: '\ufeff4' is not a number",
    ),
}


@pytest.mark.parametrize("name", WRONG_CELLS)
def test_a_wrong_cell_is_found_before_training(rnn: Command, here: Path, name: str) -> None:
    content, problem = WRONG_CELLS[name]
    (here / "d.csv").write_bytes(content)
    (here / "c.yaml").write_text("data: {kind: csv, path: d.csv}")
    result = rnn("train", "-c", "c.yaml")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert problem in result.err
    assert not (here / "runs").exists()


def test_a_byte_order_mark_is_accepted(rnn: Command, here: Path) -> None:
    (here / "d.csv").write_bytes(b"\xef\xbb\xbf" + WIDE)
    (here / "c.yaml").write_text("data: {kind: csv, path: d.csv}\ntraining: {num_epochs: 1}")
    assert rnn("train", "-q", "-c", "c.yaml").code == 0


@pytest.mark.parametrize("source", ["/dev/zero", "/dev/null", "."])
@pytest.mark.parametrize("kind", ["csv", "npz", "parquet", "ts", "series"])
def test_devices_and_folders_are_refused(rnn: Command, here: Path, source: str, kind: str) -> None:
    (here / "c.yaml").write_text(f"data: {{kind: {kind}, path: {source}}}")
    result = rnn("train", "-c", "c.yaml")
    assert result.code == 2
    assert result.err.count("\n") == 1, result.err
    assert not (here / "runs").exists()


def test_every_kind_of_file_has_hostile_tests() -> None:
    kinds = {section.kind for section in (*get_args(FileFormat), Series)}
    assert kinds == {"csv", "npz", "parquet", "ts", "series"}


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8b", gzip.compress(b"1,2,3,4,5\n", mtime=0)[:-5], b"\x1f\x8b\x08\0!"],
    ids=["two bytes", "cut off", "no header"],
)
def test_packed_standard_input_that_is_damaged(run_folder: Path, content: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rnncli", "predict", "-w", "latest"],
        input=content,
        capture_output=True,
    )
    assert done.returncode == 2, done
    assert done.stderr.startswith(b"error: standard input: the gzip data is damaged")


def test_one_label_per_sequence_for_a_model_that_predicts_every_step(
    rnn: Command, here: Path
) -> None:
    (here / "c.yaml").write_text(
        "data: {kind: csv, path: d.csv, sequence_column: id, label_column: label,\n"
        "  label_per: step}\n"
        "model: {output: every_step, pooling: last}\ntraining: {num_epochs: 1}\n"
    )
    (here / "d.csv").write_bytes(LONG)
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    np.savez("e.npz", x=np.ones((3, 4, 2)), y=np.array(["a", "b", "a"]))
    refused = rnn("evaluate", "-w", "latest", "-i", "e.npz")
    assert refused.code == 2
    assert (
        refused.err
        == "error: e.npz: has one label per sequence; the model needs one per time step\n"
    )


def test_hostile_standard_input_is_one_line(run_folder: Path) -> None:
    done = process("predict", "-w", "latest", stdin=None, input="1,2,3,4,x\n")
    assert done.returncode == 2
    assert done.stderr == (
        "error: standard input:1: row 1, column 5: 'x' is not a number; write it like 0.5 or 1e-3\n"
    )
