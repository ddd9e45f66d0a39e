"""The config that the options of a command describe."""

from pathlib import Path

from rnncli.config.config import Config
from rnncli.config.reading import default_config, read_config


def resolved_config(path: Path | None, overrides: list[str] | None) -> Config:
    """Return the config of a file, or the default config, with the overrides of ``--set``."""
    if path is None:
        return default_config(overrides or ())
    return read_config(path, overrides or ())
