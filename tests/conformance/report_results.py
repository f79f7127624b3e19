"""Results for the tests of reports: with evidence, with a server at its worst, with a baseline, and of a client."""

from __future__ import annotations

import copy
import json
from typing import Any

from memconform.contract import schema, validator

from .matrix_results import REAL, conformance

ATTACK = (
    "=1+1</script><script>alert(1)</script><img src=x onerror=alert(2)></pre></details></title></code> `a` ```b``` |"
    "\n\n# head <!-- [x](javascript:alert(3)) ![x](http://h.invalid/x.png) www.h.invalid <b>*b*</b> {{ 7 * 7 }} &lt; "
    "'\" ]]> {0} \x1b[31m \x00 \u2028 @somebody #1"
)
"""What tries to become markup, a link, a placeholder, a mention, an escape sequence, or no XML at all."""


def judged(*outcomes: tuple[str, str], **members: Any) -> dict[str, Any]:
    """Return a result with these requirements and outcomes, a test for each, and the evidence of what is not met."""
    result = conformance(dict(outcomes), **members)
    example = schema("conformance")["examples"][0]["tests"][0]
    result["tests"] = []
    for row in result["requirements"]:
        if row["outcome"] not in ("not_tested", "not_selected", "not_run"):
            test = f"test_{row['profile']}.py::test_{row['id'].lower().replace('-', '_')}"
            record = {**copy.deepcopy(example), "test": test, "requirement": row["id"], "outcome": row["outcome"]}
            if row["outcome"] not in ("fail", "warn"):
                record = {name: value for name, value in record.items() if name not in ("expected", "observed")}
                record["reason"] = row["reason"] = f"a reason for {row['outcome']}"
            result["tests"].append(record)
            row["tests"] = [test]
    exit_codes = {"fail": 1, "error": 4, "inconclusive": 2, "not_run": 2}
    musts = {row["outcome"] for row in result["requirements"] if row["level"] == "MUST" or row["outcome"] == "error"}
    code = next((exit_codes[word] for word in exit_codes if word in musts), 0)
    result["verdict"]["exit_code"] = code
    result["verdict"]["conformance"] = {0: "conformant", 1: "not conformant"}.get(code, "incomplete")
    return valid(result)


def valid(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result, which must be one by its schema."""
    name = result["format"].removeprefix("memconform.").partition("/")[0]
    assert [str(error) for error in validator(name).errors(result)] == []
    return result


def client(outcome: str = "fail") -> dict[str, Any]:
    """Return the result of a client, of one test."""
    result: dict[str, Any] = copy.deepcopy(schema("client")["examples"][0])
    result["requirements"] = result["requirements"][:1]
    for row in (*result["requirements"], *result["tests"]):
        row["outcome"] = outcome
    failed = outcome == "fail"
    word = "not conformant" if failed else "conformant"
    counts = {outcome: 1}
    result["verdict"] = {"conformance": word, "partial": False, "counts": counts, "exit_code": int(failed)}
    return valid(result)


def hostile() -> dict[str, Any]:
    """Return a result in which all that a server chose, and more, is an attack."""
    every = ("fail", "warn", "inconclusive", "error", "skip", "not_run")
    names = ("CORE-01", "CORE-02", "CORE-13", "SEARCH-10", "UPDATE-01", "KEYED-01")
    result = judged(*zip(names, every, strict=True))
    result["server"]["capabilities"] = {"service": {"name": ATTACK, "version": ATTACK}}
    result["server"]["url"] += ATTACK
    result["run"]["stopped"] = ATTACK
    result["run"]["command"] += f" --header '{ATTACK}"
    result["tool"]["version"] = ATTACK
    for row in result["requirements"]:
        row["statement"] = ATTACK
        row["reason"] = ATTACK
    for record in result["tests"]:
        record |= {name: ATTACK for name in ("promise", "expected", "observed", "reason", "script") if name in record}
        record["test"] += ATTACK
        record["script"] = ATTACK
        record["wire"] = [{"requirement": "CORE-28", "expected": ATTACK, "observed": ATTACK, "exchanges": []}]
        for exchange in record["exchanges"]:
            exchange["curl"] = ATTACK
            exchange["answered_by"] = ATTACK
            exchange["request"] |= {"url": ATTACK, "body": ATTACK, "headers": [[ATTACK, ATTACK]]}
            exchange["response"] |= {"body": ATTACK, "headers": [["x", ATTACK], ["x", ATTACK]]}
    return valid(result)


def with_baseline(result: dict[str, Any], *known: str, **parts: Any) -> dict[str, Any]:
    """Return a result whose baseline knows the failures of some requirements."""
    outcomes = {row["id"]: row["outcome"] for row in result["requirements"]}
    entries = [
        {"requirement": name, "outcome": outcomes[name], "reason": "ours to mend", "expires": "2027-02-25"}
        | {"seen": outcomes[name]}
        for name in known
    ]
    empty: dict[str, Any] = {name: [] for name in ("flaky", "unexpected", "stale", "expired", "not_judged")}
    said = {"file": "memconform-baseline.toml", "today": "2026-11-27", "known": entries, **empty, "exit_code": 0}
    result["baseline"] = said | parts
    return valid(result)


def real() -> list[dict[str, Any]]:
    """Return the results of real servers."""
    return [json.loads(file.read_text("utf-8")) for file in REAL]
