"""Hostile files: random mutants of a valid one, and a corpus made by hand."""

import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from rnncli.runs.archive import METADATA_SHA256
from rnncli.runs.checksums import with_checksum

Members = dict[str, bytes]


def flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwritten(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    length = rng.choice([1, 2, 4, 8, 64])
    filling = rng.choice([b"\0", b"\xff", rng.randbytes(1)]) * length
    return (content[:start] + filling + content[start + length :])[: len(content)]


def shortened(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.choice([1, 4, 30, len(content)]) :]


def lengthened(content: bytes, rng: random.Random) -> bytes:
    start = rng.choice([0, len(content), rng.randrange(len(content))])
    return content[:start] + rng.randbytes(rng.choice([1, 4, 22, 300])) + content[start:]


def shuffled(content: bytes, rng: random.Random) -> bytes:
    first, second = sorted(rng.choices(range(len(content)), k=2))
    length = rng.choice([4, 46, 200])
    piece = content[first : first + length]
    return content[:second] + piece + content[second + len(piece) :]


BLIND = (flipped, overwritten, shortened, lengthened, shuffled)

TOKENS = (
    *(b"nan", b"NaN", b"inf", b"-inf", b"1e999", b"1e-999", b"1_000", b"0x10", b"+", b"-", b"."),
    *("\uff11".encode(), "\u0661".encode(), "\u2028".encode(), "\ufeff".encode(), b"\xff", b"\xe9"),
    *(b"\0", b'"', b"'", b"\r", b"\n", b"\r\n", b"\t", b" ", b",", b",,", b";", b":", b"?", b"#"),
    *(b"&a ", b"*a", b"<<: ", b"!!python/object:os.system ", b"{", b"}", b"[", b"]", b"- ", b": "),
    *(b"---\n", b"...\n", b"|\n", b">", b"%YAML 1.1\n", b"~", b"null", b"no", b"1:30", b"0o7"),
    *(b"9" * 400, b"[" * 60, b"a" * 3000, b"\x1f\x8b\x08\0", b"@data", b"\x1b[31m"),
)


def with_token(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + rng.choice(TOKENS) + content[start + rng.choice([0, 0, 1, 3]) :]


def with_line(content: bytes, rng: random.Random) -> bytes:
    """Repeat, drop or move a line."""
    lines = content.splitlines(keepends=True)
    line = lines[rng.randrange(len(lines))]
    if rng.random() < 0.5:
        lines.remove(line)
    lines.insert(rng.randrange(len(lines) + 1), rng.choice([line, line + line, b" " + line]))
    return b"".join(lines)


def texts(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield mutants of a text: bytes, tokens and lines put where they do not belong."""
    rng = random.Random(seed)
    for _ in range(count):
        mutant = content
        for _ in range(rng.choice([1, 1, 2])):
            mutant = rng.choice((*BLIND, *[with_token] * 5, with_line))(mutant, rng) or b"  "
        yield mutant


WEIRD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1e308, -0.0, "", "x", "\0", "1", "é" * 300),
    *([], {}, [[]], [None], {"a": {}}, [1e999], ["x"] * 50, [[[[[]]]]], "tanh", "binary"),
)


def mutated_json(content: Any, rng: random.Random) -> Any:
    """Change, drop or add one value anywhere in a tree."""
    if isinstance(content, dict) and content and rng.random() < 0.9:
        key = rng.choice(list(content))
        rest = dict(content)
        choice = rng.random()
        if choice < 0.1:
            del rest[key]
        elif choice < 0.2:
            rest[rng.choice(["x", "kind", "_", "__class__"])] = rng.choice(WEIRD)
        else:
            rest[key] = mutated_json(content[key], rng)
        return rest
    if isinstance(content, list) and content and rng.random() < 0.8:
        place = rng.randrange(len(content))
        return [*content[:place], mutated_json(content[place], rng), *content[place + 1 :]]
    if isinstance(content, int | float) and rng.random() < 0.3:
        return content * rng.choice([2, 0.5, -1, 10**6])
    return rng.choice(WEIRD)


def unpacked(content: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=allow_pickle)
    return buffer.getvalue()


def npy_with_header(header: str, content: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    text = header.encode("latin1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H", len(text)) + text + content


def metadata_of(members: Members) -> Any:
    array = np.lib.format.read_array(io.BytesIO(members["metadata.npy"]))
    return json.loads(array.tobytes())


def with_metadata(members: Members, metadata: Any) -> Members:
    """Replace the metadata, with the right checksum if they have one."""
    if isinstance(metadata, dict) and METADATA_SHA256 in metadata:
        metadata = with_checksum(metadata, METADATA_SHA256)
    text = json.dumps(metadata).encode()
    return members | {"metadata.npy": npy(np.frombuffer(text, np.uint8))}


def rewritten(content: bytes, rng: random.Random) -> bytes:
    """Change what the file says of itself, with checksums that are right."""
    members = unpacked(content)
    choice = rng.random()
    if choice < 0.5 and "metadata.npy" in members:
        members = with_metadata(members, mutated_json(metadata_of(members), rng))
    elif choice < 0.8:
        name = rng.choice(list(members))
        members[name] = rng.choice(BLIND)(members[name], rng)
    elif choice < 0.9:
        first, second = rng.sample(list(members), 2)
        members[first], members[second] = members[second], members[first]
    else:
        name = rng.choice(list(members))
        members[rng.choice(["x.npy", "../" + name, name[:-4], "a\0b.npy"])] = members.pop(name)
    return packed(members, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def mutants(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield mutants of an archive: most of them blind, a fifth rewritten with care."""
    rng = random.Random(seed)
    for _ in range(count):
        if rng.random() < 0.2:
            yield rewritten(content, rng)
        else:
            yield rng.choice(BLIND)(content, rng)


class Malicious:
    """What a pickle would do if it were loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('a pickle was loaded')",))


def edited(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of the first zip record of a kind."""
    place = content.index(signature) + offset
    return content[:place] + value + content[place + len(value) :]


LOCAL, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def corpus(content: bytes) -> dict[str, bytes]:
    """Return hand-made malicious variants of an archive by name."""
    members = unpacked(content)
    name = next(name for name in members if name != "metadata.npy")
    good = np.lib.format.read_array(io.BytesIO(members[name]))
    end = content.rindex(END)

    def replaced(new: bytes, key: str = name) -> bytes:
        return packed(members | {key: new})

    cases = {
        "empty": b"",
        "text": b"hello, world\n" * 9,
        "a zip's end alone": content[end:],
        "half": content[: len(content) // 2],
        "without its end": content[:end],
        "a pickle": pickle.dumps(Malicious()),
        "a pickle in a member": replaced(pickle.dumps(Malicious())),
        "an object array": replaced(npy(np.array([Malicious()], object), allow_pickle=True)),
        "metadata of objects": replaced(
            npy(np.array([{}], object), allow_pickle=True), "metadata.npy"
        ),
        "bytes before": b"\0" * 10 + content,
        "bytes after": content + b"\0",
        "a file after": content + content,
        "a comment": content[:-2] + struct.pack("<H", 4) + b"evil",
        "a script before": b"#!/bin/sh\nrm -rf /\n" + content,
        "encrypted": edited(edited(content, LOCAL, 6, b"\x01"), DIRECTORY, 8, b"\x01"),
        "packed by lzma": packed(members, zipfile.ZIP_LZMA),
        "packed by bzip2": packed(members, zipfile.ZIP_BZIP2),
        "another method in its header": edited(content, DIRECTORY, 10, b"\x63"),
        "a wrong checksum": edited(content, DIRECTORY, 16, b"\0\0\0\0"),
        "a larger size": edited(content, DIRECTORY, 24, struct.pack("<L", 1 << 30)),
        "two larger sizes": edited(content, DIRECTORY, 20, struct.pack("<LL", 1 << 30, 1 << 30)),
        "a smaller size": edited(content, DIRECTORY, 24, struct.pack("<L", 10)),
        "a directory that begins elsewhere": edited(content, END, 16, struct.pack("<L", 3)),
        "a directory too long": edited(content, END, 12, struct.pack("<L", 1 << 31)),
        "sixty thousand members claimed": edited(content, END, 8, struct.pack("<HH", 60000, 60000)),
        "a hundred thousand members": many_members(),
        "a hidden member": hidden_member(content),
        "two members of the same name": two_of_a_name(members, name),
        "a stranger": packed(members | {"other.npy": npy(good)}),
        "one missing": packed({key: value for key, value in members.items() if key != name}),
        "no metadata": packed({k: v for k, v in members.items() if k != "metadata.npy"}),
        "a path upwards": packed(members | {"../../evil.npy": npy(good)}),
        "an absolute path": packed(members | {"/etc/passwd.npy": npy(good)}),
        "no array": replaced(b"\x93NUM"),
        "an empty member": replaced(b""),
        "bytes after an array": replaced(members[name] + b"evil"),
        "an array cut short": replaced(members[name][:-1]),
        "a shorter shape": replaced(npy(good.ravel()[:-1])),
        "another shape": replaced(npy(good[np.newaxis])),
        "complex numbers": replaced(npy(good.astype(complex))),
        "half precision": replaced(npy(good.astype(np.float16))),
        "other endian": replaced(npy(good.astype(good.dtype.newbyteorder(">")))),
        "whole numbers": replaced(npy(good.astype(np.int64))),
        "text for numbers": replaced(npy(good.astype("U9"))),
        "dates": replaced(npy(np.zeros(good.shape, "datetime64[s]"))),
        "a structure": replaced(npy(np.zeros(good.shape, [("a", "<f4")]))),
        "not a number": replaced(npy(np.full_like(good, np.nan))),
        "infinity": replaced(npy(np.full_like(good, np.inf))),
        "a bomb": packed(members | {name: npy(np.zeros(1 << 24, np.uint8))}, zipfile.ZIP_DEFLATED),
        "a bomb that hides its size": hidden_bomb(members, name),
        "a bomb of metadata": packed(
            members | {"metadata.npy": npy(np.full(1 << 24, 32, np.uint8))}, zipfile.ZIP_DEFLATED
        ),
    }
    headers = {
        "huge and empty": "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000000,)}",
        "huge": "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000,)}",
        "no shape": "{'descr': '<f4', 'fortran_order': False}",
        "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}",
        "many dimensions": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'1,' * 99})}}",
        "much text": "{'descr': '<U99999999', 'fortran_order': False, 'shape': (0,)}",
        "code": "__import__('os').system('touch evil')",
        "nested": "(" * 9000 + ")" * 9000,
        "an object": "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "twice": "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}",
        "long": "{" + " " * 60000 + "}",
        "a type of no size": "{'descr': '<f3', 'fortran_order': False, 'shape': (0,)}",
    }
    for title, header in headers.items():
        cases[f"a header: {title}"] = replaced(npy_with_header(header, b"\0" * 16))
        cases[f"a metadata header: {title}"] = replaced(npy_with_header(header), "metadata.npy")
    texts = {
        "deep": "[" * 100_000,
        "no object": "[1, 2]",
        "not text": "\udcff",
        "huge numbers": json.dumps(metadata_of(members)).replace("1", "1" * 5000),
        "no numbers": json.dumps(metadata_of(members)).replace("1", "NaN"),
    }
    if "labels" in metadata_of(members):
        texts["many labels"] = json.dumps(metadata_of(members) | {"labels": [{}] * 200_000})
    for title, text in texts.items():
        raw = np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8)
        cases[f"metadata: {title}"] = replaced(npy(raw), "metadata.npy")
    return cases


