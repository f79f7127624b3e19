"""The faults that clients meet, by name: what each is in one sentence, and how to make one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType

from memconform.clients.wire.answers import ANSWERED_BY, Answer, Reply, json_reply, problem
from memconform.clients.wire.faults import Close, Drip, Garbage, Hang, NeverCloses, Reset
from memconform.clients.wire.floods import BodyFlood, HeaderFlood
from memconform.clients.wire.wrong_replies import (
    Html,
    Redirect,
    Truncated,
    with_unknown_members,
    with_unknown_profiles,
    with_wrong_media_type,
    with_wrong_types,
)

_JSON = (("Content-Type", "application/json"),)
_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="memory", error="invalid_token"'),)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the catalogue; calling it makes an answer that does it."""

    name: str
    summary: str
    make: Callable[[], Answer]

    def __call__(self) -> Answer:
        """Make the answer."""
        return self.make()


def http_date(seconds: float) -> str:
    """Return the HTTP date of so many seconds from now; full seconds, never before the time meant."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds + 0.999), usegmt=True)


def _busy(retry_after: str | None, status: int = 429) -> Callable[[], Answer]:
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    said = {429: ("too-many-requests", "Too many requests."), 503: ("unavailable", "The server cannot answer now.")}
    return lambda: problem(status, *said[status], headers)


def _busy_until(seconds: float) -> Callable[[], Answer]:
    return lambda: problem(429, "too-many-requests", "Too many requests.", (("Retry-After", http_date(seconds)),))


def _said(status: int, name: str, detail: str, *headers: tuple[str, str]) -> Callable[[], Answer]:
    return lambda: problem(status, name, detail, headers)


_ALL = (
    Fault("reset", "The connection is reset before the answer.", Reset),
    Fault("reset-in-headers", "The connection is reset inside the header.", lambda: Reset("in_headers")),
    Fault("reset-in-body", "The connection is reset inside the body.", lambda: Reset("in_body")),
    Fault("closes", "The connection closes without an answer.", Close),
    Fault("closes-in-headers", "The connection closes inside the header.", lambda: Close("in_headers")),
    Fault("closes-in-body", "The connection closes before the announced length.", lambda: Close("in_body")),
    Fault("closes-in-chunk", "The connection closes inside a chunk.", lambda: Close("in_chunk")),
    Fault("hangs", "Nothing is answered.", Hang),
    Fault("hangs-in-headers", "The answer stops inside the header.", lambda: Hang("in_headers")),
    Fault("hangs-in-body", "The answer stops inside the body.", lambda: Hang("in_body")),
    Fault("drips-headers", "The header comes one byte a second, without end.", lambda: Drip(stage="headers")),
    Fault("drips-body", "The body comes one byte a second, without end.", Drip),
    Fault("never-closes", "The body has no length and the connection never ends.", NeverCloses),
    Fault("garbage", "What answers speaks no HTTP.", Garbage),
    Fault("401", "The key is wrong.", _said(401, "unauthorized", "Missing or wrong credentials.", *_CHALLENGE)),
    Fault("403", "The key may not do that.", _said(403, "forbidden", "These credentials may not do that.")),
    Fault("404", "There is no such memory.", _said(404, "not-found", "There is none.")),
    Fault("409", "The same request is in flight.", _said(409, "conflict", "The same request is in flight.")),
    Fault("412", "Somebody else changed it.", _said(412, "precondition-failed", "The entity tag does not match.")),
    Fault("413", "It is too large.", _said(413, "content-too-large", "Above limits.content_bytes.")),
    Fault("422", "The server does not take it.", _said(422, "invalid", "The body breaks a rule.")),
    Fault("429", "Too many requests, without Retry-After.", _busy(None)),
    Fault("429-seconds", "Too many requests; Retry-After is one second.", _busy("1")),
    Fault("429-date", "Too many requests; Retry-After is a date one to two seconds ahead.", _busy_until(1)),
    Fault("429-absurd", "Too many requests; Retry-After is ten years.", _busy("315360000")),
    Fault("429-nonsense", "Too many requests; Retry-After is neither seconds nor a date.", _busy("soon")),
    Fault("500", "The server failed.", _said(500, "internal", "Something went wrong.")),
    Fault(
        "502", "A proxy cannot reach the server.", _said(502, "bad-gateway", "The server is not there.", ANSWERED_BY)
    ),
    Fault("503", "The server cannot answer now, without Retry-After.", _busy(None, 503)),
    Fault("503-seconds", "The server cannot answer now; Retry-After is one second.", _busy("1", 503)),
    Fault("html", "200 with a web page.", Html),
    Fault("html-502", "502 with a proxy's web page.", lambda: Html(502, "html-502")),
    Fault("truncated-json", "JSON that stops in the middle.", Truncated),
    Fault("empty-body", "200 with no body.", lambda: Reply(200, _JSON, b"", "empty-body")),
    Fault("no-object", "JSON, but no object.", lambda: json_reply(200, "ok", name="no-object")),
    Fault("wrong-types", "Members of other types than they should be.", with_wrong_types),
    Fault("wrong-media-type", "The right body as text/plain.", with_wrong_media_type),
    Fault("unknown-members", "Members that the contract does not know, everywhere.", with_unknown_members),
    Fault("unknown-profiles", "Profiles that the contract does not know.", with_unknown_profiles),
    Fault("body-flood", "A valid answer of 20 MiB.", BodyFlood),
    Fault("search-flood", "A valid search answer of 20 MiB.", lambda: BodyFlood(shape="search", name="search-flood")),
    Fault("junk-flood", "20 MiB of junk under application/json.", lambda: BodyFlood(shape="junk", name="junk-flood")),
    Fault("header-flood", "100 MiB of header fields.", HeaderFlood),
    Fault("redirect", "A redirect, which the contract does not have.", Redirect),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})
"""Every fault by its name. That nobody listens is none of an answer: see `refusing_url`."""
