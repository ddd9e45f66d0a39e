"""Long texts in the terminal's pager."""

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress


def show_in_pager(text: str) -> None:
    """Show a text with colors in ``$PAGER``, or else in ``less``.

    The text is written to standard output if there is no pager, or if it cannot be started.
    """
    command = shlex.split(os.environ.get("PAGER", "less"))
    if command and shutil.which(command[0]):
        # F: quit if the text fits in the terminal. R: show colors. X: leave the text there.
        environment = {"LESS": "FRX"} | os.environ
        with suppress(OSError):
            subprocess.run(command, input=text.encode(), env=environment, check=False)
            return
    sys.stdout.write(text)
