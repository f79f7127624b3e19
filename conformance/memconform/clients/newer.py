"""Answers of a server that is newer than the client."""

from __future__ import annotations

from dataclasses import replace

from memconform.clients.wire import Changed, with_unknown_members, with_unknown_profiles
from memconform.exchange import Received

_HEADERS = (("Memory-Newer", "1.7; mode=new"),)


def newer() -> Changed:
    """Return the server's answer with unknown profiles, header fields, and members in every object and every line."""
    return Changed(_newer, "newer-server")


def _newer(received: Received) -> Received:
    changed = with_unknown_members().change(with_unknown_profiles().change(received))
    if "ndjson" in (received.header("Content-Type") or "") and received.status < 300:
        lines = [replace(received, body=line) for line in received.body.split(b"\n") if line.strip()]
        changed = replace(received, body=b"".join(with_unknown_members().change(line).body + b"\n" for line in lines))
    return replace(changed, headers=(*changed.headers, *_HEADERS))
