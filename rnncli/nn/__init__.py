"""The numeric core: cells, network, losses and the gradient check, in NumPy and nothing else.

Legend, for every file of this package: T steps, B batch, D inputs, H hidden units, O outputs,
G gates, P parameters. Arrays are feature-major and time first: (T, H, B).
"""
