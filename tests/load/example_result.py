"""Results of load tests as they come from real runs: a simulated server, a real recorder, every time the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from memconform.environment import tool
from memconform_load.arrivals import poisson
from memconform_load.calls import Failed
from memconform_load.histogram import Histogram
from memconform_load.plan import Plan
from memconform_load.recorder import Recorder

STALL = (0.4, 0.43)
"""When the simulated server stalls, as shares of the load."""
UNAVAILABLE = Failed("503 unavailable", "503 from POST /v1/memories/search: the index is being rebuilt")


def recorded(
    seconds: int, rate: float, drivers: tuple[str, ...], *, seed: int = 7, stalls: bool = True, timed: bool = True
) -> Recorder:
    """Return what was measured of a simulated server: two searches for each add, 1 of 250 fails, one stall."""
    draw, recorder = random.Random(seed), Recorder()
    begin, end = (share * seconds for share in STALL)
    for at in poisson(rate, seconds).times(seed):
        operation, driver = draw.choice(("search", "search", "add")), draw.choice(drivers)
        server = draw.lognormvariate(-4.1, 0.5) * (1.6 if operation == "add" else 1)
        if stalls and begin <= at < end:
            server += end - at
        service = server + draw.lognormvariate(-7, 0.3) + (draw.lognormvariate(-6.3, 0.3) if driver == "plugin" else 0)
        lag = draw.expovariate(3000)
        recorder.intended(at)
        recorder.started(at, lag)
        recorder.record(
            operation,
            driver,
            at_s=at,
            lag_s=lag,
            service_s=service,
            server_s=server if timed else None,
            failed=UNAVAILABLE if draw.random() < 0.004 else None,
        )
        recorder.cpu(at, 31 + draw.random())
    return recorder


def measured(recorder: Recorder, seconds: int) -> dict[str, Any]:
    """Return the members of a result that come from a recorder."""
    return {
        "counts": recorder.counts(),
        "arrivals_per_s": recorder.arrivals_per_s(seconds),
        "operations": recorder.operations(seconds),
        "errors": recorder.errors(),
        "timeline": recorder.timeline(),
    }


def open_run(seconds: int = 60, rate: float = 50.0, *, stalls: bool = True) -> dict[str, Any]:
    """Return a run with arrivals by a schedule that met its objectives, straight and through the plugin."""
    document = {
        "format": "memconform.load/1",
        "tool": tool(),
        "environment": {
            "cpu_count": 2,
            "platform": "Linux 6.1 x86_64",
            "python": "3.11.9",
            "load_average": [0.42, 0.3, 0.25],
        },
        "target": {
            "url": "http://127.0.0.1:8765",
            "service": {"name": "memconform reference", "version": "0.1.0"},
            "profiles": ["core", "search", "keyed"],
            "loopback": True,
        },
        "scenario": {
            "name": "chat",
            "summary": "Chat turns: a search, the model's answer, an add.",
            "parameters": {"think_time_s": 20.0, "zipf": 0.99},
            "needs": ["core", "search"],
        },
        "plan": planned(seconds, rate).as_json(),
        "command": f"memconform load http://127.0.0.1:8765 --scenario chat --rate {rate:g} --duration {seconds}s "
        "--users 1000 --plugin reference_plugin --seed 7 --slo 'search.p95<2000ms' --slo 'violations=0'",
        "run_id": "mcf-0123456789ab",
        "model": "open",
        "started_at": "2026-11-27T10:00:00.000Z",
        "ended_at": "2026-11-27T10:01:02.100Z",
        "elapsed_s": seconds + 2.1,
        "load_s": float(seconds),
        "verdict": {"exit_code": 0, "word": "met", "reasons": []},
        "slo": [
            objective("search.p95<2000ms", 41.2, "ms", 2000.0, met=True),
            objective("errors<1%", 0.43, "%", 1.0, met=True),
            objective("violations=0", 0.0, "", 0.0, met=True),
        ],
        "validity": [
            check("generator lag", 1.5, 10.0, "ms", ok=True),
            check("achieved rate", 99.9, 98.0, "%", ok=True),
            check("cpu", 35.0, 90.0, "%", ok=True),
        ],
        **measured(recorded(seconds, rate, ("direct", "plugin"), stalls=stalls), seconds),
        "overhead": [
            {
                "operation": "add",
                "p50_ms": 1.9,
                "p95_ms": 2.2,
                "p99_ms": None,
                "said": "the plugin adds 1.9 ms",
            },
            {"operation": "search", "p50_ms": 1.8, "p95_ms": 2.1, "p99_ms": 3.0, "said": "the plugin adds 1.8 ms"},
        ],
        "violations": {"total": 0, "checked": {"reads": 2001, "writes": 999}, "found": [], "suspended": []},
        "measured": [{"name": "time to visibility", "summary": summary([0.004 + n / 1e5 for n in range(999)])}],
        "workers": [worker(0, 3000)],
        "plugins": [
            {
                "identity": "memconform/memory:0.1.0",
                "python": "3.11.9",
                "sdk": "0.7.4",
                "processes": 1,
                "cold_start_ms": [1312.5],
                "first_call_ms": [21.4],
                "restarts": 0,
            }
        ],
        "figures": [{"name": "turns", "value": 999.0, "unit": "", "said": "999 turns of 212 sessions"}],
        "warnings": [],
    }
    result: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return result


def planned(seconds: int, rate: float) -> Plan:
    """Return the plan of an open run."""
    return Plan(
        "http://127.0.0.1:8765",
        "chat",
        poisson(rate, seconds),
        duration_s=float(seconds),
        people=1000,
        seed=7,
        drivers=("direct", "plugin"),
        plugin="reference_plugin",
        slo=("search.p95<2000ms", "errors<1%", "violations=0"),
    )


def summary(seconds: list[float]) -> dict[str, Any]:
    """Return the summary of times in seconds, as results have it."""
    made = Histogram()
    for each in seconds:
        made.record(each)
    return made.summary()


def objective(text: str, observed: float | None, unit: str, limit: float, *, met: bool) -> dict[str, Any]:
    """Return one row of the objectives."""
    said = "it cannot be known" if observed is None else f"{observed:g} {unit}".strip()
    known = {"observed": observed, "decided": observed is not None}
    return {"objective": text, **known, "unit": unit, "limit": limit, "met": met, "said": said}


def check(name: str, observed: float | None, limit: float | None, unit: str, *, ok: bool) -> dict[str, Any]:
    """Return one row of the validity."""
    said = f"{name} is {observed} {unit}, the limit {limit}"
    return {"check": name, "ok": ok, "observed": observed, "limit": limit, "unit": unit, "said": said}


def worker(index: int, calls: int, state: str = "finished") -> dict[str, Any]:
    """Return one row of the workers."""
    return {
        "index": index,
        "pid": 4000 + index,
        "host": "localhost",
        "state": state,
        "intended": calls,
        "started": calls,
        "completed": calls,
        "cpu_max_percent": 35.0,
        "lag_p99_ms": 1.5,
    }


def violating_run() -> dict[str, Any]:
    """Return a run whose server lost a write and showed somebody else's memory."""
    result = open_run(30, 40.0)
    result["violations"] = {
        "total": 3,
        "checked": {"reads": 801, "writes": 399},
        "found": [
            {
                "law": "lost write",
                "count": 2,
                "witness": [
                    "12.034 s  add     'Ann likes green tea.' → m-0192, acknowledged with 201",
                    "14.310 s  search  'tea' top_k=10 → m-0011, m-0040: m-0192 is not there",
                    "31.002 s  list    → 14 memories: m-0192 is not there, and nobody deleted it",
                ],
                "example": {"memory_id": "m-0192", "person": "p-17"},
            },
            {
                "law": "foreign memory",
                "count": 1,
                "witness": ["17.500 s  search  by p-3 → m-0150, which p-88 added at 3.211 s"],
                "example": {"memory_id": "m-0150", "person": "p-3", "owner": "p-88"},
            },
        ],
        "suspended": ['duplicates: the server declares dedupe "exact", so repeats are its right'],
    }
    for second, violations in ((14, 2), (17, 1)):
        result["timeline"][second]["violations"] = violations
    result["slo"] = [objective("violations=0", 3.0, "", 0.0, met=False)]
    result["verdict"] = {"exit_code": 1, "word": "not met", "reasons": ["violations=0: 3 answers were wrong"]}
    return result


