"""Runs: training into a folder, weights and checkpoints, records, and lists of runs."""
