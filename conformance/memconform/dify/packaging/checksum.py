"""The checksum and the unique id by which Dify's daemon knows a package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def checksum(files: Mapping[str, bytes]) -> str:
    """Return SHA-256, in hex, over the digests of path and content of each file, in the order of the paths' bytes."""
    whole = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.encode()):
        whole.update(hashlib.sha256(path.encode()).digest())
        whole.update(hashlib.sha256(files[path]).digest())
    return whole.hexdigest()


def unique_id(author: str, name: str, version: str, checksum: str) -> str:
    """Return `author/name:version@checksum`."""
    return f"{author}/{name}:{version}@{checksum}"
