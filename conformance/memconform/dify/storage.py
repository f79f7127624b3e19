"""The calls that a plugin makes to its host. The persistent storage is offered, in memory; nothing else is."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Mapping
from typing import Any

from memconform.dify.protocol import backwards_response

KEY_BYTES = 256
"""The longest key of a value, in bytes of UTF-8."""


class Refusal(Exception):
    """The call is answered with an error; the message is what the plugin is told."""


class Storage:
    """The values of one plugin by key, as Dify's daemon keeps them for a workspace and a plugin.

    `limit` is the number of bytes that the manifest allows (`resource.permission.storage.size`), None without
    permission.
    """

    def __init__(self, limit: int | None = None) -> None:
        """Start empty."""
        self.limit = limit
        self.values: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def answer(self, session_id: str, call: Mapping[str, Any]) -> bytes:
        """Return the lines that answer a call of the plugin: a response and an end, or an error and an end."""
        request_id = str(call.get("backwards_request_id", ""))
        try:
            data = self._answer(call)
            first = backwards_response(session_id, request_id, "response", "struct", data)
        except Refusal as refusal:
            first = backwards_response(session_id, request_id, "error", str(refusal), None)
        return first + backwards_response(session_id, request_id, "end", "", None)

    def _answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        kind, request = call.get("type"), call.get("request")
        if kind != "storage" or not isinstance(request, Mapping):
            raise Refusal(f"memconform's host does not offer {kind!r} to plugins: only storage (set, get, del, exist)")
        if self.limit is None:
            raise Refusal("permission denied: the manifest does not enable resource.permission.storage")
        key = str(request.get("key", ""))
        _check_key(key)
        operations = {"set": self._set, "get": self._get, "del": self._delete, "exist": self._exist}
        operation = operations.get(str(request.get("opt")))
        if operation is None:
            raise Refusal(f"storage has no operation {request.get('opt')!r}: set, get, del and exist")
        with self._lock:
            return operation(key, str(request.get("value", "")))

    def _set(self, key: str, value: str) -> dict[str, Any]:
        if len(key.encode()) > KEY_BYTES:
            raise Refusal(f"the key has {len(key.encode())} bytes, the limit is {KEY_BYTES}")
        try:
            data = bytes.fromhex(value)
        except ValueError:
            raise Refusal("the value is not hexadecimal") from None
        others = sum(len(each) for name, each in self.values.items() if name != key)
        if self.limit is not None and others + len(data) > self.limit:
            raise Refusal(f"the manifest allows {self.limit} bytes of storage, this would make {others + len(data)}")
        self.values[key] = data
        return {"data": "ok"}

    def _get(self, key: str, _value: str) -> dict[str, Any]:
        if key not in self.values:
            raise Refusal("there is no value under this key: it was never set, or it was deleted")
        return {"data": self.values[key].hex()}

    def _delete(self, key: str, _value: str) -> dict[str, Any]:
        if key not in self.values:
            raise Refusal("there is no value under this key to delete")
        del self.values[key]
        return {"data": "ok", "deleted_num": 1}

    def _exist(self, key: str, _value: str) -> dict[str, Any]:
        return {"data": key in self.values, "exist_num": int(key in self.values)}


def _check_key(key: str) -> None:
    """Refuse a key that would leave the plugin's folder in the daemon's file storage."""
    clean = posixpath.normpath(key) if key else ""
    if not key or ".." in clean or "//" in clean or "\\" in clean:
        raise Refusal("the key is empty, or would leave the plugin's storage (.., // and \\ are refused)")


def allowed_bytes(manifest: Mapping[str, Any]) -> int | None:
    """Return how many bytes of storage a manifest asks for; None when it does not enable storage."""
    resource = manifest.get("resource")
    permission = resource.get("permission") if isinstance(resource, Mapping) else None
    storage = permission.get("storage") if isinstance(permission, Mapping) else None
    if not isinstance(storage, Mapping) or not storage.get("enabled"):
        return None
    size = storage.get("size")
    return int(size) if isinstance(size, (int, float)) else 0
