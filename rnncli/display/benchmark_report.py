"""The report of a benchmark."""

from rnncli.display.formats import plural
from rnncli.display.table import print_table
from rnncli.training.benchmark import Timing


def show_benchmark(timing: Timing) -> None:
    """Show the times of a training step on standard output."""
    whole = timing.microseconds_per_step
    phases = {
        "forward": timing.forward_microseconds,
        "backward": timing.backward_microseconds,
        "optimizer": timing.optimizer_microseconds,
    }
    rows = [["training step", f"{whole:,.1f}", ""]]
    rows += [[name, f"{value:,.1f}", f"{value / whole:.0%}"] for name, value in phases.items()]
    threads = "unknown threads" if timing.threads is None else plural(timing.threads, "thread")
    size = (
        f"{timing.cell}, {plural(timing.num_layers, 'layer')} of {timing.hidden_size}, batch size "
        f"{timing.batch_size}, {plural(timing.sequence_length, 'time step')} of "
        f"{plural(timing.input_size, 'feature')}, {timing.dtype}, {threads}"
    )
    print_table(["phase", "microseconds", "share"], rows, title=size)
    print()
    print(f"{timing.sequences_per_second:,.0f} sequences/s")
    print(
        f"{timing.gflops:.1f} GFLOP/s, {timing.utilization:.0%} of the {timing.sgemm_gflops:.0f} "
        "of a large matrix product"
    )
