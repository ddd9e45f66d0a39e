"""What a run's results may depend on besides its config: versions, BLAS kernels and processor."""

import platform
from contextlib import suppress
from typing import Any

import numpy as np

from rnncli import blas
from rnncli.version import __version__


def environment() -> dict[str, Any]:
    """Return the versions of the libraries, the processor's name and the threads of BLAS."""
    return {
        "versions": {
            "rnncli": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "blas": blas.describe(),
        },
        "processor": _processor(),
        "threads": blas.num_threads(),
    }


def _processor() -> str:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
