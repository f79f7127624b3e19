"""`run_load`: a load test for a test of one's own, and its result as an object."""

from __future__ import annotations

import copy
import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from memconform import HarnessFailed, ServerUnreachable, UsageError
from memconform.api.words import as_arguments
from memconform_load.exit_codes import INVALID, MET, USAGE
from memconform_load.launch import RunFailed, run

Verdict: TypeAlias = Literal["met", "not met", "invalid", "failed", "interrupted"]
"""`invalid`: nothing was measured that can be believed. The last two are only read from files: `run_load` raises."""

_MEMBERS = ("objective", "observed", "limit", "unit", "met", "decided", "said")
_EXTRA = ("hdrh", "locust", "numpy", "psutil", "scipy")
"""What the extra `load` installs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective and what came of it: `observed` (None where it cannot be known) against `limit`, both in `unit`.

    `met` is False for what cannot be known; `decided` says whether the sample is large enough; `said` is it in words.

    >>> from memconform_load import Objective
    >>> Objective(
    ...     objective="search.p95<200ms", observed=8.2, limit=200.0, unit="ms", met=True, decided=True, said="fine"
    ... ).met
    True
    """

    objective: str
    observed: float | None
    limit: float
    unit: str
    met: bool
    decided: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LoadResult:
    """The result of a load test: what `run_load` returns, and what `read` makes of a file of `memconform load --json`.

    `reasons` say why the verdict is what it is, the gravest first. `violations` counts answers that were wrong.
    `document` has everything there is; do not change it. `str()` gives what a terminal shows.

    >>> from memconform_load import LoadResult
    >>> try:
    ...     LoadResult.read("no-such-file.json")
    ... except Exception as error:
    ...     print(error)
    no-such-file.json cannot be read: No such file or directory
    """

    verdict: Verdict
    exit_code: int
    reasons: tuple[str, ...]
    objectives: tuple[Objective, ...]
    violations: int
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> LoadResult:
        """Return the result in a file; raise `UsageError` for what cannot be read, or is none of a load test."""
        from memconform_load.report.reading import read_result

        return cls.from_json(read_result(Path(path)))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LoadResult:
        """Return the result that a document of `schemas/results/load.schema.json` holds; it is not checked."""
        verdict = document["verdict"]
        return cls(
            verdict=verdict["word"],
            exit_code=verdict["exit_code"],
            reasons=tuple(verdict["reasons"]),
            objectives=tuple(Objective(**{name: each[name] for name in _MEMBERS}) for each in document["slo"]),
            violations=document["violations"]["total"],
            document=document,
        )

    @property
    def met(self) -> bool:
        """Whether the run is valid and every objective is met."""
        return self.exit_code == MET

    def assert_met(self) -> None:
        """Raise `AssertionError`, with the summary as a terminal shows it, unless every objective is met."""
        __tracebackhide__ = True
        if not self.met:
            raise AssertionError(f"the load test is {self.verdict}: {'; '.join(self.reasons)}\n\n{self}")

    def to_json(self) -> dict[str, Any]:
        """Return a copy of the whole result as JSON values."""
        return copy.deepcopy(dict(self.document))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as JSON, whole or not at all, and return the path; raise `OSError` where that cannot be."""
        from memconform.report.files import write_json

        write_json(Path(path), self.document)
        return Path(path)

    def write(self, path: str | os.PathLike[str], form: Literal["html", "markdown"] = "html") -> Path:
        """Write one page with charts, or a summary in Markdown, and return the path.

        Markdown is appended where the file is the one that GITHUB_STEP_SUMMARY names. Raises `OSError` where that
        cannot be, `UsageError` for another form.
        """
        from memconform.report.files import write_summary, write_text
        from memconform_load.report import markdown, page

        renders = {"html": (page.render, write_text), "markdown": (markdown.render, write_summary)}
        if form not in renders:
            raise UsageError(f"{form!r} is no form of a load test's result; there are {', '.join(renders)}")
        render, write = renders[form]
        return write(Path(path), render(self.document))

    def __str__(self) -> str:
        from memconform_load.report.terminal import render

        return render(self.document)

    def __repr__(self) -> str:
        return f"<LoadResult of {self.document['target']['url']}: {self.verdict}>"


def run_load(
    url: str,
    *,
    scenario: str = "chat",
    rate: str | None = None,
    duration: str | None = None,
    users: int | None = None,
    sessions: int | None = None,
    seed: int = 0,
    slo: Sequence[str] = (),
    parameters: Mapping[str, str] | None = None,
    timeout: str = "30s",
    workers: int = 1,
    judged: bool = True,
    owned: bool = False,
    api_key: str | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    insecure: bool = False,
    keep_data: bool = False,
    plugin: str | os.PathLike[str] | None = None,
    mapping: str | os.PathLike[str] | None = None,
    direct: bool = False,
    plugin_processes: int = 1,
) -> LoadResult:
    """Load the memory server at `url` as agents do, and return the result.

    Locust runs in a process of its own, so nothing of the caller's is monkey-patched, and nothing is printed. The
    arguments are options of `memconform load`: `scenario` is a name (`memconform load --list`) or a file, `rate` is
    arrivals a second such as "50" or "10..100", `duration` a time such as "60s", `users` how many people have memories;
    `sessions` makes it a closed workload. `slo` are objectives such as "search.p95<200ms"; `parameters` are the
    scenario's own. `judged` is whether answers are judged. `owned` says that a target that is not this machine is yours
    to load.

    With `plugin`, the folder or package of a Dify plugin, calls go through it, in Dify's own runtime and in an
    environment that is built once; with `direct` every other arrival goes directly, so that objectives such as
    "overhead.search.p95<10ms" can be judged. `mapping` is the file that says which of its tools does what,
    `memconform.yaml` in its folder where it is not given; `plugin_processes` is how many processes of it there are.

    Only the arguments count: no configuration file is read, and no environment variable but those that say where the
    environments of plugins lie, and on which Python. Raises `UsageError` for arguments that make no sense, or not with
    this server, and where the extra `load` is not installed; `ServerUnreachable` where the server does not answer or
    the plugin does not start; `HarnessFailed`. Objectives that are not met are a result. Ctrl-C in the main thread ends
    the run, which deletes what it created, and comes out as `KeyboardInterrupt`.

    >>> from memconform import UsageError
    >>> from memconform_load import run_load
    >>> try:
    ...     run_load("http://127.0.0.1:8765", slo=["serach.p95<200"])
    ... except UsageError as error:
    ...     print("serach" in str(error))
    True
    """
    absent = [module for module in _EXTRA if importlib.util.find_spec(module) is None]
    if absent:
        raise UsageError(
            f"run_load needs what is not installed: {', '.join(absent)}. Try: pip install 'memconform[load]'"
        )
    if isinstance(slo, str):
        raise UsageError(f"slo is one text, {slo!r}; expected a list of objectives: [{slo!r}]")
    from memconform.settings import API_KEY, RunSettings
    from memconform_load.cli.plan_options import planned

    options = {
        "scenario": scenario, "rate": rate, "duration": duration, "people": users, "sessions": sessions, "seed": seed,
        "slo": list(slo), "parameters": tuple(f"{name}={value}" for name, value in (parameters or {}).items()),
        "timeout": timeout, "workers": workers, "judged": judged, "owned": owned, "insecure": insecure,
        "keep_data": keep_data, "ca_file": None if ca_file is None else str(ca_file),
        "plugin": None if plugin is None else os.fspath(plugin),
        "plugin_map": None if mapping is None else os.fspath(mapping),
        "direct": direct, "plugin_processes": plugin_processes, "arrivals": None, "slo_file": None,
        "drain": "30s", "warm_up": "0s", "server_pid": None,
    }  # fmt: skip
    try:
        plan = planned(url, options)
        RunSettings(url).keys({API_KEY: api_key or ""})
        document = run(plan, env={API_KEY: api_key or ""})
    except UsageError as error:
        raise UsageError(as_arguments(str(error))) from None
    except RunFailed as failed:
        raise _raised(failed) from None
    result = LoadResult.from_json(document)
    if result.verdict == "interrupted":
        raise KeyboardInterrupt
    if result.verdict == "failed":
        raise HarnessFailed(f"the tool failed, which says nothing about the server: {'; '.join(result.reasons)}")
    return result


def _raised(failed: RunFailed) -> Exception:
    if failed.exit_code == USAGE:
        return UsageError(as_arguments(str(failed)))
    if failed.exit_code == INVALID:
        return ServerUnreachable(as_arguments(str(failed)))
    return HarnessFailed(str(failed))
