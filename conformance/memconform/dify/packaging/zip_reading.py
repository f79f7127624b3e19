"""A .difypkg, read into memory with distrust: names, links, duplicates, methods and sizes are judged before content."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from memconform.dify.packaging.contents import SIZE, Contents
from memconform.dify.packaging.failures import NotAPlugin
from memconform.dify.packaging.folder import too_large
from memconform.dify.packaging.limits import MOST_BYTES, MOST_ENTRIES
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown

TRAVERSAL = Rule(
    "zip-path", Authority.DAEMON, "package again with 'memconform plugin package': names go down from the root"
)
LINK = Rule("zip-link", Authority.SAFETY, "package the file itself; Dify's daemon writes the link's target as a file")
TWICE = Rule("zip-duplicate", Authority.SAFETY, "package again; Dify's daemon reads the first, most others the last")
CLASH = Rule("zip-clash", Authority.SAFETY, "rename one: a path cannot be a file and a folder")
FOLDER = Rule(
    "zip-folder-entry", Authority.DAEMON, "package again without entries for folders: the daemon cannot read them"
)
METHOD = Rule("zip-method", Authority.DAEMON, "package again, stored or deflated and not encrypted")
DAMAGED = Rule("zip-damaged", Authority.DAEMON, "package again; the file is damaged")

BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
    RuntimeError, ValueError, EOFError, OverflowError, IndexError, OSError,
)  # fmt: skip
"""What `zipfile` raises for files that are not what they say."""

UNREAD = {rule.name for rule in (METHOD, DAMAGED, SIZE)}
"""Rules whose breach leaves content unread."""

HARMFUL = UNREAD | {rule.name for rule in (TRAVERSAL, LINK, TWICE, CLASH)}
"""Rules whose breach makes it unsafe, or impossible, to unpack a package."""


def read_package(path: Path) -> Contents:
    """Return the files of a package; raise `NotAPlugin` for what is no ZIP, `OSError` for what cannot be read."""
    data = _data(path)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except BROKEN as error:
        raise NotAPlugin(f"{path} is not a ZIP file, which a .difypkg is: {error}") from None
    with archive:
        problems = list(_judged(entries))
        sizes = {entry.filename: entry.file_size for entry in entries[:MOST_ENTRIES]}
        total = sum(entry.file_size for entry in entries)
        if len(entries) > MOST_ENTRIES:
            problems.append(SIZE.broken(path.name, f"at most {MOST_ENTRIES:,} files", f"{len(entries):,}"))
        elif total > MOST_BYTES:
            problems.append(too_large(sizes))
        files: dict[str, bytes] = {}
        if total <= MOST_BYTES and len(entries) <= MOST_ENTRIES:
            for entry in entries:
                content = _content(archive, entry)
                if isinstance(content, Problem):
                    problems.append(content)
                elif not entry.is_dir():
                    files.setdefault(_name(entry), content)
        order = tuple(_name(entry) for entry in entries)
        return Contents(path, files, total, tuple(problems), True, archive.comment, order)


def _data(path: Path) -> bytes:
    size = path.stat().st_size
    if not size:
        raise NotAPlugin(f"{path} is empty; a .difypkg is a ZIP file")
    if size > MOST_BYTES:
        raise NotAPlugin(f"{path} has {size:,} bytes; Dify's daemon takes packages of at most {MOST_BYTES:,}")
    return path.read_bytes()


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name as the daemon reads it, without a leading `./`."""
    return entry.filename.removeprefix("./")


def _where(name: str) -> str:
    """Return a name as it can be shown on one line."""
    return repr(name)[1:-1] or "an entry without a name"


def _judged(entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """Yield the problems of the entries' names and kinds."""
    seen: set[str] = set()
    folders = {parent for entry in entries for parent in _parents(_name(entry))}
    for entry in entries:
        name = _name(entry)
        where = _where(name)
        if _leads_out(name, entry.orig_filename):
            yield TRAVERSAL.broken(where, "a path inside the package, with '/'", shown(name))
        elif stat.S_ISLNK(entry.external_attr >> 16):
            yield LINK.broken(where, "files only", "a symbolic link")
        elif entry.is_dir():
            yield FOLDER.broken(where, "files only", "an entry for a folder")
        if name in seen:
            yield TWICE.broken(where, "each path once", "it twice")
        elif name in folders:
            yield CLASH.broken(where, "a path to be a file or a folder", "both")
        seen.add(name)


def _parents(name: str) -> Iterator[str]:
    parts = name.rstrip("/").split("/")[:-1]
    for count in range(1, min(len(parts), 50) + 1):
        yield "/".join(parts[:count])


def _leads_out(name: str, original: str) -> bool:
    parts = name.rstrip("/").split("/")
    odd = any(character < " " for character in original) or "\\" in original or ":" in parts[0]
    return odd or any(part in ("", ".", "..") for part in parts)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | Problem:
    """Return what an entry holds, at most as much as it declares."""
    where = _where(entry.filename)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return METHOD.broken(where, "stored or deflated content", f"compression method {entry.compress_type}")
    if entry.flag_bits & 0x1:
        return METHOD.broken(where, "content that is not encrypted", "an encrypted entry")
    try:
        with archive.open(entry) as file:
            content = file.read(entry.file_size + 1)
    except BROKEN as error:
        return DAMAGED.broken(where, "content that can be read", " ".join(str(error).split()))
    if len(content) != entry.file_size:
        return DAMAGED.broken(where, f"{entry.file_size:,} bytes, as declared", f"{len(content):,}")
    return content
