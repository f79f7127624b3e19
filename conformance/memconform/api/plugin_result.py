"""The verdict on a Dify plugin as a client, with the evidence, as objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memconform.api.judged import Judged
from memconform.api.parts import requirement_results
from memconform.verdict import Conformance

if TYPE_CHECKING:
    import os


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PluginResult(Judged):
    """The verdict on a plugin: from `check_plugin`, or a file of `memconform plugin check --json`.

    `identity` is author, name and version of the plugin; `calls` are calls of its tools, `requests` what it sent,
    `seconds` how long all took. `stopped` says why the run ended early, None where it did not.

    >>> from memconform import PluginResult, UsageError
    >>> try:
    ...     PluginResult.read("no-such-file.json")
    ... except UsageError as error:
    ...     print(error)
    no-such-file.json cannot be read: No such file or directory
    """

    identity: str
    calls: int
    requests: int
    seconds: float
    stopped: str | None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> PluginResult:
        """Return the result in a file; raise `UsageError` for what cannot be read, or is none of a client."""
        from memconform.result_file import CLIENT, read_result

        return cls.from_json(read_result(Path(path), CLIENT))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PluginResult:
        """Return the result that a document of `schemas/results/client.schema.json` holds; it is not checked."""
        verdict, run = document["verdict"], document["run"]
        return cls(
            conformance=Conformance(verdict["conformance"]),
            exit_code=verdict["exit_code"],
            partial=verdict["partial"],
            contract=document["contract"],
            requirements=requirement_results(document),
            document=document,
            identity=document["client"]["identity"],
            calls=run["calls"],
            requests=run["requests"],
            seconds=run["seconds"],
            stopped=run["stopped"],
        )

    @property
    def _subject(self) -> str:
        return self.identity

    def __str__(self) -> str:
        from click import unstyle

        from memconform.report.client import client_verdict_lines

        return "\n".join(unstyle(line) for line in client_verdict_lines(self.document))
