"""One table of formats and one of kinds, from which everything else derives."""

from typing import get_args

import pytest

from rnncli.datasets import DATA, Csv, Data, FileFormat, Npz, Parquet, Ts
from rnncli.datasets.formats import format_of


def test_every_kind_of_data_is_in_the_table_by_its_name() -> None:
    assert list(DATA.values()) == list(get_args(Data))
    for kind, section in DATA.items():
        assert section.kind == kind


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("a.csv", Csv),
        ("a.csv.gz", Csv),
        ("a.dat", Csv),
        ("a", Csv),
        ("A.NPZ", Npz),
        ("a.Npy", Npz),
        ("a.TS.GZ", Ts),
        ("a.PARQUET", Parquet),
    ],
)
def test_the_format_follows_from_the_extension_in_any_case(name: str, section: object) -> None:
    assert format_of(name) is section


@pytest.mark.parametrize("section", get_args(FileFormat))
def test_every_format_has_extensions_of_its_own(section: type[FileFormat]) -> None:
    assert section.extensions
    for extension in section.extensions:
        assert format_of(f"a{extension}") is section
