"""The entry point of ``rnn`` and of ``python -m rnncli``.

Only the standard library is imported outside `main`, so that an interrupt or a broken installation
is reported in one line even during the start.
"""

import os
import signal
import sys


def main() -> None:
    """Run the command, and exit with its code."""
    # While modules are imported, there is nothing to clean up, and an exception could be lost.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    try:
        from rnncli.cli.main import main as run
    except Exception as error:
        from rnncli.cli.unexpected import report_unexpected

        sys.exit(report_unexpected(error))
    run()


def _stop(*_: object) -> None:
    try:
        os.write(2, b"error: stopped by SIGINT\n")
    finally:
        os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
