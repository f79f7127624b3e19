"""The client under test: a Dify plugin in its real runtime, called through its mapping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from memconform.clients.called import Called, failure_in, merged
from memconform.clients.mapping import MappedTool, PluginMap, filled
from memconform.dify import CallTimedOut, Plugin, PluginDied
from memconform.settings import UsageError

DEADLINE_S = 2.0
"""How long a call may take in a check, in seconds, where the plugin can be told."""

_PATIENCE_S = 3.0
"""How long a call that is late already is still waited for, in seconds."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check of credentials."""

    seconds: float
    refusal: str | None = None
    """What the plugin said; None when it found them valid."""
    lost: str | None = None
    """Why there is no answer."""

    @property
    def accepted(self) -> bool:
        """Tell whether the plugin found the credentials valid."""
        return self.refusal is None and self.lost is None

    def said(self) -> str:
        """Return what came of it in a line."""
        return self.lost or ("accepted" if self.refusal is None else f"refused: {self.refusal!r}")


class Client:
    """A running plugin. Calls may be made from many threads at once; one that died is started again for the next."""

    def __init__(
        self,
        path: Path,
        mapping: PluginMap,
        *,
        python: str | None = None,
        deadline_s: float = DEADLINE_S,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take note of what to start; `deadline_s` counts only where the credentials have a place for it.

        `on_note` is told what takes long: an environment that is being built.
        """
        self.path = path
        self.mapping = mapping
        self.deadline_s = deadline_s if mapping.takes_deadline else mapping.deadline_s or deadline_s
        self.grace_s = max(2.0, 0.5 * self.deadline_s)
        """What a call may take beyond its deadline before it is held against the client: for busy machines."""
        self.deaths: list[str] = []
        self.called: list[Called] = []
        self.scopes: Mapping[str, Mapping[str, Any]] | None = None
        """By tool, what it puts into a scope besides the user; None before that is known."""
        self._python = python
        self._on_note = on_note
        self._lock = threading.Lock()
        self._plugin: Plugin | None = None
        self._ended: list[bytes] = []
        self._stray: list[str] = []
        self._logs: list[Any] = []

    def __enter__(self) -> Self:
        """Start the plugin; raise `PluginFailed` when it does not start, `UsageError` when the mapping does not fit."""
        self._running()
        self._check_tools()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop the plugin and its whole process group."""
        with self._lock:
            self._end()

    @property
    def limit_s(self) -> float:
        """What a call may take before it is held against the client: its deadline, with grace."""
        return self.deadline_s + self.grace_s

    @property
    def identity(self) -> str:
        """Author, name and version."""
        return self.plugin.identity

    @property
    def interpreter(self) -> str:
        """The Python that the plugin runs on, for people."""
        built = self.plugin.environment
        return f"Python {built.python_version} with dify-plugin {built.sdk_version}"

    @property
    def plugin(self) -> Plugin:
        """The running plugin."""
        return self._running()

    def call(self, tool: MappedTool, url: str, key: str, user: str, values: Mapping[str, Any]) -> Called:
        """Call the tool for a user, with the server at `url` and an API key; never raises for what the plugin does."""
        plugin = self._running()
        parameters = filled(tool.parameters, {**values, "user_id": user})
        started = time.monotonic()
        told: dict[str, Any] = {}
        try:
            done = plugin.invoke(
                tool.tool,
                parameters,
                credentials=self.credentials(url, key),
                user_id=user,
                timeout_s=self.limit_s + _PATIENCE_S,
            )
        except CallTimedOut:
            told["lost"] = f"no end of the call after {time.monotonic() - started:.1f} s"
        except PluginDied as death:
            told["lost"] = f"the plugin died: {death}"
            self._bury(plugin, str(death))
        else:
            output = merged(done.json, done.variables)
            message = done.error.message or done.error.type if done.error else failure_in(output, self.mapping.failure)
            files = "\n".join(blob.data.decode("utf-8", "replace") for blob in done.blobs)
            told = {"output": output, "text": done.text, "error": message, "files": files}
        called = Called(tool, parameters, time.monotonic() - started, **told)
        with self._lock:
            self.called.append(called)
        return called

    def check(self, url: str, key: str) -> Checked:
        """Let the plugin check credentials, as its form does when it is saved."""
        plugin = self._running()
        started = time.monotonic()
        told: dict[str, Any] = {}
        try:
            error = plugin.validate(self.credentials(url, key), timeout_s=self.limit_s + _PATIENCE_S)
        except CallTimedOut:
            told["lost"] = "no end"
        except PluginDied as death:
            told["lost"] = f"the plugin died: {death}"
            self._bury(plugin, str(death))
        else:
            told["refusal"] = None if error is None else error.message or error.type
        return Checked(time.monotonic() - started, **told)

    def credentials(self, url: str, key: str) -> dict[str, Any]:
        """Return the provider's credentials, as its form would have them: text."""
        values = {"base_url": url, "api_key": key, "deadline_s": f"{self.deadline_s:g}"}
        return filled(self.mapping.credentials, values)

    def written(self) -> bytes:
        """Return all that came out of the plugin's processes so far: standard output and standard error."""
        with self._lock:
            now = [self._plugin.written()] if self._plugin else []
            return b"\n".join([*self._ended, *now])

    def log_text(self) -> str:
        """Return what is a log: the runtime's log events, stray output and standard error."""
        with self._lock:
            now = self._plugin
            logs = [*self._logs, *(now.logs if now else [])]
            stray = [*self._stray, *(now.stray if now else [])]
            stderr = now.stderr() if now else ""
        return "\n".join([*map(str, map(_log_line, logs)), *stray, stderr])

    def stray(self) -> list[str]:
        """Return the lines of standard output that are not of the protocol."""
        with self._lock:
            return [*self._stray, *(self._plugin.stray if self._plugin else [])]

    def _running(self) -> Plugin:
        with self._lock:
            if self._plugin is None:
                self._plugin = Plugin.start(self.path, python=self._python, on_note=self._on_note)
            return self._plugin

    def _bury(self, plugin: Plugin, why: str) -> None:
        with self._lock:
            if plugin is self._plugin:
                self.deaths.append(why)
                self._end()

    def _end(self) -> None:
        plugin, self._plugin = self._plugin, None
        if plugin is not None:
            self._ended.append(plugin.written())
            self._stray += plugin.stray
            self._logs += plugin.logs
            plugin.close()

    def _check_tools(self) -> None:
        known = self.plugin.tools
        missing = [tool.tool for tool in self.mapping.tools if tool.tool not in known]
        if missing:
            raise UsageError(
                f"the mapping names tools that the plugin does not have: {', '.join(missing)}; "
                f"it has {', '.join(sorted(known))}"
            )


def _log_line(event: Any) -> Any:
    data = event.get("data") if isinstance(event, dict) else None
    return data.get("message", data) if isinstance(data, dict) else event