def invalid_run() -> dict[str, Any]:
    """Return a run whose generator could not keep up, so that its figures mean nothing."""
    result = open_run(30, 40.0)
    result["validity"] = [
        check("generator lag", 312.0, 10.0, "ms", ok=False),
        check("achieved rate", 81.3, 98.0, "%", ok=False),
        check("cpu", 99.0, 90.0, "%", ok=False),
    ]
    result["verdict"] = {
        "exit_code": 3,
        "word": "invalid",
        "reasons": ["the generator lagged by 312 ms (p99); use --workers or another machine"],
    }
    result["warnings"] = ["generator and server share 2 cores"]
    return result


def interrupted_run() -> dict[str, Any]:
    """Return a run that somebody stopped after 9 of 60 seconds, with calls on their way and one never sent."""
    load = recorded(9, 30.0, ("direct", "plugin"))
    for at in (8.7, 8.8, 8.9):
        load.intended(at)
        load.started(at)
        load.unfinished(at, "search", "direct", waited_s=9.5 - at)
    load.intended(8.95)
    load.dropped(8.95, "erase", "direct")
    result = open_run(9, 30.0) | measured(load, 9)
    result["plan"]["duration_s"] = 60.0
    result["verdict"] = {"exit_code": 3, "word": "interrupted", "reasons": ["interrupted after 9 of 60 s"]}
    return result


