"""The report of a repeated training run."""

from rnncli.display.table import print_table
from rnncli.runs.verification import Verdict

_VERDICTS = {
    "identical": "bit-identical",
    "rounding": "equal within rounding",
    "different": "different",
}


def show_verification(verification: Verdict) -> None:
    """Show whether a repeated run gave the same weights, and environment differences."""
    print(_VERDICTS[verification.verdict])
    if verification.array is not None:
        print(
            f"largest difference {verification.largest_difference:.3g}, in {verification.array}; "
            f"relative to the largest weight {verification.largest_relative_difference:.3g}"
        )
    rows = [
        [f"{found.session}, {found.started or '-'}", key, str(recorded), str(current)]
        for found in verification.sessions
        for key, (recorded, current) in found.differences.items()
    ]
    if rows:
        headers = ["session", "", "recorded", "now"]
        print_table(headers, rows, title="environment differences", left=(0, 1, 2, 3))
