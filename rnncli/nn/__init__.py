"""The numeric core: cells, networks and losses, in NumPy.

Legend, for every file of this package: T time steps, B sequences in a batch, D inputs, H hidden
units, O outputs, R blocks of H rows in a weight matrix, P parameters, F features of a layer or
head, K targets, N predictions, M those with a target. Arrays are feature-major and time first:
(T, H, B).
"""
