"""Runs on disk: folders, weights, checkpoints, records; and training that writes them."""
