"""What the matrix has of each server: a few lines of its conformance result, without the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from memconform.matrix.signs import outcome_of
from memconform.providers.definition import FILE, Definition, definition, folder

BRIDGED = "behind memconform's bridge"
"""What services behind our bridges say of themselves; only those are taken for the provider of a definition."""


def server(name: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the server's member of `servers`; see `schemas/results/matrix.schema.json`."""
    run, verdict = result["run"], result["verdict"]
    service = declared_service(result["server"]["capabilities"])
    known = _definition(name, service)
    return {
        "name": name,
        "title": known.title if known else service["name"] if service else name,
        "version": known.version if known else service["version"] if service else None,
        "service": service,
        "page": known.page if known else None,
        "url": result["server"]["url"],
        "contract": result["contract"],
        "judged_at": run["started_at"],
        "budget": run["budget"],
        "requests": run["requests"]["total"],
        "seconds": run["seconds"],
        "finished": run["finished"],
        "partial": verdict["partial"],
        "verdict": _whole(verdict["conformance"], left_out=verdict["partial"]),
        "badge": verdict["badge"],
        "counts": dict(Counter(outcome_of(row) for row in result["requirements"])),
        "profiles": [_profile(row, result) for row in result["profiles"]],
        "requirements": {row["id"]: outcome_of(row) for row in result["requirements"]},
    }


def _profile(row: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    musts = [each for each in result["requirements"] if each["profile"] == row["name"] and each["level"] == "MUST"]
    outcomes = [outcome_of(each) for each in musts]
    unproven = outcomes.count("inconclusive") + outcomes.count("error")
    of = {"not_met": outcomes.count("fail"), "unproven": unproven, "met": outcomes.count("pass")}
    left_out = not {"not_selected", "not_run"}.isdisjoint(outcomes)
    return {"name": row["name"], "conformance": _whole(row["conformance"], left_out=left_out), **of}


def _whole(conformance: str, *, left_out: bool) -> str:
    """Return a verdict as it stands beside others: conformant in a part is no more than incomplete."""
    return "incomplete" if left_out and conformance == "conformant" else conformance


def declared_service(capabilities: Mapping[str, Any]) -> dict[str, str] | None:
    """Return name and version as a server declares them, None where it does not; a capability document may be wrong."""
    service = capabilities.get("service")
    if not isinstance(service, Mapping):
        return None
    name, version = service.get("name"), service.get("version")
    return {"name": name, "version": version} if isinstance(name, str) and isinstance(version, str) else None


def _definition(name: str, service: Mapping[str, str] | None) -> Definition | None:
    bridged = service is not None and BRIDGED in service["name"]
    return definition(name) if bridged and (folder() / name / FILE).is_file() else None


def contract_rows(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the profiles and requirements that the results have, in the order of the first that has them."""
    profiles: dict[str, dict[str, str]] = {}
    requirements: dict[str, dict[str, str]] = {}
    for result in results:
        for row in result["profiles"]:
            profiles.setdefault(row["name"], {name: row[name] for name in ("name", "title")})
        for row in result["requirements"]:
            members = ("id", "level", "profile", "statement")
            requirements.setdefault(row["id"], {name: row[name] for name in members})
    order = list(profiles)
    rows = sorted(requirements.values(), key=lambda row: (order.index(row["profile"]), row["id"]))
    return {"profiles": list(profiles.values()), "requirements": rows}
