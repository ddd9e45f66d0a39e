"""Small valid files of each kind of data, which mutants are made of."""

import gzip
import io

import numpy as np
import pyarrow
from pyarrow import parquet

WIDE = b"".join(b"%d,0.5,%d.25,%s\n" % (i, i % 7, b"ab"[i % 2 : i % 2 + 1]) for i in range(20))
LONG = b"id,u,v,label\n" + b"".join(
    b"%d,%d.5,2,%s\n" % (i // 4, i, b"ab"[i // 4 % 2 : i // 4 % 2 + 1]) for i in range(64)
)
TABLE = b"year,spots,area\n" + b"".join(b"%d,%d.5,%d\n" % (i, i * 3 % 11, i) for i in range(60))
TS = b"# text\n@problemName x\n@classLabel true a b\n@data\n" + b"".join(
    b"%d,2.5,?:1,%d,3:%s\n" % (i, i, b"ab"[i % 2 : i % 2 + 1]) for i in range(20)
)
WIDE_GZ = gzip.compress(WIDE, mtime=0)


def npz_file() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.arange(60.0).reshape(20, 3), y=np.array(["a", "b"] * 10))
    return buffer.getvalue()


def parquet_file() -> bytes:
    columns = {"x": np.arange(20.0), "y": np.arange(20.0) % 3, "label": ["a", "b"] * 10}
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())
