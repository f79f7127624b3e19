"""What can be asked of a memory server, as methods: each makes a `Request` about one person and carries it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from memconform_load.calls import Op, Reply, Request

ABSENT = 404
CONFLICT = 409
OVERTAKEN = 412


class Verbs:
    """The operations of the memory API for one person. Answers with a status in `excused` are no failures."""

    max_top_k: int | None = None
    """How many results the server gives at most."""
    max_page: int | None = None
    """How many items a page has at most."""

    @property
    def person(self) -> str:
        """The `user_id`."""
        raise NotImplementedError

    def call(self, request: Request, *, excused: Collection[int] = ()) -> Reply:
        """Carry a request."""
        raise NotImplementedError

    def add(self, text: str, *, idempotency_key: str | None = None, metadata: Mapping[str, Any] | None = None) -> Reply:
        """Add a memory. Of a repeat that comes while the first one is under way, a 409 is no failure."""
        request = Request(Op.ADD, self.person, text=text, idempotency_key=idempotency_key, metadata=metadata)
        return self.call(request, excused=(CONFLICT,) if idempotency_key is not None else ())

    def search(self, query: str, top_k: int | None = None) -> Reply:
        """Search the person's memories; `top_k` is cut to what the server gives at most."""
        return self.call(Request(Op.SEARCH, self.person, query=query, top_k=_least(top_k, self.max_top_k)))

    def get(self, memory_id: str, *, may_be_absent: bool = False) -> Reply:
        """Read a memory; with `may_be_absent` a 404 is no failure."""
        return self.call(Request(Op.GET, self.person, memory_id=memory_id), excused=_absence(may_be_absent))

    def page(self, limit: int | None = None, cursor: str | None = None) -> Reply:
        """List one page of the person's memories; `limit` is cut to what the server gives at most."""
        return self.call(Request(Op.LIST, self.person, limit=_least(limit, self.max_page), cursor=cursor))

    def update(self, memory_id: str, text: str, *, may_be_overtaken: bool = False) -> Reply:
        """Give a memory another text; with `may_be_overtaken` a 412 is no failure, as plugins may read first."""
        request = Request(Op.UPDATE, self.person, memory_id=memory_id, text=text)
        return self.call(request, excused=(OVERTAKEN,) if may_be_overtaken else ())

    def delete(self, memory_id: str, *, may_be_absent: bool = False) -> Reply:
        """Delete a memory; with `may_be_absent` a 404 is no failure."""
        return self.call(Request(Op.DELETE, self.person, memory_id=memory_id), excused=_absence(may_be_absent))

    def set_value(self, key: str, text: str) -> Reply:
        """Set a keyed memory."""
        return self.call(Request(Op.SET, self.person, key=key, text=text))

    def get_value(self, key: str, *, may_be_absent: bool = False) -> Reply:
        """Get a keyed memory; with `may_be_absent` a 404 is no failure."""
        return self.call(Request(Op.GET_KEYED, self.person, key=key), excused=_absence(may_be_absent))

    def batch(self, texts: Sequence[str]) -> Reply:
        """Add many memories at once."""
        return self.call(Request(Op.BATCH, self.person, texts=texts))

    def take_in(self, document: bytes) -> Reply:
        """Import what an export gave; ids that are there already are left as they are."""
        return self.call(Request(Op.IMPORT, self.person, document=document))

    def export(self) -> Reply:
        """Export all that the person has."""
        return self.call(Request(Op.EXPORT, self.person))

    def ingest(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """Give messages of a conversation; the reply has the id of the operation."""
        return self.call(Request(Op.INGEST, self.person, messages=messages))

    def erase(self) -> Reply:
        """Have everything about the person forgotten; the reply has the id of the operation."""
        return self.call(Request(Op.ERASE, self.person))

    def operation(self, operation_id: str) -> Reply:
        """Ask how an ingestion or an erasure is going on."""
        return self.call(Request(Op.OPERATION, self.person, operation_id=operation_id))


def _least(wanted: int | None, most: int | None) -> int | None:
    return wanted if wanted is None or most is None else min(wanted, most)


def _absence(may_be_absent: bool) -> tuple[int, ...]:
    return (ABSENT,) if may_be_absent else ()
