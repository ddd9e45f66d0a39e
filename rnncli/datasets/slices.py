"""Many sequences, part by part."""

from collections.abc import Iterator


def slices(count: int, size: int) -> Iterator[slice]:
    """Yield slices of a size that cover `count` sequences; the last one may be smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
