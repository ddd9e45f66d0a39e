"""Arrangements of a table's content: one sequence per row, one time step per row, or windows."""
