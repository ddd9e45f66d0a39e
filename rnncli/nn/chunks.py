"""Chunks of time steps, so that several cores can work on one batch.

A layer needs the states before it of its own and the outputs of the layer below, but not those of
later time steps. So while one core works on a chunk of time steps of a layer, another one works on
the chunk before in the layer above, or sums up the gradient of the weights for a chunk through
which the gradient has been carried back.
"""

ALL_STEPS = slice(0, None)

# Handing a chunk from one core to another takes about as long as a time step.
_FEWEST_STEPS, _MOST_CHUNKS = 6, 8
# A product that sums up a gradient over fewer columns is slower.
_FEWEST_COLUMNS = 384


def chunks(sequence_length: int) -> list[slice]:
    """Divide the time steps; the first chunk starts at 0, and the last one has no stop."""
    count = max(1, min(sequence_length // _FEWEST_STEPS, _MOST_CHUNKS))
    starts = [number * sequence_length // count for number in range(count)]
    return [slice(i, j) for i, j in zip(starts, [*starts[1:], None], strict=True)]


def chunks_per_sum(parts: list[slice], batch_size: int) -> int:
    """Return over how many chunks at once the gradient of the weights is summed up."""
    if len(parts) == 1:
        return 1
    columns: int = parts[0].stop * batch_size
    return min(len(parts), -(-_FEWEST_COLUMNS // columns))


def joined(parts: list[slice], count: int) -> list[slice]:
    """Join so many neighbouring chunks at a time, from the last one on."""
    groups = [parts[max(0, end - count) : end] for end in range(len(parts), 0, -count)]
    return [slice(group[0].start, group[-1].stop) for group in reversed(groups)]
