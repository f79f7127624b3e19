"""A Dify tool plugin in Dify's real runtime, ready to be called."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from memconform.dify import protocol
from memconform.dify.declaration import Declaration, Tool, identity, read_declaration
from memconform.dify.environment import Environment, environment
from memconform.dify.failures import NotStarted
from memconform.dify.folder import plugin_folder
from memconform.dify.interpreter import interpreter
from memconform.dify.invocation import CallError, Invocation, Item, finished, items
from memconform.dify.process import Process, variables
from memconform.dify.sessions import Sessions
from memconform.dify.storage import allowed_bytes

Note: TypeAlias = Callable[[str], None]

START_S = 60.0
CALL_S = 30.0


def _silent(_: str) -> None:
    """Take a note and say nothing."""


class Plugin:
    """A running plugin, made by `start`: a context manager whose methods many threads may call at once."""

    def __init__(
        self,
        folder: Path,
        declaration: Declaration,
        built: Environment,
        sessions: Sessions,
        ready_s: float,
        options: tuple[float, Mapping[str, str] | None],
    ) -> None:
        """Take over what `start` made."""
        self.folder = folder
        """Where it runs: its own folder, or where its package was unpacked, until it is closed."""
        self.declaration = declaration
        self.environment = built
        self.ready_s = ready_s
        """Seconds from the start of the process to its first heartbeat."""
        self.resources = ExitStack()
        """What ends with the plugin: the folder that a package was unpacked to."""
        self._sessions = sessions
        self._options = options
        # The threads keep sessions and process alive: without this a plugin that nobody holds would run on.
        weakref.finalize(self, sessions.process.stop, 0)

    @classmethod
    def start(
        cls,
        source: Path | str,
        *,
        python: str | None = None,
        start_timeout_s: float = START_S,
        heartbeat_s: float = protocol.HEARTBEAT_S,
        on_note: Note = _silent,
        variables: Mapping[str, str] | None = None,
    ) -> Plugin:
        """Start the plugin of a folder or a .difypkg file and return it when it is ready.

        `python` is the interpreter for its environment (`memconform.dify.interpreter`), `variables` are added to its
        process's environment, `on_note` is told what takes long. `start_timeout_s` does not count the building of the
        environment. Raise `NotAPlugin`, `EnvironmentFailed` or `NotStarted`.
        """
        with ExitStack() as resources:
            root = resources.enter_context(plugin_folder(source))
            declaration = read_declaration(root)
            built = environment(root, interpreter(python, on_note), on_note=on_note)
            sessions, ready_s = _started(root, built, start_timeout_s, heartbeat_s, variables)
            sessions.storage.limit = allowed_bytes(declaration.manifest)
            plugin = cls(root, declaration, built, sessions, ready_s, (heartbeat_s, variables))
            plugin.resources = resources.pop_all()
            return plugin

    def another(self, *, start_timeout_s: float = START_S) -> Plugin:
        """Start one more process of the same plugin and return it when it is ready; nothing is read or built again.

        It runs in the same folder: where that was unpacked from a package, close this plugin last. Raise `NotStarted`.
        """
        sessions, ready_s = _started(self.folder, self.environment, start_timeout_s, *self._options)
        sessions.storage.limit = allowed_bytes(self.declaration.manifest)
        return Plugin(self.folder, self.declaration, self.environment, sessions, ready_s, self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the plugin's process group; calls that still wait end with `PluginDied`. Closing twice does nothing."""
        self._sessions.end("it was stopped by its host", grace_s=1.0)
        self.resources.close()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest as the running plugin declared it."""
        return self._sessions.manifest or self.declaration.manifest

    @property
    def identity(self) -> str:
        """`author/name:version`."""
        return identity(self.manifest)

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The declared tools by name."""
        return self.declaration.tools

    def invoke(
        self,
        tool: str,
        parameters: Mapping[str, Any],
        *,
        credentials: Mapping[str, Any] | None = None,
        user_id: str = "memconform",
        timeout_s: float = CALL_S,
        provider: str | None = None,
        **context: Any,
    ) -> Invocation:
        """Call a tool and return all that it gave, with its error if it answered one.

        `context` are the request's other members: conversation_id, message_id, app_id, endpoint_id, context. Raise
        `NoSuchTool` when the plugin does not declare the tool and no `provider` is given, `CallTimedOut`, `PluginDied`.
        """
        started = time.perf_counter()
        answered = self.stream(
            tool,
            parameters,
            credentials=credentials,
            user_id=user_id,
            timeout_s=timeout_s,
            provider=provider,
            **context,
        )
        return finished(answered, started)

    def stream(
        self,
        tool: str,
        parameters: Mapping[str, Any],
        *,
        credentials: Mapping[str, Any] | None = None,
        user_id: str = "memconform",
        timeout_s: float = CALL_S,
        provider: str | None = None,
        **context: Any,
    ) -> Iterator[Item]:
        """Call a tool and yield each item as it comes; a `CallError` is the last one. Arguments as for `invoke`."""
        data = protocol.tool_request(
            tool,
            parameters,
            provider=provider or self.declaration.tool(tool).provider,
            credentials=credentials or {},
            user_id=user_id,
        )
        return items(self._sessions.call(data, _given(context), timeout_s, f"the call of {tool!r}"))

    def validate(
        self,
        credentials: Mapping[str, Any],
        *,
        user_id: str = "memconform",
        timeout_s: float = CALL_S,
        provider: str | None = None,
    ) -> CallError | None:
        """Let the plugin check credentials; return None when it finds them valid, else what it says."""
        data = protocol.credentials_request(
            provider=provider or self.declaration.provider().name, credentials=credentials, user_id=user_id
        )
        done = finished(items(self._sessions.call(data, {}, timeout_s, "the check of credentials")), 0.0)
        if done.error is None and not any(message.get("result") is True for message in done.messages):
            return CallError("NoVerdict", "the plugin ended the check of credentials without a result")
        return done.error

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._sessions.process.pid

    @property
    def gone(self) -> str | None:
        """Why the plugin is gone; None while it lives."""
        return self._sessions.over

    @property
    def rss_mb(self) -> float | None:
        """Resident memory of the process in MB; None where the system does not tell."""
        return self._sessions.process.rss_mb()

    @property
    def stray(self) -> list[str]:
        """The lines of standard output that are not of the protocol, the newest 1,000, each cut to 4,096 characters."""
        return list(self._sessions.stray)

    @property
    def logs(self) -> list[Mapping[str, Any]]:
        """The `log` and `error` events that belong to no call, the newest 10,000, as they came."""
        return list(self._sessions.logs)

    @property
    def dropped(self) -> int:
        """How many messages came for calls that had already ended."""
        return self._sessions.dropped

    @property
    def stored(self) -> dict[str, bytes]:
        """What the plugin keeps in the host's storage, by key."""
        return dict(self._sessions.storage.values)

    def stderr(self) -> str:
        """Return standard error, the newest 4 MiB."""
        return self._sessions.process.stderr.bytes().decode(errors="replace")

    def written(self) -> bytes:
        """Return all that came out: standard output (the newest 32 MiB), then standard error (the newest 4 MiB)."""
        process = self._sessions.process
        return process.stdout.bytes() + process.stderr.bytes()

    @property
    def forgotten(self) -> int:
        """How many bytes of output `written` no longer has."""
        process = self._sessions.process
        return process.stdout.forgotten + process.stderr.forgotten


def _given(context: Mapping[str, Any]) -> dict[str, Any]:
    known = ("conversation_id", "message_id", "app_id", "endpoint_id", "context")
    wrong = [name for name in context if name not in known]
    if wrong:
        raise TypeError(f"a request has no {', '.join(wrong)}: there are {', '.join(known)}")
    return {name: value for name, value in context.items() if value is not None}


def _started(
    root: Path, built: Environment, timeout_s: float, heartbeat_s: float, more: Mapping[str, str] | None
) -> tuple[Sessions, float]:
    """Start the process and wait for its first heartbeat; return how long that took, in seconds."""
    started = time.perf_counter()
    process = Process(built.python, root, variables("local", more))
    sessions = Sessions(process, heartbeat_s)
    try:
        in_time = sessions.ready.wait(timeout_s)
        if in_time and sessions.over is None:
            return sessions, time.perf_counter() - started
        sessions.end(f"it sent no heartbeat within {timeout_s:g} s of its start")
    except BaseException:
        sessions.end("its start was interrupted")
        raise
    raise NotStarted(f"{root.name} did not start: {sessions.over}")
