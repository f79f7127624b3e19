"""Starts a plugin as an HTTP server, as Dify's serverless runtime does, and calls it once.

Calls of the plugin to its host go over HTTP to the daemon in this mode; nothing of that is offered here.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from uuid import uuid4

from memconform.dify import protocol
from memconform.dify.failures import NotStarted
from memconform.dify.invocation import finished, items
from memconform.dify.process import Process
from memconform.dify.startup import StartUp, Trial, last_words, session_messages
from memconform.ports import free_port

_HOST = "127.0.0.1"
_LOOK_S = 0.05


def over_http(trial: Trial) -> StartUp:
    """Start a plugin's own HTTP server on a free port of the loopback interface and send one request."""
    port = free_port()
    started = time.monotonic()
    process = trial.process("serverless", SERVERLESS_HOST=_HOST, SERVERLESS_PORT=str(port))
    try:
        process.only_keep()
        _await_health(process, port, started + trial.start_timeout_s)
        ready_s = time.monotonic() - started
        session_id = str(uuid4())
        sent = time.perf_counter()
        deadline = time.monotonic() + trial.call_timeout_s
        lines = _posted(port, protocol.request(session_id, trial.request, {}), trial.call_timeout_s)
        answer = finished(items(session_messages(lines, session_id, deadline, trial.call_timeout_s)), sent)
    except (OSError, http.client.HTTPException) as error:
        raise NotStarted(f"the call over HTTP failed: {error}; {last_words(process)}") from None
    finally:
        process.stop(1.0)
    return StartUp("serverless", ready_s, list(trial.declaration.tools), "its files", answer)


def _await_health(process: Process, port: int, deadline: float) -> None:
    while time.monotonic() < deadline and process.exit_code() is None:
        connection = http.client.HTTPConnection(_HOST, port, timeout=2)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(_LOOK_S)
        finally:
            connection.close()
    raise NotStarted(f"GET /health never answered 200; {last_words(process)}")


def _posted(port: int, body: bytes, timeout_s: float) -> Iterator[bytes]:
    """Send the request and yield the lines of the answer as they come."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=timeout_s)
    try:
        connection.request("POST", "/invoke", body, {"Content-Type": "application/json", "Accept": "text/event-stream"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise NotStarted(f"POST /invoke answered {answer.status}: {answer.read(2000).decode(errors='replace')}")
        while line := answer.readline(protocol.LINE_BYTES):
            yield line
    finally:
        connection.close()
