"""The result of a run as one document; its shape is `schemas/results/load.schema.json`."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from memconform.capabilities import Capabilities
from memconform.environment import tool
from memconform_load.engine.target import is_loopback
from memconform_load.overhead import overhead_rows
from memconform_load.slo import judge, parse_slo
from memconform_load.suspicion import suspicions
from memconform_load.validity import judge_validity, verdict

if TYPE_CHECKING:
    from memconform_load.engine.beginning import Start
    from memconform_load.engine.whole import Whole, Worker

FORMAT = "memconform.load/1"
_PACKAGES = ("gevent", "geventhttpclient", "hdrhistogram", "locust")


def assembled(whole: Whole, start: Start) -> dict[str, Any]:
    """Return the result of a run that is over."""
    share, plan = start.share, start.share.plan
    load_s = _load_s(whole)
    result: dict[str, Any] = {
        "format": FORMAT,
        "command": start.command,
        "tool": _tool(),
        "environment": _environment(),
        "target": _target(plan.url, share.capabilities),
        "scenario": {
            "name": plan.scenario,
            "summary": start.summary,
            "parameters": dict(share.parameters),
            "needs": sorted(start.scenario.needs),
        },
        "plan": plan.as_json(),
        "model": "open" if plan.schedule else "closed",
        "run_id": share.run_id,
        "started_at": _utc(whole.started_at),
        "ended_at": _utc(datetime.now(UTC)),
        "elapsed_s": round((datetime.now(UTC) - whole.started_at).total_seconds(), 3),
        "load_s": round(load_s, 3),
        "counts": whole.recorder.counts(),
        "arrivals_per_s": whole.recorder.arrivals_per_s(load_s),
        "operations": whole.recorder.operations(load_s),
        "errors": whole.recorder.errors(),
        "violations": whole.findings.violations(),
        "measured": _measured(whole),
        "timeline": whole.recorder.timeline(),
        "workers": [_worker(worker) for worker in whole.workers],
        "plugins": [dict(row) for worker in whole.workers for row in worker.plugins],
        "warnings": _warnings(whole),
    }
    result["warnings"] += suspicions(result["operations"])
    result["overhead"] = overhead_rows(result["operations"])
    result["figures"] = _figures(start, whole, result)
    result["slo"] = judge([parse_slo(text) for text in plan.slo], result)
    result["validity"] = judge_validity(result)
    result["verdict"] = verdict(
        result["slo"], result["validity"], failures=whole.failures, interrupted=whole.interrupted
    )
    return result


def _figures(start: Start, whole: Whole, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the scenario concludes; a fault of it is ours and must not cost the result."""
    if whole.began is None:
        return []
    try:
        return start.scenario.conclude(result)
    except Exception as error:  # noqa: BLE001 - the result is worth more than one figure
        whole.failed(f"the scenario could not conclude: {type(error).__name__}: {error}")
        return []


def _load_s(whole: Whole) -> float:
    """Return how long arrivals came, in seconds: less than planned where the run was cut short."""
    if whole.began is None:
        return 0.0
    plan = whole.plan
    planned = plan.schedule.duration_s - plan.warm_up_s if plan.schedule else plan.duration_s
    return min(planned, whole.elapsed_s) if whole.interrupted else planned


def _tool() -> dict[str, Any]:
    said = tool()
    return {**said, "packages": {**said["packages"], **{name: version(name) for name in _PACKAGES}}}


def _environment() -> dict[str, Any]:
    return {
        "cpu_count": os.cpu_count(),
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average": [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }


def _target(url: str, capabilities: Mapping[str, Any]) -> dict[str, Any]:
    service = capabilities.get("service")
    named = isinstance(service, dict) and {"name", "version"} <= set(service)
    return {
        "url": url,
        "service": {name: str(service[name]) for name in ("name", "version")} if named and service else None,
        "profiles": sorted(Capabilities(capabilities).profiles),
        "loopback": is_loopback(url),
    }


def _measured(whole: Whole) -> list[dict[str, Any]]:
    every = {**whole.findings.measured, **whole.measured}
    return [{"name": name, "summary": each.summary()} for name, each in sorted(every.items())]


def _worker(worker: Worker) -> dict[str, Any]:
    counts = worker.recorder.counts()
    rows = worker.recorder.timeline()
    return {
        "index": worker.index,
        "pid": worker.about.get("pid"),
        "host": worker.about.get("host"),
        "state": worker.state,
        "intended": counts["intended"],
        "started": counts["started"],
        "completed": counts["completed"],
        "cpu_max_percent": _most(rows, "cpu_percent"),
        "lag_p99_ms": _most(rows, "lag_p99_ms"),
    }


def _most(rows: list[dict[str, Any]], name: str) -> float | None:
    return max((row[name] for row in rows if row[name] is not None), default=None)


def _warnings(whole: Whole) -> list[str]:
    left = sum(worker.left for worker in whole.workers)
    cleanup = [f"the data of {left} people could not be deleted: 'memconform cleanup' tries again"] if left else []
    return [*whole.warnings, *cleanup]


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
