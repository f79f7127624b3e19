"""A rule, and one place where a plugin breaks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Authority(StrEnum):
    """Who refuses a plugin that breaks a rule."""

    DAEMON = "Dify's daemon"
    RUNTIME = "Dify's plugin SDK at start-up"
    MARKETPLACE = "the review of Dify's marketplace"
    SAFETY = "memconform, for safety; Dify's daemon would take it"
    PRACTICE = "nobody; it is good practice"


class Level(StrEnum):
    """Whether a problem stops a plugin."""

    ERROR = "error"
    ADVICE = "advice"


class Audience(StrEnum):
    """Whom a plugin is meant for, which decides whether the marketplace's rules bind it."""

    MARKETPLACE = "marketplace"
    """Submitted by the community: all rules bind."""
    FIRST_PARTY = "first-party"
    """Dify's own plugins, which the review of submissions does not concern: its rules are advice."""
    SELF_HOSTED = "self-hosted"
    """Installed from a file: the marketplace's rules are advice."""


@dataclass(frozen=True, order=True)
class Problem:
    """One place where a plugin breaks a rule; `where` is `file`, `file:line` or `file:line:column`, from 1."""

    where: str
    rule: str
    expected: str
    seen: str
    advice: str
    authority: Authority
    level: Level = Level.ERROR

    @property
    def message(self) -> str:
        """What was expected and what was seen, as one sentence."""
        return f"expected {self.expected}; saw {self.seen}"

    def for_audience(self, audience: Audience) -> Problem:
        """Return the problem with the level that it has for this audience."""
        binding = self.authority is not Authority.PRACTICE and (
            self.authority is not Authority.MARKETPLACE or audience is Audience.MARKETPLACE
        )
        return replace(self, level=Level.ERROR if binding else Level.ADVICE)

    def as_json(self) -> dict[str, Any]:
        """Return all members by name, for `--json`."""
        return {
            "rule": self.rule,
            "level": str(self.level),
            "where": self.where,
            "expected": self.expected,
            "seen": self.seen,
            "advice": self.advice,
            "refused_by": str(self.authority),
        }


@dataclass(frozen=True)
class Rule:
    """A rule by its name; `advice` says what to do about a breach."""

    name: str
    authority: Authority
    advice: str

    def broken(self, where: str, expected: str, seen: str, *, authority: Authority | None = None) -> Problem:
        """Return the problem at one place; `authority` overrides the rule's own."""
        return Problem(where, self.name, expected, seen, self.advice, authority or self.authority)


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems that stop a plugin."""
    return [problem for problem in problems if problem.level is Level.ERROR]


def shown(text: object, most: int = 60) -> str:
    """Return a value as it is quoted in a message: one line, cut, in quotes."""
    words = repr(str(text))
    return words if len(words) <= most else f"{words[:most]}…{words[-1]}"
