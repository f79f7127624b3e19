"""What is shown when a requirement is unfolded, as data: each exchange is in the page once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from memconform.contract import requirements
from memconform.report.evidence import again
from memconform.report.html.known import known
from memconform.specification.anchors import requirement_link

Data = dict[str, Any]

_OF_A_TEST = (
    *("test", "promise", "outcome", "seconds", "requests", "expected", "observed", "reason"),
    *("script", "before", "exchanges", "measures"),
)


def evidence(result: Mapping[str, Any], specification: str | None) -> dict[str, Data]:
    """Return for each requirement why it is there, how it is tested, and what its tests and the wire showed."""
    tests, wire = defaultdict(list), defaultdict(list)
    for record in result["tests"]:
        of = record.get("test_of") or record["requirement"]
        repeated = again(result, of)
        kept = {name: record[name] for name in _OF_A_TEST if name in record} | {"again": repeated}
        tests[record["requirement"]].append(
            kept | ({"of": of} if of != record["requirement"] else {}) | _standing(result, record)
        )
        for finding in record["wire"]:
            wire[finding["requirement"]].append(
                {**finding, "test": record["test"], "again": repeated, **_standing(result, finding)}
            )
    return {
        row["id"]: {
            **_about(row["id"], specification),
            **({"reason": row["reason"]} if row.get("reason") else {}),
            "tests": tests[row["id"]],
            "wire": wire[row["id"]],
        }
        for row in result["requirements"]
    }


def _standing(result: Mapping[str, Any], finding: Mapping[str, Any]) -> Data:
    said = known(result, finding)
    return {"known": said} if said else {}


def _about(requirement: str, specification: str | None) -> Data:
    """Return what this contract says of a requirement; nothing of one that it does not have."""
    row = requirements().get(requirement)
    if row is None:
        return {}
    said = {"why": row.why, "how": row.how, "when": row.when, "source": row.source}
    if specification is not None:
        said["link"] = requirement_link(specification, requirement)
    return {name: text for name, text in said.items() if text}
