"""Every error that the package raises on purpose, with the exit code of the command line."""


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
        super().__init__("\n".join(problems))
        self.problems = problems


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
        self.exit_code = 128 + signal
