"""Lets a plugin connect over TCP, as in Dify's remote debugging: handshake, declarations, assets, then one call."""

from __future__ import annotations

import base64
import binascii
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from memconform.dify import protocol
from memconform.dify.failures import NotStarted
from memconform.dify.invocation import Invocation, finished, items
from memconform.dify.process import Process
from memconform.dify.startup import StartUp, Trial, last_words, session_messages

_HOST = "127.0.0.1"
_LOOK_S = 0.1


@dataclass
class _Registration:
    """What a plugin said of itself before its first call."""

    tools: list[str] = field(default_factory=list)
    assets: dict[str, bytes] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)


def over_tcp(trial: Trial) -> StartUp:
    """Wait for a plugin to connect and to declare itself, then send one request over its connection."""
    started = time.monotonic()
    key = str(uuid4())
    with socket.create_server((_HOST, 0)) as server:
        address = f"{_HOST}:{server.getsockname()[1]}"
        process = trial.process("remote", REMOTE_INSTALL_URL=address, REMOTE_INSTALL_KEY=key)
        try:
            process.only_keep()
            with _accepted(server, process, started + trial.start_timeout_s) as connection:
                connection.settimeout(trial.start_timeout_s)
                lines = _lines(connection)
                found = _registered(lines, key)
                ready_s = time.monotonic() - started
                answer = _called(connection, lines, trial)
        except OSError as error:
            raise NotStarted(f"the connection over TCP failed: {error}; {last_words(process)}") from None
        finally:
            process.stop(1.0)
    return StartUp("tcp", ready_s, found.tools, f"the wire, with {len(found.assets)} assets", answer)


def _accepted(server: socket.socket, process: Process, deadline: float) -> socket.socket:
    server.settimeout(_LOOK_S)
    while time.monotonic() < deadline and process.exit_code() is None:
        try:
            return server.accept()[0]
        except TimeoutError:
            continue
    raise NotStarted(f"it never connected; {last_words(process)}")


def _lines(connection: socket.socket) -> Iterator[bytes]:
    with connection.makefile("rb") as file:
        while line := file.readline(protocol.LINE_BYTES):
            yield line


def _registered(lines: Iterator[bytes], key: str) -> _Registration:
    """Read all that comes before `end`; the handshake with our key must be first."""
    first = _message(next(lines, b""))
    if first.get("type") != "handshake" or first.get("data") != {"key": key}:
        raise NotStarted(f"its first message is no handshake with the key that it was given, but {first.get('type')!r}")
    found = _Registration()
    for line in lines:
        if not line.strip():
            continue
        message = _message(line)
        kind, data = message.get("type"), message.get("data")
        if kind == "end":
            if not found.manifest:
                raise NotStarted("it ended its registration without a manifest")
            return found
        if kind == "manifest_declaration" and isinstance(data, Mapping):
            found.manifest = data
        elif kind == "tool_declaration" and isinstance(data, list):
            found.tools = [tool["identity"]["name"] for provider in data for tool in provider.get("tools", [])]
        elif kind == "asset_chunk" and isinstance(data, Mapping):
            name = str(data.get("filename"))
            found.assets[name] = found.assets.get(name, b"") + _decoded(data.get("data"))
    raise NotStarted("it closed the connection before it had declared itself")


def _called(connection: socket.socket, lines: Iterator[bytes], trial: Trial) -> Invocation:
    session_id = str(uuid4())
    connection.settimeout(trial.call_timeout_s)
    deadline = time.monotonic() + trial.call_timeout_s
    sent = time.perf_counter()
    connection.sendall(protocol.request(session_id, trial.request, {}))
    return finished(items(session_messages(lines, session_id, deadline, trial.call_timeout_s)), sent)


def _message(line: bytes) -> Mapping[str, Any]:
    return protocol.parsed(line) or {}


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise NotStarted("a chunk of an asset is not base64") from None
