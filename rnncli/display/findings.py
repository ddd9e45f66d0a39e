"""What the doctor found, on standard output."""

import sys

from rnncli.analysis.diagnosis import Diagnosis
from rnncli.display.words import duration


def show_diagnosis(found: Diagnosis) -> None:
    """Show each finding: what was measured, what it means, and what to change."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    # A file or a pipe has no width of its own; one line there is one line.
    whole = sys.stdout is None or not sys.stdout.isatty()
    for finding in found.findings:
        console.print(Text(finding.check, style="bold red"), soft_wrap=whole)
        for name in ("measured", "meaning", "change"):
            line = Text.assemble((f"  {name}: ", "bold"), getattr(finding, name))
            console.print(line, soft_wrap=whole)
    count, number = len(found.findings), len(found.checks)
    counted = f"{count} finding{'' if count == 1 else 's'}" if count else "nothing found"
    console.print(f"{counted} in {number} checks", soft_wrap=whole)
    needs = found.estimate
    console.print(
        f"a run: {needs.steps:,} steps, about {duration(needs.seconds)} and "
        f"{max(1, round(needs.megabytes)):,} MB",
        soft_wrap=whole,
    )
