"""Has a server answer the exchanges of the specification, and compares, whatever ids and instants it gives."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from memconform.exchange import Exchange, Received, Sent
from memconform.specification.reading import Exchange as Written

TRANSPORT = {"host"}
COMPARED = ("content-type", "location", "etag", "www-authenticate", "allow")
"""Header fields of the answer that an example shows where the server sends them."""

SERVERS_OWN = {
    "score",
    "detail",
    "created_at",
    "updated_at",
    "completed_at",
    "requested_at",
    "exported_at",
    "at",
    "time",
}
"""Members whose value is the server's affair; the shape of it is that of the example."""

NAMES = {"id", "next_cursor", "etag", "memory_id", "subject", "superseded_by", "sha256"}
"""Members whose value the server chooses, and which later exchanges repeat."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of an example, taken apart."""

    first: str
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, text: str) -> Message:
        """Take a request or an answer apart."""
        head, _, body = text.partition("\n\n")
        first, *fields = head.rstrip("\n").split("\n")
        pairs = (each.partition(":") for each in fields)
        return cls(first, {name: value.strip() for name, _, value in pairs}, body)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0]


def judged(written: Written) -> Exchange:
    """Return a written exchange as the judge sees those of a run."""
    request, answer = Message.of(written.request), Message.of(written.response)
    method, path, _ = request.first.split()
    sent = Sent(method, f"http://memory.example{path}", tuple(request.headers.items()), request.body.encode())
    received = Received(written.status, tuple(answer.headers.items()), answer.body.encode())
    return Exchange(sent, received, 0.0, 0.0)


@dataclass
class Replay:
    """A story told to a server: what the example calls something, and what the server calls it."""

    url: str
    key: str
    called: dict[str, str] = field(default_factory=dict)

    def tell(self, written: Written) -> str | None:
        """Send an example's request; return how the answer differs from the example, None where it does not."""
        request, expected = Message.of(written.request), Message.of(written.response)
        answer = self._sent(request)
        if answer.status_code != written.status:
            return f"{answer.status_code}: {answer.text[:200]}"
        shown = {name for name in COMPARED if name in answer.headers}
        if shown != {name.lower() for name in expected.headers} & set(COMPARED):
            return f"header fields {sorted(shown)}"
        self._learn(expected.headers.get("ETag", ""), answer.headers.get("etag", ""))
        if expected.media_type.endswith("/json") or expected.media_type.endswith("+json"):
            return (
                None if request.first.split()[1] == "/v1/capabilities" else self._differs(expected.json, answer.json())
            )
        if expected.media_type == "application/x-ndjson":
            pairs = zip(expected.body.splitlines(), answer.text.splitlines(), strict=True)
            return next(
                (wrong for one, other in pairs if (wrong := self._differs(json.loads(one), json.loads(other)))), None
            )
        return None

    def _sent(self, request: Message) -> httpx.Response:
        method, path, _ = request.first.split()
        headers = {
            name: self._theirs(value) for name, value in request.headers.items() if name.lower() not in TRANSPORT
        }
        if "Authorization" in headers:
            headers["Authorization"] = f"Bearer {self.key}"
        body = self._theirs(request.body)
        if "ndjson" in headers.get("Content-Type", ""):
            body = _sealed(body)
        address = f"{self.url}{self._theirs(path)}"
        if urlsplit(path).path.startswith("/v1/operations/"):
            return _ended(address, headers)
        if urlsplit(path).path == "/v1/events":
            return _beginning(address, headers)
        return httpx.request(method, address, headers=headers, content=body.encode() or None, trust_env=False)

    def _theirs(self, text: str) -> str:
        """Return the text with the server's names for what the examples call otherwise."""
        if not self.called:
            return text
        known = re.compile("|".join(map(re.escape, sorted(self.called, key=len, reverse=True))))
        return known.sub(lambda found: self.called[found[0]], text)

    def _learn(self, ours: str, theirs: str) -> None:
        if ours and theirs:
            self.called[ours] = theirs

    def _differs(self, ours: Any, theirs: Any, name: str = "") -> str | None:
        if isinstance(ours, dict) and isinstance(theirs, dict):
            if ours.keys() != theirs.keys():
                return f"{name} has {sorted(theirs)}"
            return next((wrong for key in ours if (wrong := self._differs(ours[key], theirs[key], key))), None)
        if isinstance(ours, list) and isinstance(theirs, list):
            if len(ours) != len(theirs):
                return f"{name} has {len(theirs)} items"
            return next(
                (wrong for one, other in zip(ours, theirs, strict=True) if (wrong := self._differs(one, other, name))),
                None,
            )
        if name in SERVERS_OWN and type(ours) is type(theirs):
            return None
        if name in NAMES and isinstance(ours, str) and isinstance(theirs, str) and self._theirs(ours) == ours:
            self._learn(ours, theirs)
            return None
        if name == "status" and {ours, theirs} <= {"pending", "running"}:
            return None
        expected = self._theirs(ours) if isinstance(ours, str) else ours
        return None if expected == theirs else f"{name} is {theirs!r} instead of {expected!r}"


def checksum(lines: list[str]) -> str:
    """Return the checksum of the records of an export whose numbers are whole and small."""
    digest = hashlib.sha256()
    for line in lines:
        canonical = json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest.update(canonical.encode() + b"\n")
    return digest.hexdigest()


def _sealed(body: str) -> str:
    """Return a file with the checksum of its own records; one that was cut off keeps what it says."""
    first, *records = body.splitlines()
    manifest = json.loads(first)
    if records:
        manifest["sha256"] = checksum(records)
    return "\n".join([json.dumps(manifest), *records, ""])


def _ended(address: str, headers: dict[str, str]) -> httpx.Response:
    """Ask for an operation until it has ended, at most for ten seconds."""
    until = time.monotonic() + 10
    while True:
        answer = httpx.get(address, headers=headers, trust_env=False)
        if (
            answer.status_code != 200
            or answer.json()["status"] not in ("pending", "running")
            or time.monotonic() > until
        ):
            return answer
        time.sleep(0.05)


def _beginning(address: str, headers: dict[str, str]) -> httpx.Response:
    """Read a stream until its first event is there."""
    with httpx.stream("GET", address, headers=headers, timeout=10, trust_env=False) as answer:
        for line in answer.iter_lines():
            if line.startswith("data:"):
                break
        return answer
