"""A trace as tables and small curves, and as numbers."""

from math import isfinite, log10
from typing import Any

from rnncli.display.charts import sparkline
from rnncli.display.tables import print_table
from rnncli.gradients.trace import CellTrace, Trace
from rnncli.nn.arrays import Array

_MOST_ROWS = 20
_CURVE_WIDTH = 44
HEADS = {
    "state_norm": "|h|",
    "gradient_norm": "|dL/dh|",
    "cell_gradient_norm": "|dL/dc|",
    "weight_share": "share",
}


def show_trace(trace: Trace) -> None:
    """Show a trace on standard output."""
    count = trace.num_samples
    steps = len(trace.inputs)
    print(
        f"{'one sequence' if count == 1 else f'mean of {count} sequences'}, loss {trace.loss:.4g}"
    )
    shown = sorted({round(i * (steps - 1) / (_MOST_ROWS - 1)) for i in range(_MOST_ROWS)})
    for layer in trace.cells:
        # The cell's gradient goes with the state's; a table of 80 columns has room for one.
        curves = {name: c for name, c in layer.curves.items() if name != "cell_gradient_norm"}
        heads = ["step", "|x|", *(HEADS.get(name, name) for name in curves)]
        rows = [
            [str(step + 1), f"{trace.input_norm[step]:.3g}"]
            + [_cell(name, curve[step]) for name, curve in curves.items()]
            for step in shown
        ]
        print_table(title(layer), heads, rows)
        for name, curve in layer.curves.items():
            print(_line(name, curve.tolist()))
        print(_verdict(layer))


def trace_numbers(trace: Trace) -> dict[str, Any]:
    """Return all numbers of a trace as JSON can hold them; what is not finite is None."""
    return {
        "num_samples": trace.num_samples,
        "num_steps": len(trace.inputs),
        "loss": _finite(trace.loss),
        "input": _plain(trace.inputs),
        "input_norm": _plain(trace.input_norm),
        "layers": [
            {
                "name": layer.name,
                "reverse": layer.reverse,
                "state": _plain(layer.state),
                "gradient": _plain(layer.gradient),
                "gates": {name: _plain(layer.curves[name]) for name in layer.gates},
                **{n: _plain(curve) for n, curve in layer.curves.items() if n not in layer.gates},
                "gradient_ratio": layer.gradient_ratio,
                "decay_per_step": layer.decay_per_step,
                "agreement": layer.agreement,
            }
            for layer in trace.cells
        ],
    }


def title(layer: CellTrace) -> str:
    """Return a layer's name, and which way it reads."""
    return f"layer {layer.name}" + (", which reads from the end" if layer.reverse else "")


def _cell(name: str, value: float) -> str:
    if name in ("saturated", "dead", "weight_share"):
        return f"{value:.1%}"
    if name.endswith("norm"):
        return f"{value:.2g}" if "gradient" in name else f"{value:.3g}"
    return f"{value:.2f}"


def _line(name: str, values: list[float]) -> str:
    """Return a curve in a line, between its first and last value; gradients by their logarithms."""
    heights = values
    if name.endswith("gradient_norm"):
        heights = [log10(value) if 0 < value < float("inf") else float("nan") for value in values]
    first, last = _cell(name, values[0]), _cell(name, values[-1])
    width = min(len(values), _CURVE_WIDTH)
    return f"{HEADS.get(name, name):>9} {first:>8} {sparkline(heights, width)} {last}"


def _verdict(layer: CellTrace) -> str:
    ratio, decay = layer.gradient_ratio, layer.decay_per_step
    if ratio is None or decay is None:
        return "|dL/dh| at the last step read is zero, or not finite: no ratio"
    return f"|dL/dh|, first step read over last: {ratio:.3g} ({decay:.4g} a step back)"


def _plain(values: Array) -> list[Any]:
    return [_finite(value) if values.ndim == 1 else _plain(value) for value in values]


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None