def closed_run() -> dict[str, Any]:
    """Return a run of sessions that wait for their answers, without a plugin, on a server that declares nothing."""
    result = open_run(20, 30.0) | measured(recorded(20, 30.0, ("direct",), stalls=False, timed=False), 20)
    result["plan"] |= {"schedule": None, "sessions": 16, "drivers": ["direct"], "plugin": None, "slo": []}
    result["target"] |= {"service": None, "profiles": []}
    nothing: dict[str, list[Any]] = {"slo": [], "plugins": [], "overhead": [], "figures": [], "measured": []}
    return result | nothing | {"model": "closed"}


def run_with_a_lost_worker() -> dict[str, Any]:
    """Return a run of two processes of which one was killed half-way."""
    result = open_run(20, 30.0)
    result["workers"] = [worker(0, 301), worker(1, 150, "lost")]
    result["workers"][1] |= {"pid": None, "cpu_max_percent": None, "lag_p99_ms": None}
    result["validity"].append(check("workers", 1.0, 2.0, "", ok=False))
    result["verdict"] = {"exit_code": 3, "word": "invalid", "reasons": ["worker 1 was lost after 10 s"]}
    return result


def empty_run() -> dict[str, Any]:
    """Return a run in which nothing left: every arrival was dropped."""
    load = Recorder()
    for at in range(20):
        load.intended(at)
        load.dropped(at, "search", "direct")
    result = open_run(20, 1.0) | measured(load, 20)
    result |= {"overhead": [], "measured": [], "plugins": [], "figures": []}
    result["slo"] = [objective("search.p95<2000ms", None, "ms", 2000.0, met=False)]
    result["validity"] = [check("completeness", 0.0, None, "", ok=False)]
    result["violations"] = {"total": 0, "checked": {}, "found": [], "suspended": []}
    result["verdict"] = {"exit_code": 3, "word": "invalid", "reasons": ["no call ended"]}
    return result


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "open": open_run,
    "violating": violating_run,
    "invalid": invalid_run,
    "interrupted": interrupted_run,
    "closed": closed_run,
    "lost worker": run_with_a_lost_worker,
    "empty": empty_run,
}
"""Every kind of result, by a name for test ids."""
