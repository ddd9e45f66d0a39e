"""SHA-256 checksums of bytes and of plain values."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 hash of bytes."""
    return hashlib.sha256(content).hexdigest()


def with_checksum(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return plain values with one more key: the sha256 of all others."""
    return {**values, key: _sha256_of_others(values, key)}


def matches_checksum(values: Mapping[str, Any], key: str) -> bool:
    """Return whether values are those that `with_checksum` was given; True without the key."""
    try:
        return key not in values or values[key] == _sha256_of_others(values, key)
    except RecursionError:
        return False


def _sha256_of_others(values: Mapping[str, Any], key: str) -> str:
    others = {name: value for name, value in values.items() if name != key}
    return sha256_of(json.dumps(others, sort_keys=True).encode())
