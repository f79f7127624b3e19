"""Speaks the protocol over a plugin's standard input and output, for many calls at once."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from memconform.dify import protocol
from memconform.dify.failures import CallTimedOut, PluginDied
from memconform.dify.process import Process, ending
from memconform.dify.storage import Storage

STRAY_LINES = 1000
STRAY_CHARACTERS = 4096
LOGS = 10_000
"""How much is kept of what does not belong to a call: lines, characters of each, events."""

TAIL = 2000
"""How many characters of standard error a failure quotes."""

_EXIT_S = 1.0
_LOOK_S = 0.25


class Sessions:
    """The calls that wait for a plugin's answers, and the threads that read and write for them.

    The threads know the process and this object, and end when the process does.
    """

    def __init__(self, process: Process, heartbeat_s: float = protocol.HEARTBEAT_S) -> None:
        """Start reading at once; a plugin that says nothing for `heartbeat_s` seconds is killed."""
        self.process = process
        self.storage = Storage()
        self.manifest: Mapping[str, Any] = {}
        self.stray: deque[str] = deque(maxlen=STRAY_LINES)
        self.logs: deque[Mapping[str, Any]] = deque(maxlen=LOGS)
        self.dropped = 0
        """Messages of sessions that nobody waits for any more."""
        self.ready = threading.Event()
        """Set by the first heartbeat, and by the end."""
        self._heartbeat_s = heartbeat_s
        self._waiting: dict[str, queue.SimpleQueue[Mapping[str, Any] | None]] = {}
        self._lock = threading.Lock()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._over: str | None = None
        self._why = ""
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"plugin {process.pid} {target.__name__}", daemon=True)
            for target in (self._read, self._write, self._watch)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def over(self) -> str | None:
        """Why the plugin is gone; None while it lives."""
        return self._over

    def call(
        self, data: Mapping[str, Any], context: Mapping[str, Any], timeout_s: float, what: str
    ) -> Iterator[Mapping[str, Any]]:
        """Send a request and yield the messages of its session as they come, up to its `end` or `error`.

        Raise `PluginDied` when the process is gone or goes, `CallTimedOut` after `timeout_s` seconds in all.
        """
        session_id = str(uuid4())
        inbox: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        deadline = time.monotonic() + timeout_s
        line = protocol.request(session_id, data, context)
        with self._lock:
            if self._over is not None:
                raise PluginDied(self._over)
            self._waiting[session_id] = inbox
        try:
            self._outgoing.put(line)
            while True:
                message = self._next(inbox, deadline, timeout_s, what)
                yield message
                if message.get("type") in ("end", "error"):
                    return
        finally:
            with self._lock:
                self._waiting.pop(session_id, None)

    def end(self, why: str, grace_s: float = 0.0) -> None:
        """Stop the plugin: every call that waits ends with `PluginDied(why)`."""
        self._why = self._why or why
        self.process.stop(grace_s)
        self._ended.wait(_EXIT_S * 5)

    def _next(
        self, inbox: queue.SimpleQueue[Mapping[str, Any] | None], deadline: float, timeout_s: float, what: str
    ) -> Mapping[str, Any]:
        try:
            message = inbox.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise CallTimedOut(self._late(what, timeout_s), timeout_s) from None
        if message is None:
            raise PluginDied(self._over or "the plugin is gone")
        return message

    def _late(self, what: str, timeout_s: float) -> str:
        text = f"the plugin gave {what} no complete answer within {timeout_s:g} s"
        if self.stray:
            text += (
                "; it printed text that is not of the protocol, and text without a newline swallows the message behind "
                f"it: {self.stray[-1][:200]!r}. Nothing but the SDK may write to standard output"
            )
        return text

    def _read(self) -> None:
        """Read standard output to its end, then end every call."""
        while True:
            line = self.process.read_line(protocol.LINE_BYTES)
            if not line.endswith(b"\n"):
                break
            if len(line) > 1:
                self._handle(line)
        if len(line) >= protocol.LINE_BYTES:
            self._why = (
                f"it wrote a line of more than {protocol.LINE_BYTES:,} bytes (newline included), which Dify's daemon "
                "answers by killing it: cap the size of results"
            )
            self.process.stop(0)
        elif line:
            self._note_stray(line)
        self._finish()
        self.process.close("stdout")

    def _finish(self) -> None:
        # Standard output may end before the process does: the daemon kills it then, and so does this.
        code = self.process.wait(_EXIT_S)
        if code is None:
            self._why = self._why or "it closed its standard output, which Dify's daemon answers by killing it"
        self.process.stop(0)
        tail = self.process.stderr.tail(TAIL)
        reason = f"the plugin's process {ending(code)}" if not self._why else f"the plugin is gone: {self._why}"
        if tail:
            reason += f". Standard error ends with:\n{tail}"
        with self._lock:
            self._over = reason
            inboxes = list(self._waiting.values())
        for inbox in inboxes:
            inbox.put(None)
        self._outgoing.put(None)
        self._ended.set()
        self.ready.set()

    def _handle(self, line: bytes) -> None:
        message = protocol.parsed(line)
        event = message.get("event") if message else None
        if message is None or event not in protocol.EVENTS:
            if message is not None and not self.manifest and protocol.is_manifest(message):
                self.manifest = message
            else:
                self._note_stray(line)
        elif event == "session":
            self._route(str(message.get("session_id")), message.get("data"))
        elif event == "heartbeat":
            self.ready.set()
        else:
            self.logs.append(message)

    def _route(self, session_id: str, data: Any) -> None:
        with self._lock:
            inbox = self._waiting.get(session_id)
        if inbox is None or not isinstance(data, Mapping):
            self.dropped += 1
        elif data.get("type") == "invoke":
            body = data.get("data")
            self._outgoing.put(self.storage.answer(session_id, body if isinstance(body, Mapping) else {}))
        else:
            inbox.put(data)

    def _note_stray(self, line: bytes) -> None:
        self.stray.append(line[:STRAY_CHARACTERS].decode(errors="replace").rstrip("\r\n"))

    def _write(self) -> None:
        """Write what is to be written; a plugin that does not read stalls this thread only."""
        while (data := self._outgoing.get()) is not None:
            try:
                self.process.write(data)
            except OSError:  # it is gone: `_read` says so to all who wait
                break
        self.process.close("stdin")

    def _watch(self) -> None:
        """End a plugin that is silent for too long, and one whose children outlive it."""
        while not self._ended.wait(_LOOK_S):
            silence = time.monotonic() - self.process.active
            if silence > self._heartbeat_s:
                self._why = (
                    f"it said nothing for {silence:.1f} s, not even a heartbeat, for which Dify's daemon kills "
                    "it: something blocks its event loop"
                )
                self.process.stop(0)
            elif self.process.exit_code() is not None:
                # Whatever holds its standard output open is in its group.
                self.process.stop(0)
