"""The options of figures in files, and the check that matplotlib can write them."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from rnncli.errors import InputError

FIGURE_FORMATS = ("png", "svg", "pdf")
# The largest side of a figure in inches, and the largest resolution in dots per inch: together they
# keep a figure below the largest image that matplotlib can write.
_MAX_INCHES, MAX_DPI = 100.0, 600


@dataclass(frozen=True)
class FigureOptions:
    """The size, the resolution and the title of a figure.

    Attributes
    ----------
    size : (float, float), optional
        Width and height in inches; by default, a size that suits the content.
    dpi : int
        Dots per inch of a PNG file.
    title : str
        A title above the whole figure; none by default.
    """

    size: tuple[float, float] | None = None
    dpi: int = 100
    title: str = ""


DEFAULT_OPTIONS = FigureOptions()


def parse_size(text: str | None) -> tuple[float, float] | None:
    """Return width and height of a size such as ``6x4``; None if there is no text.

    Raises
    ------
    InputError
        The text is not a size.
    """
    if text is None:
        return None
    try:
        width, height = map(float, text.lower().split("x"))
    except ValueError:
        width = height = float("nan")
    if not all(isfinite(side) and 0 < side <= _MAX_INCHES for side in (width, height)):
        raise InputError(
            f"--size: '{text}' is not a size; write width and height in inches, up to "
            f"{_MAX_INCHES:g} each, like 6x4"
        )
    return width, height


def figure_format(path: Path) -> str:
    """Return the format that the extension of a figure's file implies.

    Raises
    ------
    InputError
        The extension is unknown.
    """
    file_format = path.suffix.removeprefix(".").lower()
    if file_format not in FIGURE_FORMATS:
        known = ", ".join(f".{name}" for name in FIGURE_FORMATS)
        raise InputError(f"--output: '{path}' has no known extension; one of {known}")
    return file_format


def check_figure_file(path: Path) -> None:
    """Check that a figure can be written, before anything is calculated for it.

    Raises
    ------
    InputError
        The extension is unknown, or matplotlib is not installed.
    """
    figure_format(path)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError("--output: needs matplotlib; pip install 'rnncli[plot]'") from None
