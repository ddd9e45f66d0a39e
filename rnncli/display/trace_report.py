"""A trace as tables and sparklines, and as numbers for JSON."""

from math import isfinite, log10
from typing import Any

from rnncli.display.charts import sparkline
from rnncli.display.table import print_table
from rnncli.gradients.trace import CellTrace, Trace
from rnncli.nn.arrays import Array

# Rows of the table of a cell, spread evenly over the time steps, and characters of a sparkline.
_MAX_ROWS, _SPARKLINE_WIDTH = 20, 44
CURVE_LABELS = {
    "state_norm": "|h|",
    "gradient_norm": "|dL/dh|",
    "cell_gradient_norm": "|dL/dc|",
    "weight_share": "share",
}


def show_trace(trace: Trace) -> None:
    """Show a trace on standard output."""
    count = trace.num_samples
    steps = len(trace.inputs)
    subject = "one sequence" if count == 1 else f"mean of {count} sequences"
    if trace.frame_length > 1:
        subject += f", in frames of {trace.frame_length} time steps"
    print(subject if trace.loss is None else f"{subject}, loss {trace.loss:.4g}")
    shown = sorted({round(i * (steps - 1) / (_MAX_ROWS - 1)) for i in range(_MAX_ROWS)})
    for cell in trace.cells:
        # A table of 80 columns has room for the gradient of the state, not of the cell state too.
        curves = {name: c for name, c in cell.curves.items() if name != "cell_gradient_norm"}
        headers = [trace.step_name, "|x|", *(CURVE_LABELS.get(name, name) for name in curves)]
        rows = [
            [str(step + 1), f"{trace.input_norm[step]:.3g}"]
            + [_format_value(name, curve[step]) for name, curve in curves.items()]
            for step in shown
        ]
        print_table(headers, rows, title=title(cell), left=())
        print()
        for name, curve in cell.curves.items():
            print(_line(name, curve.tolist()))
        if cell.gradient is not None:
            print(_ratio_line(cell, trace.step_name))
        print()


def trace_numbers(trace: Trace) -> dict[str, Any]:
    """Return all numbers of a trace for JSON; numbers that are not finite are None."""
    return {
        "num_samples": trace.num_samples,
        "num_steps": len(trace.inputs),
        "frame_length": trace.frame_length,
        "loss": None if trace.loss is None else _finite(trace.loss),
        "input": _plain(trace.inputs),
        "input_norm": _plain(trace.input_norm),
        "layers": [
            {
                "name": cell.name,
                "reverse": cell.reverse,
                "state": _plain(cell.state),
                "gradient": None if cell.gradient is None else _plain(cell.gradient),
                "gates": {name: _plain(cell.curves[name]) for name in cell.gates},
                **{n: _plain(curve) for n, curve in cell.curves.items() if n not in cell.gates},
                "gradient_ratio": cell.gradient_ratio,
                "decay_per_step": cell.decay_per_step,
                "agreement": cell.agreement,
            }
            for cell in trace.cells
        ],
    }


def title(cell: CellTrace) -> str:
    """Return the name and direction of a cell."""
    return f"layer {cell.name}" + (" (reverse direction)" if cell.reverse else "")


def _format_value(name: str, value: float) -> str:
    if name in ("saturated", "dead", "weight_share"):
        return f"{value:.1%}"
    if name.endswith("norm"):
        return f"{value:.2g}" if "gradient" in name else f"{value:.3g}"
    return f"{value:.2f}"


def _line(name: str, values: list[float]) -> str:
    """Return a sparkline between the first and last value; gradients are drawn as logarithms."""
    heights = values
    if name.endswith("gradient_norm"):
        heights = [log10(value) if 0 < value < float("inf") else float("nan") for value in values]
    first, last = _format_value(name, values[0]), _format_value(name, values[-1])
    width = min(len(values), _SPARKLINE_WIDTH)
    return f"{CURVE_LABELS.get(name, name):>9} {first:>8} {sparkline(heights, width)} {last}"


def _ratio_line(cell: CellTrace, step_name: str) -> str:
    ratio, decay = cell.gradient_ratio, cell.decay_per_step
    if ratio is None or decay is None:
        return f"|dL/dh|: zero or not finite at the last {step_name}, so there is no ratio"
    return f"|dL/dh|: first / last ratio {ratio:.3g} ({decay:.4g} per {step_name} back)"


def _plain(values: Array) -> list[Any]:
    return [_finite(value) if values.ndim == 1 else _plain(value) for value in values]


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None
