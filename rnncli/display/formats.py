"""Numbers as text, formatted the same way wherever they appear."""

_PERCENTAGES = (
    *("accuracy", "balanced_accuracy", "legal_accuracy", "memory_accuracy"),
    *("precision", "recall", "f1", "coverage"),
)


def format_metric(name: str, value: float) -> str:
    """Return a metric as text.

    An accuracy or another fraction is shown as a percentage, and any other metric with four
    significant digits.
    """
    return f"{100 * value:.2f} %" if name in _PERCENTAGES else f"{value:.4g}"


def format_duration(seconds: float) -> str:
    """Return a duration as ``0.4 s``, ``3:07`` or ``1:02:03``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as ``1 layer`` or ``2 layers``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