@cache
def many_members() -> bytes:
    return packed({f"a{i}.npy": b"" for i in range(100_000)})


def hidden_member(content: bytes) -> bytes:
    """Return an archive with a member that its directory does not name."""
    extra = packed({"evil.npy": b"x" * 100})
    extra = extra[: extra.index(DIRECTORY)]
    start = content.index(DIRECTORY)
    end = content.rindex(END)
    (place,) = struct.unpack("<L", content[end + 16 : end + 20])
    moved = content[end : end + 16] + struct.pack("<L", place + len(extra)) + content[end + 20 :]
    return content[:start] + extra + content[start:end] + moved


def two_of_a_name(members: Members, name: str) -> bytes:
    """Return an archive with two members of the same name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, value in members.items():
            archive.writestr("x" * len(name) if key == "metadata.npy" else key, value)
        archive.writestr("metadata.npy", members["metadata.npy"])
    return buffer.getvalue().replace(b"x" * len(name), name.encode())


def hidden_bomb(members: Members, name: str) -> bytes:
    """Return an archive whose member unpacks to a hundred times what its headers say."""
    size = len(members[name])
    content = packed(members | {name: members[name] + b"\0" * (1 << 24)}, zipfile.ZIP_DEFLATED)
    declared = struct.pack("<L", size + (1 << 24))
    assert content.count(declared) >= 2
    return content.replace(declared, struct.pack("<L", size))
