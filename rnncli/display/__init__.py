"""What people see of a run: live progress, plain lines, tables. All of it on standard error."""

from rnncli.display.training import training_display

__all__ = ["training_display"]
