"""Saving beside the training: the disk is waited for while the next epoch is calculated."""

from collections.abc import Callable
from threading import Thread


class Background:
    """Runs one job at a time in a thread; the next one waits until it is done.

    A job that failed raises its error where the next one is handed over, or where it is waited
    for, so that no failure stays unseen.
    """

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def start(self, job: Callable[[], None]) -> None:
        """Wait for the job in hand, then begin this one."""
        self.wait()
        self._thread = Thread(target=self._run, args=(job,), name="saving")
        self._thread.start()

    def wait(self) -> None:
        """Wait until nothing is left to do; raise what the job raised."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            self._error = error
