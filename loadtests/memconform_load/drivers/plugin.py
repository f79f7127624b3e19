"""Calls of the memory API by way of a Dify plugin: its tools, in Dify's own runtime, over standard input and output.

A `memconform.yaml` says which tool does what (`memconform.clients.mapping`). The first call of a process is made before
the load, like its start, and is told apart from it: neither is in any series.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from memconform.clients.called import failure_in, merged
from memconform.clients.mapping import NAME, PluginMap, filled, read_mapping
from memconform.dify import CallError, CallTimedOut, Invocation, Plugin, PluginDied, PluginFailed
from memconform.redaction import redactor
from memconform.settings import UsageError
from memconform_load.calls import Ended, Failed, Op, Reply, Request
from memconform_load.drivers.plugin_failures import DIED, NOT_RUNNING, TIMED_OUT, short, told
from memconform_load.drivers.plugin_pool import NoProcess, Pool
from memconform_load.drivers.plugin_reading import Reading, reading
from memconform_load.drivers.plugin_tools import READS, tools_by_op, values

NOBODY = "memconform-first-call"
"""The person of first calls, who has no memories."""

_DEADLINES_S = (0.5, 120.0)
_FIRST_CALL_S = 10.0


class PluginDriver:
    """A plugin that runs, in one process or more; made by `open`. Greenlets may call at once."""

    name = "plugin"

    def __init__(self, plugin: Plugin, mapping: PluginMap, url: str, api_key: str | None, timeout_s: float) -> None:
        """Take note of what calls need; `timeout_s` is told to a plugin that can be told."""
        self.readings: Mapping[Op, Reading] = {op: reading(tool) for op, tool in tools_by_op(mapping).items()}
        self.supports = frozenset(self.readings)
        self.blind = frozenset(op for op in READS if op in self.readings and not self.readings[op].shows)
        """What it can do without telling which memories it saw: there is nothing to judge in these answers."""
        self._first = plugin
        self._failure = mapping.failure
        self._pool: Pool | None = None
        self._hidden = redactor([api_key] if api_key else [])
        deadline_s = min(max(timeout_s, _DEADLINES_S[0]), _DEADLINES_S[1])
        told_values = {"base_url": url, "api_key": api_key or "", "deadline_s": f"{deadline_s:g}"}
        self._credentials = filled(mapping.credentials, told_values)
        self._first_call_s = min(timeout_s, _FIRST_CALL_S)

    @classmethod
    def open(
        cls,
        source: str,
        url: str,
        api_key: str | None,
        *,
        processes: int = 1,
        timeout_s: float = 30.0,
        on_note: Callable[[str], None] = lambda _: None,
        map_file: Path | None = None,
    ) -> Self:
        """Start the processes of a plugin, one after another, and make the first call of each.

        `source` is a folder or a .difypkg; the mapping is `map_file`, else the folder's, else one beside the package.
        Raise `PluginFailed` when it does not start, `UsageError` when the mapping is missing or does not fit.
        """
        plugin = Plugin.start(source, on_note=on_note)
        try:
            mapping = read_mapping(map_file or _mapping_of(plugin, source))
            _check_tools(plugin, mapping)
            driver = cls(plugin, mapping, url, api_key, timeout_s)
            driver._pool = Pool(plugin, driver.first_call, on_note)
        except BaseException:
            plugin.close()
            raise
        try:
            for _ in range(processes - 1):
                driver.pool.grow()
        except BaseException:
            driver.close()
            raise
        return driver

    def call(self, request: Request, timeout_s: float) -> Reply:
        """Make one call; whatever the plugin or the server does is in the reply."""
        start = time.monotonic()
        how = self.readings.get(request.op)
        if how is None:
            said = f"the plugin's mapping names no tool that can do {request.op.value}"
            return Reply(start, start, Ended.REFUSED, Failed("no such tool", said))
        try:
            with self.pool.one(start + timeout_s) as plugin:
                left = max(0.001, start + timeout_s - time.monotonic())
                done = self._invoked(plugin, how, request, left)
        except NoProcess as none:
            return self._failed(start, Ended.REFUSED, NOT_RUNNING, str(none))
        except CallTimedOut as late:
            return self._failed(start, Ended.UNKNOWN, TIMED_OUT, str(late))
        except PluginDied as death:
            return self._failed(start, Ended.UNKNOWN, DIED, str(death))
        except PluginFailed as failure:
            return self._failed(start, Ended.REFUSED, type(failure).__name__, str(failure))
        return self._read(start, how, request, done)

    def close(self) -> None:
        """Stop all processes."""
        self.pool.close()

    @property
    def pool(self) -> Pool:
        """The processes."""
        assert self._pool is not None  # `open` sets it
        return self._pool

    def about(self) -> dict[str, Any]:
        """Return what the plugin and its runtime are, and what each process took to start and for its first call."""
        plugin = self._first
        return {
            "identity": plugin.identity,
            "python": plugin.environment.python_version,
            "sdk": plugin.environment.sdk_version,
            "processes": self.pool.size,
            "cold_start_ms": [round(each * 1_000, 3) for each in self.pool.cold_start_s],
            "first_call_ms": [round(each * 1_000, 3) for each in self.pool.first_call_s],
            "restarts": self.pool.restarts,
        }

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [plugin.pid for plugin in self.pool.plugins]

    @property
    def rss_mb(self) -> float | None:
        """Resident memory of all processes in MB; None where the system does not tell."""
        told_mb = [found for plugin in self.pool.plugins if (found := plugin.rss_mb) is not None]
        return sum(told_mb) if told_mb else None

    def first_call(self, plugin: Plugin) -> float:
        """Make the first call of a process, which changes nothing, and return its seconds; it may fail."""
        started = time.monotonic()
        op = next((op for op in READS if op in self.readings), None)
        try:
            if op is None:
                plugin.validate(self._credentials, timeout_s=self._first_call_s)
            else:
                nothing = Request(op, NOBODY, query="tea", memory_id="none", key="none", top_k=1, limit=1)
                self._invoked(plugin, self.readings[op], nothing, self._first_call_s)
        except PluginFailed:  # the calls that follow will say so
            pass
        return time.monotonic() - started

    def _invoked(self, plugin: Plugin, how: Reading, request: Request, timeout_s: float) -> Invocation:
        return plugin.invoke(
            how.tool.tool,
            filled(how.tool.parameters, values(request)),
            credentials=self._credentials,
            user_id=request.person,
            timeout_s=timeout_s,
        )

    def _read(self, start: float, how: Reading, request: Request, done: Invocation) -> Reply:
        end = time.monotonic()
        output = merged(done.json, done.variables)
        error = done.error
        if error is None and self._failure is not None and (said := failure_in(output, self._failure)) is not None:
            error = CallError("told in its output", said)
        if error is not None:
            ended, failed, status = told(request.op, error)
            return Reply(start, end, ended, Failed(failed.kind, self._hidden(failed.said)), status)
        tool = how.tool
        reply = Reply(start, end, Ended.OK, memories=how.memories(output, request.text))
        reply.next_cursor = how.one(output, tool.cursor)
        reply.operation_id = how.one(output, tool.operation_id)
        reply.operation_status = how.one(output, tool.status)
        if request.op is Op.EXPORT and done.blobs:
            reply.document = done.blobs[0].data
            reply.size = len(reply.document)
        return reply

    def _failed(self, start: float, ended: Ended, kind: str, said: str) -> Reply:
        return Reply(start, time.monotonic(), ended, Failed(kind, short(self._hidden(said))))


def _mapping_of(plugin: Plugin, source: str) -> Path:
    inside, beside = plugin.folder / NAME, Path(source).resolve().parent / NAME
    return beside if beside.is_file() and not inside.is_file() else inside


def _check_tools(plugin: Plugin, mapping: PluginMap) -> None:
    missing = [tool.tool for tool in mapping.tools if tool.tool not in plugin.tools]
    if missing:
        raise UsageError(
            f"the mapping names tools that {plugin.identity} does not have: {', '.join(missing)}; "
            f"it has {', '.join(sorted(plugin.tools))}"
        )
