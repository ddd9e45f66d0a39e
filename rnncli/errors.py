"""Every error that the package raises on purpose, with the exit code of the command line."""

import errno

_MOST_PROBLEMS, _LONGEST_PROBLEM = 50, 1000
_USERS_MISTAKES = {
    *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EINVAL),
}


class RnnError(Exception):
    """Base of all deliberate errors; ``str(error)`` is one line for each mistake."""

    exit_code = 2


class InputError(RnnError):
    """Options, config, data or weights are wrong.

    Parameters
    ----------
    *problems : str
        One line for each mistake: where, what is wrong, what would be right.
    """

    def __init__(self, *problems: str) -> None:
        shown = [one_line(problem) for problem in problems[:_MOST_PROBLEMS]]
        if len(problems) > _MOST_PROBLEMS:
            shown.append(f"... and {len(problems) - _MOST_PROBLEMS} more mistakes")
        self.problems = tuple(shown)
        super().__init__("\n".join(self.problems))


def one_line(text: str) -> str:
    """Return a text with line ends and control characters written out, as they are in source.

    Of a very long one, what is in the middle is left out.
    """
    if len(text) > _LONGEST_PROBLEM:
        half = _LONGEST_PROBLEM // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class DivergedError(RnnError):
    """Training met a loss or a gradient that is not finite."""

    exit_code = 1


class StorageError(RnnError):
    """The machine could not read or write: disk full, not permitted, broken.

    Parameters
    ----------
    path : str
        The file in question.
    error : OSError
        What the operating system said.
    """

    exit_code = 3

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{path}: {error.strerror or error}")


def unreadable(path: object, error: OSError) -> RnnError:
    """Return what to raise for a file that can not be read: wrong input, or a broken machine."""
    if error.errno in _USERS_MISTAKES:
        return InputError(f"{path}: {error.strerror}; a readable file was expected")
    return StorageError(str(path), error)


class InterruptError(RnnError):
    """A signal stopped the training, after everything was saved.

    Parameters
    ----------
    message : str
        What was saved and how to go on.
    signal : int
        The signal's number.
    """

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal, self.exit_code = signal, 128 + signal
