"""The file of an export: read, sealed anew, and damaged in every way in which a file comes to harm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.answer import Answer, must
from memconform.memory_api import Memories, Memory
from memconform.scene.canonical import canonical

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportFile:
    """The lines of an export."""

    manifest: dict[str, Any]
    records: Memories

    @property
    def bytes(self) -> bytes:
        """The file."""
        return b"".join(map(line_of, (self.manifest, *self.records)))

    def of(self, *ids: str) -> Memories:
        """Return the records with these ids, in the order of the file."""
        return [record for record in self.records if record.get("id") in ids]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file that must be refused. `lines` are the lines that the problem may name; the manifest is line 1."""

    what: str
    bytes: bytes
    lines: range


def read_export(answer: Answer) -> ExportFile:
    """Read the answer to an export; `NotMet` when it is no file of JSON objects, one a line, that a manifest leads."""
    answer.must_be(200, because="the export of a scope")
    lines = answer.received.body.split(b"\n")
    documents = [_object(line) for line in lines if line.strip()]
    whole = bool(documents) and all(document is not None for document in documents)
    must(whole, "an export of JSON objects, one a line", f"{len(documents)} lines, one of them is none", answer)
    manifest, *records = [document for document in documents if document is not None]
    must(manifest.get("type") == "manifest", "a manifest in the first line", "another object", answer)
    return ExportFile(manifest, records)


def sealed(manifest: Record, records: Sequence[Memory]) -> ExportFile:
    """Return a file of these records with a manifest that is true of them."""
    return ExportFile({**manifest, "count": len(records), "sha256": checksum(records)}, list(records))


def checksum(records: Sequence[Record]) -> str:
    """Return SHA-256 over the canonical form and a line feed of every record, in hexadecimal."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(canonical(record) + b"\n")
    return digest.hexdigest()


def line_of(document: Record) -> bytes:
    """Return a line of the file."""
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def damages(file: ExportFile) -> Iterator[Damaged]:
    """Yield the file damaged at every kind of place; it needs two records. The commonest damages come first."""
    lines = [line_of(document) for document in (file.manifest, *file.records)]
    size, last = len(lines), len(lines) + 1
    whole = b"".join(lines)
    first, second, *_ = file.records
    yield Damaged("a character of content altered", _with(lines, 1, _altered(first)), range(1, last))
    yield Damaged("without its last line", b"".join(lines[:-1]), range(1, last + 1))
    yield Damaged("cut in the middle of its last line", whole[: -len(lines[-1]) // 2], range(size, last + 1))
    yield Damaged("a line that is no JSON", _with(lines, 1, lines[1][:-2] + b"\n"), range(2, 3))
    yield Damaged("a record without content", _with(lines, 2, line_of(_without(second, "content"))), range(1, last))
    yield Damaged("its last line twice", whole + lines[-1], range(1, last + 1))
    yield Damaged("without its manifest", b"".join(lines[1:]), range(1, 2))
    count = {**file.manifest, "count": len(file.records) + 1}
    yield Damaged("a manifest that counts one record more", _with(lines, 0, line_of(count)), range(1, last + 1))
    fewer = {**file.manifest, "count": len(file.records) - 1}
    yield Damaged("a manifest that counts one record less", _with(lines, 0, line_of(fewer)), range(1, last + 1))
    digest = {**file.manifest, "sha256": "0" * 64}
    yield Damaged("a manifest with another checksum", _with(lines, 0, line_of(digest)), range(1, last))
    yield Damaged("without a record in the middle", b"".join([lines[0], *lines[2:]]), range(1, last))
    yield Damaged(
        "two records in the other order", b"".join([lines[0], lines[2], lines[1], *lines[3:]]), range(1, last)
    )
    yield Damaged("a manifest that is no JSON", b"{" + whole, range(1, 2))


def _with(lines: Sequence[bytes], at: int, line: bytes) -> bytes:
    return b"".join([*lines[:at], line, *lines[at + 1 :]])


def _altered(record: Record) -> bytes:
    return line_of({**record, "content": f"{record.get('content')}!"})


def _without(record: Record, member: str) -> Memory:
    return {name: value for name, value in record.items() if name != member}


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
