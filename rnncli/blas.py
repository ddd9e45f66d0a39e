"""The BLAS library under NumPy: its name, its kernels and how many threads it may use.

NumPy's wheels carry OpenBLAS. The order of its additions depends on the number of its threads. With
one thread results repeat to the last bit, on any number of cores; large batches use several cores
in another way: see `rnncli.nn.shards`.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

# OpenBLAS builds differ in the prefix and suffix of their function names.
_SYMBOLS = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")


@cache
def _library() -> ctypes.CDLL | None:
    """Return the OpenBLAS that NumPy has loaded, or None where it uses another BLAS."""
    import numpy

    package = Path(numpy.__file__).parent
    candidates = [*package.parent.glob("numpy.libs/*openblas*")]
    candidates += package.glob(".dylibs/*openblas*")
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            candidates += {Path(line.split()[-1]) for line in maps if "openblas" in line}
    except OSError:
        pass
    for path in candidates:
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    return None


def _function(name: str) -> Any:
    library = _library()
    functions = (getattr(library, symbol.format(name), None) for symbol in _SYMBOLS)
    return next((function for function in functions if function is not None), None)


def num_threads() -> int | None:
    """Return how many threads BLAS may use now, or None if it cannot be queried."""
    get_num_threads = _function("get_num_threads")
    return int(get_num_threads()) if get_num_threads is not None else None


@cache
def kernels() -> str:
    """Return the name of the kernels in use, such as ``Haswell``; empty if BLAS is not OpenBLAS."""
    get_corename = _function("get_corename")
    if get_corename is None:
        return ""
    get_corename.restype = ctypes.c_char_p
    name: bytes = get_corename()
    return name.decode()


def describe() -> str:
    """Return the name, version and kernels of the BLAS in use."""
    get_config = _function("get_config")
    if get_config is None or not kernels():
        import numpy

        info = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{info.get('name', 'unknown')} {info.get('version', '')}".strip()
    get_config.restype = ctypes.c_char_p
    return " ".join([*get_config().decode().split()[:2], kernels()])


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread."""
    set_num_threads = _function("set_num_threads")
    before = num_threads()
    if set_num_threads is None or before in (None, 1):
        yield
        return
    set_num_threads(1)
    try:
        yield
    finally:
        set_num_threads(before)
