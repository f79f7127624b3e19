"""What the badge of a result says: in words, so that it can be read without its colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from memconform.applicability import LARGER_BUDGET

Tone: TypeAlias = Literal["good", "fair", "bad", "none"]
"""Good: earned; fair: earned at a budget that left something out; bad: not conformant; none: nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Badge:
    """The two halves of a badge and its tone."""

    label: str
    message: str
    tone: Tone

    @property
    def text(self) -> str:
        """All that it says, for those who hear it."""
        return f"{self.label}: {self.message}"


def badge(result: Mapping[str, Any]) -> Badge:
    """Return the badge of a conformance result or of a client's.

    A badge is claimed for a whole run only: a run of a part can fail, but never earn one. A server that earned a badge
    and does not keep what it declares beyond it is told so in the same breath.
    """
    client = "client" in result
    label = f"memory API {result['contract']}{' client' if client else ''}"
    verdict = result["verdict"]
    name = str(verdict.get("badge") or "").capitalize()
    if verdict["conformance"] == "not conformant":
        return Badge(label, f"{name}, not conformant beyond" if name else "not conformant", "bad")
    if verdict["conformance"] == "incomplete" or verdict["exit_code"] != 0:
        return Badge(label, "incomplete", "none")
    if verdict["partial"]:
        return Badge(label, "partly checked", "none")
    if not name:
        return Badge(label, "conformant", "good")
    if waiting(result):
        return Badge(label, f"{name} at {result['run']['budget']} budget", "fair")
    return Badge(label, name, "good")


def waiting(result: Mapping[str, Any]) -> list[str]:
    """Return the ids of the requirements of declared profiles that wait for a larger budget."""
    declared = {profile["name"] for profile in result.get("profiles", ()) if profile["declared"]}
    return [
        row["id"]
        for row in result["requirements"]
        if row["outcome"] == "skip"
        and row["profile"] in declared
        and str(row.get("reason", "")).startswith(LARGER_BUDGET)
    ]
