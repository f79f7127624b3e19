"""What was judged, by whom, how and when: the head of the page and its table of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memconform.report.html.durations import duration
from memconform.result_file import CLIENT

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What was judged, in words."""

    kind: str
    """"server" or "client"."""
    title: str
    where: str
    """Its address, or the folder of a plugin."""
    facts: tuple[tuple[str, str], ...]
    command: str
    """What repeats the run."""


def subject(result: Result) -> Subject:
    """Return what a result is about."""
    run = result["run"]
    if result["format"] == CLIENT.format:
        client = result["client"]
        return Subject("client", client["identity"], client["path"], tuple(_client_facts(result)), run["command"])
    server = result["server"]
    return Subject("server", _named(server) or server["url"], server["url"], tuple(_facts(result)), run["command"])


def _named(server: Result) -> str:
    service = server["capabilities"].get("service")
    words = [service.get("name"), service.get("version")] if isinstance(service, Mapping) else []
    return " ".join(str(word) for word in words if word)


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    run, declared = result["run"], result["server"]["capabilities"].get("profiles")
    requests = run["requests"]
    yield "server", " at ".join(filter(None, (_named(result["server"]), result["server"]["url"])))
    yield "declares", ", ".join(map(str, declared)) if isinstance(declared, list) and declared else "no profile"
    yield "date", moment(run["started_at"])
    yield "took", duration(run["seconds"])
    yield "budget", run["budget"]
    yield "seed", str(run["seed"])
    yield "selection", _selected(run["selection"])
    yield "tests", f"{len(result['tests']):,} of {run['planned_tests']:,} planned"
    yield (
        "requests",
        f"{requests['tests']:,} by tests, {requests['cleanup']:,} to clean up, {requests['total']:,} in all "
        f"(announced: at most {requests['bound']:,} by tests)",
    )
    yield "run id", run["id"]
    yield from _tool(result)


def _client_facts(result: Result) -> Iterator[tuple[str, str]]:
    run, client = result["run"], result["client"]
    yield "client", f"{client['identity']}, {client['path']}"
    yield "date", moment(run["started_at"])
    yield "took", duration(run["seconds"])
    yield "deadline", f"{client['deadline_s']:g} s a call"
    yield "selection", ", ".join(run["selection"]) or "everything"
    yield "tests", f"{len(result['tests']):,} of {run['planned_tests']:,} planned"
    yield "calls", f"{run['calls']:,} of tools, {run['requests']:,} requests seen"
    yield "tools", "; ".join(f"{each['tool']} → {each['operation']}" for each in client["tools"])
    yield from _tool(result)


def _tool(result: Result) -> Iterator[tuple[str, str]]:
    tool = result["tool"]
    packages = ", ".join(f"{name} {version}" for name, version in tool["packages"].items())
    yield "judge", f"{tool['name']} {tool['version']} on Python {tool['python']}, {tool['platform']}"
    yield "with", packages
    yield "contract", f"memory API {result['contract']}"


def _selected(selection: Result) -> str:
    named = [*selection["requirements"], *(f"profile {name}" for name in selection["profiles"])]
    named += [f"level {selection['level']}"] if selection["level"] else []
    return ", ".join(named) or "everything"


def moment(timestamp: str) -> str:
    """Return an RFC 3339 time in UTC as people write it, to the second."""
    day, _, clock = timestamp.partition("T")
    return f"{day} {clock[:8]} UTC" if clock.endswith("Z") else timestamp
