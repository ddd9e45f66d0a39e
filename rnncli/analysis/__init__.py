"""Analyses of runs, weights files and configs."""
