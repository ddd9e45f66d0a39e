"""The report of a benchmark."""

from collections.abc import Sequence

from rnncli.bench.benchmark import Timing
from rnncli.bench.peers.comparison import Comparison
from rnncli.display.formats import plural
from rnncli.display.table import print_table


def show_benchmark(timing: Timing) -> None:
    """Show the times of a training step on standard output."""
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
    rows = [["training step", f"{timing.microseconds_per_step:,.1f}", ""]]
    shares = percentages([*timing.parts.values()])
    rows += [
        [name.replace("_", " "), f"{time:,.1f}", f"{share}%"]
        for (name, time), share in zip(timing.parts.items(), shares, strict=True)
        if time or name != "input_gradient"  # A single layer passes none on.
    ]
    print_table(["part", "microseconds", "share"], rows)
    print()
    print(f"{timing.sequences_per_second:,.0f} sequences/s on one core")
    _show_speeds(timing)
    print()
    print(f"{timing.limit.reason} {timing.limit.advice}")
    print()
    if timing.max_cores == 1:
        print("More cores would not make this step faster: its arrays are too small for threads.")
        return
    print_table(
        ["cores", "microseconds", "speed-up"],
        [
            [str(one.cores), f"{one.microseconds_per_step:,.1f}", f"{one.speedup:.2f}x"]
            for one in timing.scaling
        ],
    )


def _show_speeds(timing: Timing) -> None:
    megabytes = timing.working_set_bytes / 1e6
    print(
        f"{timing.gflops:.1f} GFLOP/s, {timing.utilization:.0%} of the speed of a large matrix "
        f"product ({timing.sgemm_gflops:.0f} GFLOP/s)"
    )
    print(
        f"{timing.product_gflops:.1f} GFLOP/s in products, {timing.gradient_sum_gflops:.1f} in the "
        "gradient sum"
    )
    print(
        f"{timing.element_wise_gigabytes_per_second:.1f} GB/s in element-wise passes; sums of "
        f"arrays: {timing.working_set_gigabytes_per_second:.0f} GB/s with {megabytes:,.1f} MB, as "
        f"here, and {timing.memory_gigabytes_per_second:.0f} GB/s in memory"
    )
    print(
        f"{plural(timing.numpy_calls, 'call')} of NumPy; with one unit and one sequence, the step "
        f"takes {timing.overhead_microseconds:,.0f} microseconds"
    )


def show_comparison(comparison: Comparison) -> None:
    """Show the times of other libraries on standard output."""
    print()
    if comparison.timings:
        rows = [
            [
                one.peer,
                str(one.threads),
                f"{one.rnn_microseconds:,.1f}",
                f"{one.peer_microseconds:,.1f}",
                f"{one.ratio:.2f}x",
            ]
            for one in comparison.timings
        ]
        print_table(["peer", "threads", "rnn", "peer", "ratio"], rows)
        print("microseconds per step; a ratio above 1 means that rnn is faster")
    for note in comparison.notes:
        print(note)


def percentages(values: Sequence[float]) -> list[int]:
    """Return the shares of values in whole percent, which add up to 100.

    All are rounded down, and then those with the largest remainders are rounded up.
    """
    shares = [100 * value / sum(values) for value in values]
    rounded = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: rounded[i] - shares[i])
    for index in by_remainder[: 100 - sum(rounded)]:
        rounded[index] += 1
    return rounded
