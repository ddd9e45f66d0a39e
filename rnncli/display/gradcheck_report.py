"""The report of a gradient check, and the explanation of a wrong gradient."""

from collections.abc import Sequence
from math import prod

from rnncli.display.table import print_table
from rnncli.gradients.explain import Explanation
from rnncli.gradients.gradcheck import ArrayCheck


def show_gradcheck(
    checks: Sequence[ArrayCheck], method: str, tolerance: float, num_entries: int | None = None
) -> None:
    """Show a gradient check on standard output, with the worst entry of each wrong array.

    With `num_entries`, the sample of each array is named.
    """
    rows = []
    for check in checks:
        error = check.max_relative_error
        verdict = "ok" if check.passed else "WRONG"
        rows.append(
            [
                check.name,
                "x".join(map(str, check.shape)),
                "-" if error is None else f"{error:.1e}",
                f"{check.gradient_norm:.3g}",
                f"{check.tested:,}",
                f"{check.untested:,}",
                verdict if check.tested else "not tested",
            ]
        )
    headers = ["array", "shape", "error", "norm", "tested", "no signal", "verdict"]
    title = f"gradients against the {method} step, tolerance {tolerance:g}"
    if num_entries is not None:
        title += f", at most {num_entries:,} random entries of each array"
        headers.append("sample")
        for row, check in zip(rows, checks, strict=True):
            row.append(f"{check.sampled:,} of {prod(check.shape):,}")
    print_table(
        headers,
        rows,
        title=title,
        left=(0, 6),
        styles=["" if check.passed else "red" for check in checks],
    )
    for check in checks:
        if not check.passed:
            print(
                f"{check.name}{list(check.worst or ())}: backpropagation gives "
                f"{check.calculated:.17g}, the true derivative is {check.true:.17g}"
            )


def explanation_text(explanation: Explanation | None, passed: bool) -> str:
    """Return where backpropagation and the true derivatives first differ, in words."""
    if explanation is None:
        if passed:
            return "no error: all gradients are correct at every time step, and so are their sums"
        return "no error located: every intermediate gradient agrees with its true derivative"
    if explanation.step is None:
        place = "the sum over all time steps" if explanation.layer else "outside the time steps"
    elif explanation.step == 0:
        place = "the initial state"
    else:
        place = f"time step {explanation.step} of {explanation.steps}"
    layer = f" in layer {explanation.layer}" if explanation.layer else ""
    cause = explanation.cause or "no known mistake explains these values"
    if explanation.unknown_cell is not None:
        cause = (
            f"the formulas of the cell '{explanation.unknown_cell}' are not known, so only the "
            "place can be named"
        )
    return f"first error, going back from the loss: {explanation.array}{layer}, {place}\n{cause}"
