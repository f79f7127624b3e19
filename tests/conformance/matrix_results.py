"""Results of conformance runs and load tests, small and valid, for the tests of the matrix."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memconform.contract import requirements, schema, validator
from memconform.verdict import Outcome, conclude

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "providers" / "results"
REAL = sorted(RESULTS.glob("*.json"))
LOADS = ROOT / "docs" / "providers" / "load.json"


def conformance(outcomes: Mapping[str, str], *, url: str = "http://127.0.0.1:8765", **members: Any) -> dict[str, Any]:
    """Return a result with these outcomes; `service`, `badge` and `started_at` may be given."""
    result: dict[str, Any] = copy.deepcopy(schema("conformance")["examples"][0])
    rows = [requirements()[name] for name in outcomes]
    result["requirements"] = [
        {"id": row.id, "level": row.level, "profile": row.profile, "statement": row.statement, "tests": []}
        | {"outcome": outcomes[row.id]}
        for row in rows
    ]
    names = list(dict.fromkeys(row.profile for row in rows))
    result["profiles"] = [_profile(name, result["requirements"]) for name in names]
    result["server"] |= {"url": url}
    if service := members.get("service"):
        result["server"]["capabilities"] = {"service": {"name": service[0], "version": service[1]}}
    result["run"]["started_at"] = members.get("started_at", "2026-01-02T00:00:00.000Z")
    failed = "fail" in outcomes.values()
    result["verdict"] |= {
        "conformance": "not conformant" if failed else "conformant",
        "badge": members.get("badge"),
        "partial": False,
        "counts": dict(Counter(outcomes.values())),
        "exit_code": int(failed),
    }
    assert validator("conformance").errors(result) == []
    return result


def _profile(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = [row["outcome"] for row in rows if row["profile"] == name]
    judged = {word for word in outcomes if word in set(Outcome) - {Outcome.SKIP}}
    verdict = conclude(Outcome(word) for word in judged) if judged else "not declared"
    title = f"What {name} is about"
    counts = dict(Counter(outcomes))
    return {"name": name, "title": title, "declared": bool(judged), "conformance": str(verdict), "counts": counts}


def load(*, url: str = "http://127.0.0.1:8765", p95_ms: float = 12.0, rate: str = "10") -> dict[str, Any]:
    """Return a result of a load test, with that p95 of direct searches."""
    result: dict[str, Any] = copy.deepcopy(schema("load")["examples"][0])
    result["target"]["url"] = url
    result["plan"]["schedule"]["source"] = rate
    found = next(row for row in result["operations"] if (row["operation"], row["driver"]) == ("search", "direct"))
    found["hops"]["latency"] |= {"p50_ms": p95_ms / 2, "p95_ms": p95_ms, "p99_ms": p95_ms * 2}
    assert validator("load").errors(result) == []
    return result


def kept(folder: Path, **documents: Any) -> list[Path]:
    """Write documents as NAME.json; `NAME__load` becomes NAME.load.json. Return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, document in documents.items():
        files.append(folder / f"{name.replace('__', '.')}.json")
        files[-1].write_text(json.dumps(document), encoding="utf-8")
    return files
