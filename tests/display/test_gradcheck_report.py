"""What the explanation of a gradient check says where it finds no error."""

from rnncli.display.gradcheck_report import explanation_text


def test_no_error_is_claimed_only_after_a_passed_check() -> None:
    assert explanation_text(None, passed=True) == (
        "no error: all gradients are correct at every time step, and so are their sums"
    )
    assert explanation_text(None, passed=False) == (
        "no error located: every intermediate gradient agrees with its true derivative"
    )
