"""Recurrent networks from scratch in NumPy: train, predict, and check the gradients."""

from rnncli.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rnncli.api import load, train
    from rnncli.errors import RnnError

__all__ = ["RnnError", "__version__", "load", "train"]


def __getattr__(name: str) -> object:
    # Everything is loaded on first use, so that `rnn --help` starts fast and the command can handle
    # an interrupt almost at once. For that reason `typing` is not imported either.
    if name == "RnnError":
        from rnncli.errors import RnnError

        return RnnError
    if name in ("load", "train"):
        from rnncli import api

        return getattr(api, name)
    raise AttributeError(f"module 'rnncli' has no attribute '{name}'")
