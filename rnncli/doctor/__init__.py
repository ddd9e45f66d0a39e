"""Checks of config, data and a new network before a long run."""
