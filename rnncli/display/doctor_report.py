"""The report of the doctor."""

from rich.padding import Padding
from rich.text import Text

from rnncli.analysis.diagnosis import Diagnosis
from rnncli.display.console import output_console
from rnncli.display.formats import format_duration, plural


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Show each finding: what was measured, what it means, and what to change."""
    console = output_console()
    for finding in diagnosis.findings:
        console.print(Text(finding.check, style="bold red"))
        for name in ("measured", "meaning", "change"):
            text = Text.assemble((f"{name}: ", "bold"), getattr(finding, name))
            console.print(Padding(text, (0, 0, 0, 2), expand=False))
    findings = plural(len(diagnosis.findings), "finding") if diagnosis.findings else "no findings"
    console.print(f"{findings} in {len(diagnosis.checks)} checks")
    estimate = diagnosis.estimate
    megabytes = max(1, round(estimate.megabytes))
    console.print(
        f"a run: {plural(estimate.steps, 'optimizer step')}, about "
        f"{format_duration(estimate.seconds)} and {megabytes:,} MB"
    )
