"""The reference store without a server, over a clock that the test moves."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from memconform_server.store import Draft
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memconform_server.store import MemoryStore, Scope

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRINCIPAL = "p"
USER = {"user_id": "u"}


class Clock:
    """Milliseconds since 1970; they stand still until they are told to go on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        """Return the present."""
        return self.now

    def after(self, milliseconds: float) -> datetime:
        """Return the instant so long after the present."""
        return EPOCH + timedelta(milliseconds=self.now + milliseconds)


@contextmanager
def opened(data: str | Path, clock: Clock | None = None) -> Iterator[SqliteStore]:
    """Open a store for the time of a block."""
    with closing(SqliteStore(data)) as store:
        if clock is not None:
            store.clock = clock
        yield store


def draft(content: str = "fact", scope: Scope | None = None, **members: object) -> Draft:
    """Return a draft with some members set."""
    return Draft(content, scope or USER, **members)  # type: ignore[arg-type]  # a test names members that there are


def walked(store: MemoryStore, scope: Scope, limit: int = 50, principal: str = PRINCIPAL) -> list[str]:
    """Return the contents of a whole list, page after page."""
    found: list[str] = []
    after = None
    while True:
        page = store.list(principal, scope, limit, after)
        found += [memory.content for memory in page.items]
        if page.next is None:
            return found
        after = page.next
