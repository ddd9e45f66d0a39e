"""The choices of options are those of the packages that use them."""

from rnncli.analysis.prediction_files import FORMATS
from rnncli.analysis.training_curves import QUANTITIES
from rnncli.cli import completion, gradcheck, plot, predict, runs
from rnncli.gradients.gradcheck import TOLERANCES
from rnncli.init.data_file import KINDS
from rnncli.runs.run_list import LISTED_STATUSES, SORTS


def test_the_choices_are_complete() -> None:
    assert tuple(TOLERANCES) == gradcheck.METHODS
    assert set(completion.complete_file_kinds("")) == set(KINDS)
    assert plot.QUANTITIES == QUANTITIES
    assert predict.FORMATS == FORMATS
    assert tuple(SORTS) == runs.SORTS
    assert runs.STATUSES == LISTED_STATUSES
