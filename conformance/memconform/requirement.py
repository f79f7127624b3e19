"""The mark that makes a function of the suite a test of one requirement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from memconform.plot import Plot

F = TypeVar("F", bound=Callable[..., None])

Given = Literal["requests_per_minute", "restart", "failing_messages"]

_MARK = "__memconform_requirement__"


@dataclass(frozen=True, slots=True)
class Mark:
    """Which requirement a test is about and what it may cost.

    `requests` bounds the requests of the test itself: one number, or one for each budget (smoke, standard, full), 0
    where the budget has no room for the test. `stories` are the shared scenes that it looks at; each has its own bound.
    `needs` names profiles that the test uses besides its own; `given` what else must be at hand: a declared
    `requests_per_minute`, a way to `restart` the server, or `failing_messages`. `last` tests run after all others.
    """

    id: str
    requests: int | tuple[int, int, int] = 0
    stories: tuple[Plot, ...] = ()
    needs: tuple[str, ...] = ()
    given: Given | None = None
    last: bool = False


def requirement(
    id: str,  # noqa: A002 - the field's word for it, and the call reads best with it
    *,
    requests: int | tuple[int, int, int] = 0,
    stories: tuple[Plot, ...] = (),
    needs: tuple[str, ...] = (),
    given: Given | None = None,
    last: bool = False,
) -> Callable[[F], F]:
    """Mark a function as a test of the requirement; see `Mark` for the arguments."""

    def mark(function: F) -> F:
        setattr(function, _MARK, Mark(id, requests, stories, needs, given, last))
        return function

    return mark


def mark_of(function: Any) -> Mark | None:
    """Return the mark of a function, None when it is no test."""
    found = getattr(function, _MARK, None)
    return found if isinstance(found, Mark) else None
