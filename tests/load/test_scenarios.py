"""The scenarios that come with memconform, as whole runs: good servers stay unblamed, bad ones get their figures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from tests.load.conftest import KEY, scopes_held

from memconform.serving import served
from memconform_load.arrivals import parse_schedule
from memconform_load.launch import RunFailed, run
from memconform_load.plan import Plan
from memconform_load.scenarios import scenario_folder, scenarios
from memconform_load.slo import parse_slo

SECONDS = 3
SMALL: Mapping[str, Mapping[str, Any]] = {
    "browse": {"parameters": {"facts": 15, "page": 5, "reading": 0.01}},
    "bulk": {"rate": "40", "seconds": 4, "parameters": {"window": 1.0, "bulk": 30, "facts": 5}},
    "burst": {"rate": "60", "arrivals": "gamma:4", "seconds": 4, "parameters": {"facts": 5}},
    "chat": {"parameters": {"model": 0.05, "facts": 5}},
    "erase": {"parameters": {"facts": 20, "erasures": 0.1}},
    "freshness": {"rate": "15", "parameters": {"facts": 3}},
    "grow": {"people": 1, "seconds": 4, "parameters": {"from": 5, "to": 200, "steps": 6}},
    "noisy": {"rate": "20", "seconds": 4, "parameters": {"window": 1.0, "heavy_facts": 60, "noise": 3, "facts": 5}},
    "plugin": {
        "sessions": 4,
        "drivers": ("plugin",),
        "plugin": "reference_plugin",
        "seconds": 6,
        "parameters": {"levels": "1,4", "slices": 1, "think": 0.01, "facts": 3},
    },
    "readonly": {"parameters": {"facts": 10}},
    "recall": {"parameters": {"facts": 10}},
    "retries": {},
    "soak": {"seconds": 6, "parameters": {"facts": 5}},
    "spike": {"rate": "spike 20..60:1s", "seconds": 6, "parameters": {"facts": 5}},
    "update": {},
}
"""Each scenario, small enough for a test."""
UNKNOWN = {"fairness", "memory growth", "recovery time"}
"""Figures that runs as small, and without a `server_pid`, need not know."""


def _played(url: str, name: str, **more: Any) -> dict[str, Any]:
    """Run a scenario against a server and return its result; `more` changes what `SMALL` says."""
    small = {**SMALL[name], **more}
    seconds, rate, kind = small.get("seconds", SECONDS), small.get("rate", "30"), small.get("arrivals", "poisson")
    sessions = small.get("sessions")
    plan = Plan(
        url,
        name,
        None if sessions else parse_schedule(rate, seconds, kind),
        sessions=sessions,
        duration_s=seconds,
        slo=("errors<1%",),
        **{
            "people": 10,
            **{key: value for key, value in small.items() if key not in ("seconds", "rate", "arrivals", "sessions")},
        },
    )
    return run(plan, env={"MEMCONFORM_API_KEY": KEY})


def _all_played(url: str, names: Sequence[str], **more: Any) -> dict[str, dict[str, Any]]:
    """Run scenarios at the same time; their figures are rough, their people are not the same."""
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda name: _played(url, name, **more), names), strict=True))


def _values(result: Mapping[str, Any]) -> dict[str, float | None]:
    return {row["name"]: row["value"] for row in result["figures"]}


def _course(result: Mapping[str, Any]) -> list[Any]:
    arrivals = [(row["second"], row["intended"]) for row in result["timeline"] if row["intended"]]
    return [*arrivals, *((row["operation"], row["count"]) for row in result["operations"])]


NAMES = sorted(SMALL)


@pytest.mark.parametrize("names", [NAMES[at::3] for at in range(3)], ids=" ".join)
def test_the_reference_stays_unblamed(server: str, names: Sequence[str]) -> None:
    """Each scenario runs against the reference: no law is broken, no call fails, figures are said, nothing is left."""
    for name, result in _all_played(server, names).items():
        assert result["violations"]["total"] == 0, (name, result["violations"]["found"])
        assert result["violations"]["checked"]["reads"] > 0, name
        assert (result["counts"]["failed"], result["counts"]["unfinished"], result["errors"]) == (0, 0, []), name
        assert result["verdict"]["word"] in ("met", "invalid"), (name, result["verdict"])  # others use these cores too
        assert result["figures"], name
        for figure in result["figures"]:
            assert figure["said"], (name, figure)
            assert figure["value"] is not None or figure["name"] in UNKNOWN, (name, figure)
        assert result["warnings"] == [], name
    assert scopes_held(server) == []


def test_all_of_them_are_played_here() -> None:
    """No scenario comes without its test."""
    assert [each.name for each in scenarios()] == NAMES


def test_what_is_listed_is_what_they_are() -> None:
    """Needs, parameters, plan and objectives that are read without importing Locust are those of the class."""
    told = {
        each.name: [each.summary, sorted(each.needs), each.parameters, each.plan, list(each.objectives)]
        for each in scenarios()
    }
    program = (
        "import importlib, inspect, json, sys\n"
        "from memconform_load.engine import MemoryUser\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "told = {}\n"
        "for name in sys.argv[2:]:\n"
        "    module = importlib.import_module(name)\n"
        "    one, = (each for each in vars(module).values() if inspect.isclass(each) and issubclass(each, MemoryUser)\n"
        "            and each is not MemoryUser)\n"
        "    summary = inspect.getdoc(one).split('\\n')[0]\n"
        "    told[name] = [summary, sorted(one.needs), one.parameters, one.plan, one.objectives]\n"
        "print(json.dumps(told))\n"
    )
    words = [sys.executable, "-c", program, str(scenario_folder()), *told]
    real = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert real == json.loads(json.dumps(told))


def test_they_say_something_that_can_be_judged() -> None:
    """Each summary is a sentence for a list, each default objective is one, and plans name members of a plan."""
    for each in scenarios():
        assert each.summary.endswith("."), each.name
        assert 20 < len(each.summary) < 120, each.name
        assert "violations=0" in each.objectives, each.name
        for text in each.objectives:
            parse_slo(text)
        assert set(each.plan) <= {"rate", "arrivals", "duration", "people", "sessions"}, each.name
        if "rate" in each.plan:
            parse_schedule(each.plan["rate"], 60.0, each.plan.get("arrivals", "poisson"))
        assert each.name not in sys.stdlib_module_names


def test_the_same_seed_gives_the_same_course(server: str) -> None:
    """Arrivals and the number of calls of each kind follow from the seed; another seed gives others."""
    names = ["recall", "retries", "update"]
    first, second, other = (_all_played(server, names, seconds=2, seed=seed) for seed in (5, 5, 6))
    for name in names:
        assert _course(first[name]) == _course(second[name]) != _course(other[name]), name


def test_needs_are_honoured() -> None:
    """Where the server declares the core alone, scenarios that need more are skipped clearly, the others are played."""
    needy = {"chat": "search", "erase": "erasure, search", "retries": "idempotency", "update": "update"}

    def skipped(name: str) -> tuple[str, int]:
        with pytest.raises(RunFailed) as failed:
            _played(url, name)
        return str(failed.value), failed.value.exit_code

    with served(["--variant", "only-core"], {"MEMCONFORM_SERVER_API_KEYS": KEY}) as url, ThreadPoolExecutor(5) as pool:
        played = pool.submit(_played, url, "browse")
        for (name, needs), (said, code) in zip(needy.items(), pool.map(skipped, needy), strict=True):
            assert f"skipped: the scenario {name} needs {needs}, which the server does not declare" in said
            assert code == 2
        assert played.result()["violations"]["total"] == 0


def test_people_of_several_processes(server: str) -> None:
    """Scenarios that play with certain people do so in each process; a process without people does no harm."""
    results = _all_played(server, ["noisy", "bulk", "grow"], workers=2)
    for name, result in results.items():
        assert [worker["state"] for worker in result["workers"]] == ["finished", "finished"], name
        assert (result["violations"]["total"], result["counts"]["failed"]) == (0, 0), name
        assert result["verdict"]["exit_code"] != 4, (name, result["verdict"])
    assert scopes_held(server) == []


def test_sessions_are_conversations(server: str) -> None:
    """In a closed workload a session talks with one person for a conversation, and then with another one."""
    result = _played(server, "chat", sessions=3, parameters={"model": 0.01, "think": 0.001, "facts": 3})
    assert result["model"] == "closed"
    assert result["counts"]["started"] > 60
    assert result["violations"]["checked"]["people"] > 3
    assert result["violations"]["total"] == 0


def test_a_plugin_has_an_overhead_at_each_level(server: str) -> None:
    """The same searches go directly and through a real plugin, with few and with more sessions at once."""
    result = _played(server, "plugin")
    values = _values(result)
    assert {row["driver"] for row in result["operations"] if row["operation"] == "search"} == {"direct", "plugin"}
    assert values["cold start"] is not None
    assert values["cold start"] > 100
    assert values["overhead at 1 session"] is not None
    assert values["overhead at 4 sessions"] is not None
    assert (result["violations"]["total"], result["counts"]["failed"]) == (0, 0)


def test_a_plugin_is_needed(server: str) -> None:
    """Without a plugin the scenario of that name is skipped, and says what to give."""
    with pytest.raises(RunFailed, match="--plugin") as failed:
        _played(server, "plugin", drivers=("direct",), plugin=None)
    assert failed.value.exit_code == 2


def test_figures_find_what_they_are_for() -> None:
    """A search that slows with growth has a slope; imports that block everybody slow searches down."""

    def played(defect: str, name: str, **more: Any) -> dict[str, float | None]:
        with served(["--defect", defect], {"MEMCONFORM_SERVER_API_KEYS": KEY}) as url:
            return _values(_played(url, name, **more))

    with ThreadPoolExecutor(2) as pool:
        growing = pool.submit(played, "slows-with-growth", "grow", rate="15", seconds=6)
        blocking = pool.submit(played, "blocks-everybody-for-a-batch", "bulk", seconds=6)
        slope, factor = (growing.result()[name] for name in ("search slope", "growth factor"))
        slowdown = blocking.result()["slowdown"]
    assert slope is not None
    assert slope > 25  # it takes 50 ms for each 1,000 facts
    assert factor is not None
    assert factor > 1.5
    assert slowdown is not None
    assert slowdown > 3


def test_a_leak_is_seen() -> None:
    """A server that keeps 20 KiB of each request grows, and the soak says so; it needs the server's process id."""
    with served(["--defect", "keeps-every-request"], {"MEMCONFORM_SERVER_API_KEYS": KEY}) as url:
        port = int(url.rsplit(":", 1)[1])
        children = psutil.Process().children(recursive=True)
        pid = next(each.pid for each in children if any(c.laddr.port == port for c in each.net_connections("tcp")))
        result = _played(url, "soak", rate="60", seconds=12, server_pid=pid)
    memory = next(row for row in result["figures"] if row["name"] == "memory growth")
    assert memory["value"] is not None
    assert memory["value"] > 1_000  # 100 calls a second and more, 20 KiB each, are 7 GB an hour
    assert memory["said"].count("MB") >= 2
