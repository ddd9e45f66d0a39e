"""Figures of the predictions of a model beside the true labels or values, in files."""

from pathlib import Path

from rnncli.display.figure_files import PANEL_SIZE, panels_file
from rnncli.display.figure_options import DEFAULT_OPTIONS, FigureOptions
from rnncli.inference.report import Report
from rnncli.nn.arrays import Array

# With more classes than this, the axes do not name them, and the cells do not show their counts.
_MAX_NAMED_CLASSES, _MAX_NUMBERED_CLASSES = 40, 20
_INCHES_PER_CLASS, _COLOR_BAR_INCHES = 0.4, 1.5


def save_confusion(report: Report, path: Path, options: FigureOptions = DEFAULT_OPTIONS) -> None:
    """Draw a confusion matrix; the shade is the fraction of the true class.

    Errors are those of `figure_file`.
    """
    labels = [str(row["label"]) for row in report.classes]
    side = max(PANEL_SIZE[1], _INCHES_PER_CLASS * min(len(labels), _MAX_NAMED_CLASSES))
    with panels_file(1, path, options, (side + _COLOR_BAR_INCHES, side)) as (axes,):
        fractions = [[count / max(sum(row), 1) for count in row] for row in report.confusion]
        image = axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
        image.axes.figure.colorbar(image, ax=axes, label="fraction of the true class")
        axes.set(
            title=f"accuracy {report.metrics['accuracy']:.2%} of {report.num_samples:,}",
            xlabel="predicted class",
            ylabel="true class",
        )
        if len(labels) <= _MAX_NAMED_CLASSES:
            axes.set_xticks(range(len(labels)), labels, rotation=90)
            axes.set_yticks(range(len(labels)), labels)
        if len(labels) <= _MAX_NUMBERED_CLASSES:
            for i, row in enumerate(report.confusion):
                for j, count in enumerate(row):
                    color = "white" if fractions[i][j] > 0.5 else "black"
                    axes.text(j, i, str(count), ha="center", va="center", color=color)


def save_values(
    truth: Array, predicted: Array, path: Path, options: FigureOptions = DEFAULT_OPTIONS
) -> None:
    """Draw predicted against true values, both (M, K), a panel per column.

    Errors are those of `figure_file`.
    """
    columns = truth.shape[1]
    with panels_file(columns, path, options) as panels:
        for i, axes in enumerate(panels):
            ends = [min(truth[:, i].min(), predicted[:, i].min())]
            ends.append(max(truth[:, i].max(), predicted[:, i].max()))
            axes.plot(ends, ends, color="grey", linewidth=1)
            axes.plot(truth[:, i], predicted[:, i], ".", alpha=0.5, rasterized=True)
            title = "value" if columns == 1 else f"value_{i}"
            axes.set(title=title, xlabel="true", ylabel="predicted")
            axes.grid(alpha=0.3)
