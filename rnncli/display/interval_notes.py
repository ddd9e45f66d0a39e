"""What a user should know about the prediction intervals of a model."""

from rnncli.inference.intervals import LEVELS, Intervals, smallest_count


def missing_intervals(intervals: Intervals) -> str:
    """Return for which levels there is no prediction interval, and why; empty if there are all."""
    missing = [level for level in LEVELS if level not in intervals.levels]
    if not missing:
        return ""
    levels = ", ".join(f"{level} %" for level in missing)
    return (
        f"no prediction interval of {levels}: needs {smallest_count(missing[0])} validation "
        f"samples, and there are {intervals.num_samples}"
    )
