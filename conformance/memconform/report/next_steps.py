"""Which commands are likely to come after a verdict: none where there is nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.baseline.comparing import covering
from memconform.budget import SIZES
from memconform.report.badge import waiting
from memconform.report.evidence import again, again_whole, evidence
from memconform.report.standing import scored


def next_steps(result: Mapping[str, Any]) -> list[str]:
    """Return at most two commands, each with what it is for."""
    for outcome in ("fail", "inconclusive"):
        for row in result["requirements"]:
            if row["outcome"] != outcome or not scored(row):
                continue
            first = next((record for record in evidence(result, row) if covering(result, record) is None), None)
            if first is not None:
                explain = f"memconform explain {row['id']}  (what it asks for, and why)"
                mended = f"{again(result, row['id'], first)}  (when it is mended)"
                return [explain, mended] if outcome == "fail" else [explain]
    if result["verdict"]["conformance"] != "conformant":
        return []
    if result["verdict"]["partial"]:
        return [f"{again_whole(result)}  (the whole verdict)"]
    if later := len(waiting(result)):
        budget = result["run"]["budget"]
        larger = SIZES[min(SIZES.index(budget) + 1, len(SIZES) - 1)]
        command = again_whole(result).replace(f"--budget {budget}", f"--budget {larger}")
        return [f"{command}  ({later} requirements wait for it)"]
    return []
