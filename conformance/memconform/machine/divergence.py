"""A server that did otherwise than the oracle, and whose promise that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memconform.answer import Answer, shown
from memconform.exchange import Exchange
from memconform.scene.world_memory import Expected, mismatch
from memconform.verdict import NotMet

LIST = "CORE-14"
"""What a divergence breaks of which nothing more is known."""


class Divergence(NotMet):
    """The server and the oracle disagree. `look` names the closing look that showed it, if one did."""

    def __init__(self, requirement: str, expected: str, observed: str, see: Sequence[Exchange] = ()) -> None:
        """Say which requirement's promise is broken."""
        super().__init__(expected, observed, see, requirement=requirement)
        self.look: str | None = None
        self.at = 0
        """The place of the step that showed it."""
        self.trace: tuple[Exchange, ...] = ()
        """Everything that the sequence sent, without looks that showed nothing."""


def agree(condition: object, requirement: str, expected: str, observed: str, *see: Answer) -> None:
    """Require the condition, as a promise of that requirement."""
    if not condition:
        raise Divergence(requirement, expected, observed, [answer.exchange for answer in see])


def must_answer(answer: Answer, expected: Expected, requirement: str, what: str) -> None:
    """Require the status that the oracle expects; 400 stands for 422, too."""
    wanted = (400, 422) if expected.status == 422 else (expected.status,)
    codes = " or ".join(map(str, wanted))
    agree(answer.status in wanted, requirement, f"{codes} for {what}", answer.observed(), answer)


def must_be_record(
    seen: Mapping[str, Any], expected: Mapping[str, Any], requirement: str, what: str, *see: Answer
) -> None:
    """Require a record to be the one that the oracle has."""
    name = mismatch(expected, without_empty(seen, expected))
    if name is not None:
        said = (f"{shown(name)[1:-1]} {shown(record.get(name))} in {what}" for record in (expected, seen))
        raise Divergence(requirement, next(said), next(said), [answer.exchange for answer in see])


def without_empty(seen: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without empty members that nobody gave: a server may show `ext` as {} and `supersedes` as []."""
    idle = {name for name in ("ext", "supersedes") if not seen.get(name) and expected.get(name) is None}
    return {name: value for name, value in seen.items() if name not in idle}


def object_of(answer: Answer, requirement: str) -> dict[str, Any]:
    """Return the body, which must be a JSON object."""
    try:
        body = answer.json
    except NotMet as finding:
        raise Divergence(requirement, finding.expected, finding.observed, finding.see) from None
    agree(isinstance(body, dict), requirement, "a JSON object", answer.observed(), answer)
    return dict(body)
