"""Packaging a plugin's folder: the same files give the same bytes, on every machine and at every time."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from memconform.dify.packaging.checksum import checksum, unique_id
from memconform.dify.packaging.contents import read
from memconform.dify.packaging.declared import Declared, declared
from memconform.dify.packaging.failures import NotAPlugin, PackageRefused
from memconform.dify.packaging.problem import Audience, Problem, errors
from memconform.dify.packaging.signing import VERIFICATION, VERIFICATION_FILE, sign
from memconform.dify.packaging.verifying import judged, ordered

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can say."""


@dataclass(frozen=True)
class Package:
    """A package: its bytes, its checksum and id as Dify's daemon computes them, and what was put in.

    `files` counts what the package holds, the verification file of a signed one included; `advice` are the problems
    that did not stop it; `time` is the signed time in seconds since 1970, None without a signature.
    """

    data: bytes
    checksum: str
    unique_id: str
    files: int = 0
    unpacked_bytes: int = 0
    advice: tuple[Problem, ...] = ()
    time: int | None = None


def package(folder: Path, key: Path | None = None, *, time: int | None = None) -> Package:
    """Return the package of a plugin's folder, signed when a private key (PEM) is given.

    The time inside a signature is `time`, else SOURCE_DATE_EPOCH, else the manifest's created_at, so that it is the
    same each time. Raises `PackageRefused` with the problems that Dify's daemon or SDK, or safety, would not pass;
    `NotAPlugin`, `KeyUnusable` and `SigningUnavailable`.
    """
    if not folder.is_dir():
        raise NotAPlugin(f"{folder} is not a folder; give the folder of a plugin")
    plugin = declared(read(folder))
    problems = ordered(set(judged(plugin)), Audience.SELF_HOSTED)
    stopping = errors(problems)
    if stopping:
        count = "one problem" if len(stopping) == 1 else f"{len(stopping)} problems"
        raise PackageRefused(f"{folder} is not packaged: {count} to solve first", stopping)
    files = dict(plugin.contents.files)
    comment, signed_at = b"", None
    if key is not None:
        signed_at = _signing_time(plugin) if time is None else time
        files.pop(VERIFICATION_FILE, None)
        files[VERIFICATION_FILE] = VERIFICATION
        comment = sign(files.values(), signed_at, _read_key(key)).comment()
    whole = checksum(files)
    identity = unique_id(plugin.word("author"), plugin.word("name"), plugin.word("version"), whole)
    size = sum(map(len, files.values()))
    return Package(zipped(files, comment), whole, identity, len(files), size, tuple(problems), signed_at)


def zipped(files: Mapping[str, bytes], comment: bytes = b"") -> bytes:
    """Return the ZIP of the files in their order.

    Stored, not deflated: what deflate makes of the same content differs from one zlib to the next.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3  # Unix, also where Python runs on Windows
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
        archive.comment = comment
    return buffer.getvalue()


def _signing_time(plugin: Declared) -> int:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdecimal() and len(epoch) < 16:
        return int(epoch)
    text = plugin.word("created_at").replace("Z", "+00:00")
    try:
        created = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return int((created if created.tzinfo else created.replace(tzinfo=UTC)).timestamp())


def _read_key(path: Path) -> bytes:
    from memconform.dify.packaging.failures import KeyUnusable

    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"the private key {path} cannot be read: {error.strerror}") from None
