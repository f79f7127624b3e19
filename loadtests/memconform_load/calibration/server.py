"""The calibration server: answers when its law says so, and writes down what really happened."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import socket
import sys
import time
from contextlib import suppress

from memconform_load.calibration.connection import Connection
from memconform_load.calibration.exact_timers import ExactSelector, exact_loop
from memconform_load.calibration.journal import WORK, Journal
from memconform_load.calibration.laws import Law
from memconform_load.calibration.memories import Answer, Memories

UNDER_THE_LAW = frozenset({WORK, "search"})
"""The operations that the law delays; all others are answered at once, so that preparing a run is no part of it."""

_BACKLOG = 4_096
_NICER = -10
_WORK_DONE: Answer = (200, b'{"work":"done"}', "")


class Server:
    """One law, one journal, one listener."""

    def __init__(self, law: Law, loop: asyncio.AbstractEventLoop, selector: ExactSelector) -> None:
        self.law = law
        self.journal = Journal()
        self.connections: set[Connection] = set()
        self._loop = loop
        self._selector = selector
        self._due = law.begin()
        self._memories = Memories()
        self._origin = math.nan
        self._listener: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Listen and return the port."""
        listening = socket.create_server((host, port), backlog=_BACKLOG)
        self._listener = await self._loop.create_server(lambda: Connection(self), sock=listening, backlog=_BACKLOG)
        return int(listening.getsockname()[1])

    def woke_at(self) -> float:
        """Return when the bytes that are handled now were there."""
        return self._selector.woke_at

    def asked(self, connection: Connection, method: str, target: str, body: bytes, arrived: float) -> None:
        """Work out the answer of one request now, and give it when it is due."""
        path, _, query = target.partition("?")
        if path == "/work":
            operation, answer = WORK, _WORK_DONE
        else:
            operation, answer = self._memories.answer(method, path, query, body)
        due = self._when(arrived) if operation in UNDER_THE_LAW else arrived
        number = self.journal.arrives(operation, arrived, due)
        if due <= time.monotonic():
            self._give(connection, number, answer)
        elif due < math.inf:
            connection.waiting = self._loop.call_at(due, self._give, connection, number, answer)

    def _when(self, arrived: float) -> float:
        if math.isnan(self._origin):
            self._origin = arrived
            if self.law.dies_at < math.inf:
                self._loop.call_at(arrived + self.law.dies_at, self._die)
        return self._origin + self._due(arrived - self._origin)

    def _give(self, connection: Connection, number: int, answer: Answer) -> None:
        now = time.monotonic()  # before it is written: a client on another core may have read it before that returns
        self.journal.completed[number] = now
        connection.send(answer, now - self.journal.arrived[number])
        connection.next()

    def _die(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self.connections):
            connection.abort()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of whoever started the server: the journal, whatever was asked."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            body = json.dumps(self.journal.as_json()).encode()
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            )
            writer.write(head % len(body) + body)
            await writer.drain()
        writer.close()


def serve(law: Law, said: str, port: int, *, stdin_is_lifeline: bool) -> None:
    """Serve on the loopback interface until the process ends; print one line when it listens.

    With the lifeline it ends with whoever holds the other end of its standard input.
    """
    loop, selector = exact_loop()
    server = Server(law, loop, selector)

    async def begin() -> asyncio.Server:
        own = await server.listen("127.0.0.1", port)
        control = await asyncio.start_server(server.control, "127.0.0.1", 0)
        aside = control.sockets[0].getsockname()[1]
        sys.stdout.write(
            f"calibration server ({said}) on http://127.0.0.1:{own}, journal at http://127.0.0.1:{aside}/log\n"
        )
        sys.stdout.flush()
        return control

    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICER)
    _keep = loop.run_until_complete(begin())
    if stdin_is_lifeline:
        loop.add_reader(0, lambda: os.read(0, 1) or loop.stop())
    gc.collect()
    gc.freeze()
    gc.disable()
    with suppress(KeyboardInterrupt):
        loop.run_forever()
