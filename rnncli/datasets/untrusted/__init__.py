"""The reading of untrusted text and NumPy files; pyarrow reads Parquet in `formats/parquet.py`.

Nothing in a file is executed, imported or unpickled, and no file takes more memory than its size
justifies: beyond a harmless size, compressed text may expand a hundredfold and compressed arrays
two hundredfold, which is more than measurements do and less than decompression bombs need.
"""
