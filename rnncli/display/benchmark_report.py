"""The report of a benchmark."""

from rnncli.display.formats import plural
from rnncli.display.table import print_table
from rnncli.training.benchmark import Timing


def show_benchmark(timing: Timing) -> None:
    """Show the times of a training step on standard output."""
    phases = {
        "forward": timing.forward_microseconds,
        "backward": timing.backward_microseconds,
        "optimizer": timing.optimizer_microseconds,
    }
    # Each time is a separate median, so the phases do not add up to the time of the whole step.
    total = sum(phases.values())
    rows = [["training step", f"{timing.microseconds_per_step:,.1f}", ""]]
    rows += [[name, f"{value:,.1f}", f"{value / total:.0%}"] for name, value in phases.items()]
    threads = "unknown threads" if timing.threads is None else plural(timing.threads, "thread")
    print(
        f"{timing.cell}, {plural(timing.num_layers, 'layer')} of "
        f"{plural(timing.hidden_size, 'unit')}, {timing.dtype}, {threads}"
    )
    print(
        f"batch size {timing.batch_size}, {plural(timing.sequence_length, 'time step')} of "
        f"{plural(timing.input_size, 'feature')}"
    )
    print()
    print_table(["phase", "microseconds", "share"], rows)
    print()
    print(f"{timing.sequences_per_second:,.0f} sequences/s")
    print(
        f"{timing.gflops:.1f} GFLOP/s, {timing.utilization:.0%} of the speed of a large matrix "
        f"product ({timing.sgemm_gflops:.0f} GFLOP/s)"
    )
