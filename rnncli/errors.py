"""The errors that the package raises on purpose, with the exit codes of the command line."""

import errno
from typing import Literal

# About as many lines as a screen shows, and as many characters as can be read at a glance.
_MAX_PROBLEMS, _MAX_PROBLEM_LENGTH = 50, 1000
# Error numbers that mean that the user gave a wrong path.
_USER_ERRORS = {
    *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EINVAL),
}

# What the numbers of places in a file count.
Unit = Literal["line", "row", "sequence"]


class RnnError(Exception):
    """Base class of all errors; ``str(error)`` has one line per mistake."""

    exit_code = 2


class InputError(RnnError):
    """Options, config, data or weights are invalid.

    Parameters
    ----------
    *problems : str
        One line per mistake: its place, what is wrong, and what would be right.
    """

    def __init__(self, *problems: str) -> None:
        shown = [one_line(problem) for problem in problems[:_MAX_PROBLEMS]]
        if len(problems) > _MAX_PROBLEMS:
            shown.append(f"... and {len(problems) - _MAX_PROBLEMS} more mistakes")
        self.problems = tuple(shown)
        super().__init__("\n".join(self.problems))


def one_line(text: str) -> str:
    """Return a text with line ends and control characters as escape sequences.

    The middle of a very long text is left out.
    """
    if len(text) > _MAX_PROBLEM_LENGTH:
        half = _MAX_PROBLEM_LENGTH // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def place_in_file(source: str, position: int, unit: Unit) -> str:
    """Return ``file:line: row line``, ``file: row i`` or ``file: sequence i``, for messages."""
    if unit == "line":
        return f"{source}:{position}: row {position}"
    return f"{source}: {unit} {position}"


class DivergedError(RnnError):
    """A loss or a gradient is not finite."""

    exit_code = 1


class StorageError(RnnError):
    """A file could not be read or written: disk full, no permission, I/O error.

    Parameters
    ----------
    path : str
        The file.
    error : OSError
        The error of the operating system.
    """

    exit_code = 3

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{path}: {error.strerror or error}")


def unreadable(path: object, error: OSError) -> RnnError:
    """Return the error to raise for a file that cannot be read: invalid input, or an I/O error."""
    if error.errno in _USER_ERRORS:
        return InputError(f"{path}: {error.strerror}; a readable file was expected")
    return StorageError(str(path), error)


class InterruptError(RnnError):
    """A signal stopped the command.

    Parameters
    ----------
    message : str
        What was stopped, and for a training run how to resume it.
    signal : int
        The signal's number.
    """

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal, self.exit_code = signal, 128 + signal
