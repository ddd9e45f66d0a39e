"""Reports of unexpected exceptions, which are bugs in the program."""

import platform
import re
import shlex
import sys
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from traceback import format_exception, format_exception_only

from rnncli.display.terminal import write_message
from rnncli.errors import one_line
from rnncli.version import __version__

# EX_SOFTWARE of sysexits.h: an internal error of the program.
EXIT_CODE = 70


def report_unexpected(error: Exception) -> int:
    """Write one line to standard error, and the details to a file; return the exit code."""
    description = one_line("".join(format_exception_only(error)).strip())
    try:
        report = _write_report(error)
    except Exception as problem:  # Whatever fails here must not hide the error itself.
        report = one_line(f"none, because it could not be written ({problem})")
    write_message(f"error: unexpected {description}; report: {report}")
    return EXIT_CODE


def _write_report(error: Exception) -> str:
    """Write the details to a new file in the system's temporary folder; return its path."""
    # Only its owner may read the file: the command line and the traceback can hold private paths.
    descriptor, path = tempfile.mkstemp(prefix="rnn-report-", suffix=".txt")
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(_report(error))
    except BaseException:
        with suppress(OSError):
            Path(path).unlink()
        raise
    return path


def _report(error: Exception) -> str:
    lines = [
        "Report of an unexpected error of rnn",
        "",
        f"command: {shlex.join(sys.argv)}",
        f"rnncli: {__version__}",
        f"Python: {' '.join(sys.version.split())}",
        f"platform: {platform.platform()}",
        *(f"{name}: {version}" for name, version in _dependencies().items()),
        "",
        *format_exception(error),
    ]
    return "\n".join(lines)


def _dependencies() -> dict[str, str]:
    """Return the version of each installed distribution that the package and its extras require."""
    versions = {}
    with suppress(metadata.PackageNotFoundError):  # a copy of the source that is not installed
        for requirement in metadata.requires("rnncli") or ():
            name = re.split(r"[^\w.-]", requirement)[0]
            with suppress(metadata.PackageNotFoundError):
                versions[name] = metadata.version(name)
    return versions
