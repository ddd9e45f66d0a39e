"""Gradients of any network: checked, explained and traced through time."""
