"""Fills a server with made-up memories: by import where it declares that, else one by one."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING

import click

from rig.calls import LINES, Caller
from rig.speech import Speech, memory_id, metadata, records, scope

if TYPE_CHECKING:
    from rig.servers import Served

_STEP = 10_000


def fill(server: Served, name: str, memories: int, *, scopes: bool = False) -> list[str]:
    """Store so many memories, in one scope or in as many scopes, and return their ids."""
    caller = Caller(server.url)
    began = time.monotonic()
    imports = "portability" in caller.json("GET", "/v1/capabilities")["profiles"]
    ids = _imported(caller, name, memories, scopes=scopes) if imports else _added(caller, name, memories)
    caller.close()
    click.echo(f"{name}: filled in {time.monotonic() - began:.1f} s", err=True)
    return ids


def import_file(first: int, count: int, *, scopes: bool = False) -> bytes:
    """Return a file as `GET /v1/export` gives one."""
    lines = "".join(record + "\n" for record in records(first, count, scopes=scopes)).encode()
    manifest = {
        "type": "manifest",
        "contract": "1.0",
        "scope": scope(),
        "count": count,
        "sha256": hashlib.sha256(lines).hexdigest(),
        "exported_at": "2026-01-02T00:00:00.000Z",
    }
    return json.dumps(manifest).encode() + b"\n" + lines


def _imported(caller: Caller, name: str, memories: int, *, scopes: bool) -> list[str]:
    for first in range(0, memories, _STEP):
        count = min(_STEP, memories - first)
        caller("POST", "/v1/import", import_file(first, count, scopes=scopes), LINES)
        click.echo(f"{name}: {first + count} of {memories} imported", err=True)
    return [memory_id(number) for number in range(memories)]


def _added(caller: Caller, name: str, memories: int) -> list[str]:
    speech = Speech(0)
    ids = []
    for number in range(memories):
        memory = {"content": speech.sentence(), "scope": scope(), "metadata": metadata(number)}
        ids.append(caller.json("POST", "/v1/memories", memory)["id"])
        if (number + 1) % (_STEP // 10) == 0:
            click.echo(f"{name}: {number + 1} of {memories} added", err=True)
    return ids
