"""The lines that a plugin and its host exchange: JSON objects, one a line, in both directions.

From the plugin: its manifest first (an object without `event`), then events `log`, `heartbeat`, `error` and `session`.
To the plugin: `request` and `backwards_response`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LINE_BYTES = 5 * 1024 * 1024
"""The longest line, its newline included, in bytes: the buffer of the daemon's scanner.

A line that fills the buffer without its newline ends the reading, and the daemon then kills the plugin.
"""

HEARTBEAT_S = 120.0
"""Seconds without any output after which the daemon gives a plugin up."""

EVENTS = ("session", "heartbeat", "log", "error")


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the object of a line, None when the line is no JSON object."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def is_manifest(message: Mapping[str, Any]) -> bool:
    """Return whether an object is the declaration that a plugin prints first."""
    return "event" not in message and "name" in message and "version" in message


def tool_request(tool: str, parameters: Mapping[str, Any], **shared: Any) -> dict[str, Any]:
    """Return the data of a tool's invocation; `shared` as for `credentials_request`."""
    return {
        **_access("invoke_tool", **shared),
        "tool": tool,
        "credential_type": "api-key",
        "tool_parameters": dict(parameters),
    }


def credentials_request(**shared: Any) -> dict[str, Any]:
    """Return the data of a check of credentials; `shared` are provider, credentials and user_id."""
    return _access("validate_tool_credentials", **shared)


def _access(action: str, *, provider: str, credentials: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    return {
        "type": "tool",
        "action": action,
        "user_id": user_id,
        "provider": provider,
        "credentials": dict(credentials),
    }


def request(session_id: str, data: Mapping[str, Any], context: Mapping[str, Any]) -> bytes:
    """Return the line of a request; `context` are members beside the data, such as conversation_id."""
    return _line({"session_id": session_id, "event": "request", "data": data, **context})


def backwards_response(session_id: str, request_id: str, event: str, message: str, data: Any) -> bytes:
    """Return the line of one answer to a call of the plugin; `event` is response, error or end."""
    answer = {"backwards_request_id": request_id, "event": event, "message": message, "data": data}
    return _line({"session_id": session_id, "event": "backwards_response", "data": answer})


def _line(message: Mapping[str, Any]) -> bytes:
    # Half a surrogate pair is no UTF-8: the daemon's strings cannot hold one, and the SDK would drop the line.
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") + b"\n"
