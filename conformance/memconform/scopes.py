"""Scopes of a run's own: every value carries the run's id, so that no test ever meets another's data."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SCOPE_MEMBERS = ("user_id", "agent_id", "app_id", "session_id")

RUN_PREFIX = "mcf-"


@dataclass
class Scopes:
    """Makes scopes for one test. `note` is told of each before it is used: (principal's label, scope)."""

    prefix: str
    note: Callable[[str, Mapping[str, str]], None]
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def value(self) -> str:
        """Return a scope value that was never used before."""
        return f"{self.prefix}{next(self._count):x}"

    def fresh(self, *members: str, principal: str = "first") -> dict[str, str]:
        """Return a scope that holds nothing yet, with a new value for each member (user_id when none is named)."""
        return self.use({member: self.value() for member in members or ("user_id",)}, principal=principal)

    def use(self, scope: Mapping[str, str], principal: str = "first") -> dict[str, str]:
        """Return a scope of the test's own making, noted for the cleanup; one value must contain the run's id."""
        if not any(self.prefix.split("_")[0] in value for value in scope.values()):
            raise ValueError("no value of the scope carries the run's id: it might select somebody's data")
        self.note(principal, scope)
        return dict(scope)
