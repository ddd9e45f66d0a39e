"""Generated text on standard output while it is generated, and what stands in the training text."""

from collections.abc import Sequence
from time import perf_counter
from typing import TextIO

from rnncli.analysis.generated_text import NGRAM_LENGTHS
from rnncli.datasets.vocabulary import LINE_END, join_symbols
from rnncli.display.terminal import printable, write_message
from rnncli.inference.sampling import Sampler
from rnncli.nn.arrays import Array

# Seconds between two writes: what is written together appears at once.
_PAUSE_SECONDS = 0.02


class TextOutput:
    """Writes samples one after the other, the first of them while it is generated.

    Lines follow one another; continuous texts are separated by a blank line. On a terminal, control
    characters are replaced.

    Parameters
    ----------
    sampler : Sampler
        The samples.
    stream : text stream
        Where they are written.
    """

    def __init__(self, sampler: Sampler, stream: TextIO) -> None:
        self.sampler, self.stream = sampler, stream
        self.is_terminal = stream.isatty()
        # Symbols of the first sample that are not yet written, and the one before them.
        self.pending: list[str] = []
        self.before, self.has_ended = sampler.symbol_before, False
        self.written_at = perf_counter()
        self._write(sampler.prime)

    def write(self, symbols: Array) -> None:
        """Take the next symbols (M,) of the samples; only the first one is shown at once."""
        symbol = self.sampler.vocabulary.symbols[symbols[0]]
        self.has_ended |= self.sampler.has_lines and symbol == LINE_END
        if not self.has_ended:
            self.pending.append(symbol)
        if perf_counter() - self.written_at >= _PAUSE_SECONDS:
            self._write_pending()

    def close(self) -> None:
        """Write the rest of all samples."""
        self._write_pending()
        separator = "\n" if self.sampler.has_lines else "\n\n"
        for sample in self.sampler.samples()[1:]:
            self._write(separator + sample.prime + sample.text)
        self._write("\n")
        self.stream.flush()

    def _write_pending(self) -> None:
        unit = self.sampler.vocabulary.unit
        self._write("".join(join_symbols(self.pending, unit, self.before)))
        self.stream.flush()
        if self.pending:
            self.before = self.pending[-1]
            self.pending.clear()
        self.written_at = perf_counter()

    def _write(self, text: str) -> None:
        self.stream.write(printable(text) if self.is_terminal else text)


def show_quotations(shares: Sequence[float | None], sampler: Sampler) -> None:
    """Write on standard error how much of the samples stands in the training text."""
    known = [share for share in shares if share is not None]
    if not known:
        return
    mean = sum(known) / len(known)
    what = f"of the {NGRAM_LENGTHS[sampler.vocabulary.unit]}-grams"
    if sampler.has_lines:
        what = "of the lines"
    write_message(f"{mean:.0%} {what} stand in the training text")
