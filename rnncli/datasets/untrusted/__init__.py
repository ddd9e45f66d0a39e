"""The one place that opens files from strangers: lines of text, and NumPy arrays.

Nothing in a file is executed, imported or unpickled, and no file takes more memory than its own
size justifies: beyond a harmless size, packed text may grow a hundredfold and packed arrays two
hundredfold, which is more than measurements do and less than what a bomb needs.
"""
