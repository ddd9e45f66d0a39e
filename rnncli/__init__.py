"""Recurrent networks from scratch in NumPy: train, predict, and prove the gradients."""

from typing import TYPE_CHECKING, Any

from rnncli.errors import RnnError
from rnncli.version import __version__

if TYPE_CHECKING:
    from rnncli.api import load, train

__all__ = ["RnnError", "__version__", "load", "train"]


def __getattr__(name: str) -> Any:
    # NumPy and the rest are loaded on first use, so that `rnn --help` starts fast.
    if name in ("load", "train"):
        from rnncli import api

        return getattr(api, name)
    raise AttributeError(f"module 'rnncli' has no attribute '{name}'")
