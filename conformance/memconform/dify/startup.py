"""The ways in which Dify starts a plugin, each tried once with one real call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from memconform.dify import protocol
from memconform.dify.declaration import Declaration
from memconform.dify.environment import Environment
from memconform.dify.failures import CallTimedOut, NotStarted
from memconform.dify.invocation import Invocation, finished, items
from memconform.dify.process import Process, ending, variables
from memconform.dify.sessions import TAIL, Sessions


@dataclass(frozen=True)
class StartUp:
    """What was seen of one start: seconds until the plugin was ready, its tools, and what the call gave."""

    method: str
    ready_s: float
    tools: Sequence[str]
    tools_from: str
    """Where the names of the tools come from: the wire, or the plugin's files where the wire does not tell."""
    answer: Invocation


@dataclass(frozen=True)
class Trial:
    """A plugin to start, and the data of the request that is sent to it."""

    root: Path
    declaration: Declaration
    environment: Environment
    request: Mapping[str, Any]
    start_timeout_s: float = 60.0
    call_timeout_s: float = 30.0

    def process(self, method: str, **more: str) -> Process:
        """Start the plugin's process for a method of installation."""
        return Process(self.environment.python, self.root, variables(method, more))


Method: TypeAlias = Callable[[Trial], StartUp]


def over_stdio(trial: Trial) -> StartUp:
    """Start a plugin as the daemon does on its own machine."""
    started = time.monotonic()
    sessions = Sessions(trial.process("local"))
    try:
        if not sessions.ready.wait(trial.start_timeout_s) or sessions.over is not None:
            raise NotStarted(sessions.over or f"no heartbeat within {trial.start_timeout_s:g} s")
        ready_s = time.monotonic() - started
        sent = time.perf_counter()
        answer = finished(items(sessions.call(trial.request, {}, trial.call_timeout_s, "the call")), sent)
    finally:
        sessions.end("it was stopped by its host", grace_s=1.0)
    return StartUp("stdio", ready_s, list(trial.declaration.tools), "its files", answer)


def session_messages(
    lines: Iterator[bytes], session_id: str, deadline: float, timeout_s: float
) -> Iterator[Mapping[str, Any]]:
    """Yield the messages of one session; raise `CallTimedOut` at the deadline, `NotStarted` at the end of the lines."""
    for line in lines:
        if time.monotonic() > deadline:
            raise CallTimedOut(f"the call had no end within {timeout_s:g} s", timeout_s)
        message = protocol.parsed(line)
        if not message or message.get("event") != "session" or message.get("session_id") != session_id:
            continue
        data = message.get("data")
        if isinstance(data, Mapping):
            yield data
            if data.get("type") in ("end", "error"):
                return
    raise NotStarted("the plugin closed the connection before it ended the call")


def last_words(process: Process) -> str:
    """Return how a process stands and what it said last, for the message of a failure."""
    code = process.exit_code()
    state = "still runs" if code is None else ending(code)
    said = "\n".join(filter(None, (process.stdout.tail(TAIL), process.stderr.tail(TAIL))))
    return f"the plugin's process {state}" + (f". It said last:\n{said}" if said else "")
