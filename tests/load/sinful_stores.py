"""Servers with one sin each, in simulated time. The docstring names the sin, `law` what it breaks."""
# ruff: noqa: D102 - an override does what its base says, but for the sin

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, ClassVar

from memconform_load.calls import Op, Request
from memconform_load.invariants import Law

from .simulated_store import Operation, Row, State, Store

Answer = tuple[int, list[Row], dict[str, Any]]


class Sin(Store):
    """A good store but for one thing, done now and then."""

    laws: ClassVar[frozenset[Law]]
    """What may be told of it."""
    ops: ClassVar[tuple[Op, ...]] = tuple(op for op in Op if op not in (Op.ERASE, Op.INGEST))
    every = 7

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.turn = itertools.count(1)

    def now_and_then(self) -> bool:
        """Tell whether it is time to sin."""
        return next(self.turn) % self.every == 0


class LosesAdds(Sin):
    """Acknowledges an add and keeps nothing."""

    laws = frozenset({Law.LOST_WRITE, Law.STALE_READ})

    def made(self, person: str, text: str) -> Row:
        if self.now_and_then():
            return Row(f"m{next(self.ids)}", person, text, 1, next(self.ids))
        return super().made(person, text)


class LosesLater(Sin):
    """Drops another memory of the same person when one is added."""

    laws = frozenset({Law.LOST_WRITE, Law.STALE_READ})

    def made(self, person: str, text: str) -> Row:
        own = [row for row in self.own(self.rows, person) if row.key is None]
        if own and self.now_and_then():
            self.drop(own[-1].id)
        return super().made(person, text)


class LosesUpdates(Sin):
    """Acknowledges an update and keeps the text as it was."""

    laws = frozenset({Law.LOST_WRITE, Law.STALE_READ})

    def do_update(self, request: Request) -> Answer:
        row = self.rows.get(request.memory_id or "")
        if row is not None and self.now_and_then():
            return 200, [replace(row, text=request.text or "", version=row.version + 1)], {}
        return super().do_update(request)


class LosesSets(Sin):
    """Acknowledges a set value and keeps the former one."""

    laws = frozenset({Law.LOST_WRITE, Law.STALE_READ})
    every = 3

    def do_set(self, request: Request) -> Answer:
        row = self.keyed(self.rows, request)
        if row is not None and self.now_and_then():
            return 200, [replace(row, text=request.text or "", version=row.version + 1)], {}
        return super().do_set(request)


class ListsLateWithoutSayingSo(Sin):
    """Shows lists that are up to three seconds old."""

    laws = frozenset({Law.LOST_WRITE, Law.STALE_READ, Law.DELETED_SEEN})

    def do_list(self, request: Request) -> Answer:
        rows = self.own(self.at(3.0), request.person)
        return 200, rows, {}


class GetsOldTexts(Sin):
    """Shows texts by id as they were three seconds ago."""

    laws = frozenset({Law.STALE_READ, Law.LOST_WRITE, Law.DELETED_SEEN})
    every = 2

    def do_get(self, request: Request) -> Answer:
        row = (self.at(3.0) if self.now_and_then() else self.rows).get(request.memory_id or "")
        return (200, [row], {}) if row else (404, [], {})


class SearchesOldTexts(Sin):
    """Shows in searches the texts that memories had when they were indexed."""

    laws = frozenset({Law.STALE_READ, Law.DELETED_SEEN, Law.LOST_WRITE})

    def do_search(self, request: Request) -> Answer:
        return 200, self.own(self.at(3.0), request.person)[: request.top_k or 10], {}


class NeverIndexes(Sin):
    """Leaves some memories out of every search."""

    laws = frozenset({Law.STALE_READ})
    every = 1

    def do_search(self, request: Request) -> Answer:
        status, rows, more = super().do_search(request)
        return status, [row for row in rows if row.order % 3], more


class LeaksAMemory(Sin):
    """Shows another person's memory in a search now and then."""

    laws = frozenset({Law.FOREIGN})

    def do_search(self, request: Request) -> Answer:
        status, rows, more = super().do_search(request)
        others = [row for row in self.rows.values() if row.person != request.person]
        return status, [*others[:1], *rows[:4]] if others and self.now_and_then() else rows, more


class LeaksAText(Sin):
    """Shows another person's text under a scope that is the asker's."""

    laws = frozenset({Law.FOREIGN})

    def do_list(self, request: Request) -> Answer:
        status, rows, more = super().do_list(request)
        others = [row for row in self.rows.values() if row.person != request.person]
        if others and self.now_and_then():
            rows = [replace(others[0], id=f"m{next(self.ids)}", person=request.person), *rows]
        return status, rows, more


class ResurrectsInSearch(Sin):
    """Shows in searches what was deleted long ago."""

    laws = frozenset({Law.DELETED_SEEN, Law.STALE_READ})

    def do_search(self, request: Request) -> Answer:
        status, rows, more = super().do_search(request)
        gone = [row for _, state in self.past for row in self.own(state, request.person) if row.id not in self.rows]
        return status, [*gone[:1], *rows], more


class ResurrectsInLists(Sin):
    """Brings back what was deleted."""

    laws = frozenset({Law.DELETED_SEEN})

    def do_delete(self, request: Request) -> Answer:
        row = self.rows.get(request.memory_id or "")
        answer = super().do_delete(request)
        if row is not None and row.key is None:
            self.later(5.0, lambda: self.put(row))
        return answer


class StoresTwice(Sin):
    """Stores an added memory twice."""

    laws = frozenset({Law.DUPLICATE})

    def made(self, person: str, text: str) -> Row:
        if self.now_and_then():
            super().made(person, text)
        return super().made(person, text)


class ForgetsKeys(Sin):
    """Does not heed idempotency keys, although it declares that it does."""

    laws = frozenset({Law.DUPLICATE, Law.UNSTABLE_REPEAT})

    def do_add(self, request: Request) -> Answer:
        return super().do_add(replace(request, idempotency_key=None))


class RepeatsWithAnotherId(Sin):
    """Answers the repeat of an add with an id that it has just made up."""

    laws = frozenset({Law.UNSTABLE_REPEAT, Law.LOST_WRITE, Law.STALE_READ})

    def do_add(self, request: Request) -> Answer:
        repeated = request.idempotency_key in self.keys
        status, rows, more = super().do_add(request)
        return status, [replace(row, id=f"m{next(self.ids)}") for row in rows] if repeated else rows, more


class ListsTwice(Sin):
    """Lists a memory twice on one page."""

    laws = frozenset({Law.DUPLICATE})

    def do_list(self, request: Request) -> Answer:
        status, rows, more = super().do_list(request)
        return status, [*rows, *rows[-1:]] if self.now_and_then() else rows, more


class RepeatsAcrossPages(Sin):
    """Begins each page with the last memory of the page before."""

    laws = frozenset({Law.DUPLICATE})

    def do_list(self, request: Request) -> Answer:
        status, rows, more = super().do_list(request)
        cursor = more["next_cursor"]
        return status, rows, {"next_cursor": f"{float(cursor) + 0.5}" if cursor and len(rows) > 1 else cursor}


class TrimsTexts(Sin):
    """Cuts the last character of a text."""

    laws = frozenset({Law.CHANGED})

    def made(self, person: str, text: str) -> Row:
        return super().made(person, text[:-1] if self.now_and_then() else text)


class TrimsTextsLater(Sin):
    """Cuts the last character of a text some time after it was stored."""

    laws = frozenset({Law.CHANGED})
    ops = (Op.ADD, Op.GET, Op.LIST, Op.SEARCH)

    def made(self, person: str, text: str) -> Row:
        row = super().made(person, text)
        self.later(2.0, lambda: self.put(replace(self.rows[row.id], text=text[:-1])) if row.id in self.rows else None)
        return row


class StoresWhatItRefuses(Sin):
    """Refuses an add, and keeps it."""

    laws = frozenset({Law.REFUSED_SEEN, Law.DUPLICATE})

    def do_add(self, request: Request) -> Answer:
        answer = super().do_add(request)
        return (422, [], {}) if self.now_and_then() else answer


class LeavesResidue(Sin):
    """Leaves a memory behind when it erases a person."""

    laws = frozenset({Law.RESIDUE})
    ops = tuple(op for op in Op if op not in (Op.INGEST, Op.IMPORT, Op.SET, Op.GET_KEYED, Op.UPDATE, Op.DELETE))

    def erased(self, before: State) -> None:
        self.drop(*list(before)[1:])


class ErasesOthers(Sin):
    """Erases a memory of somebody else beside those of the person."""

    laws = frozenset({Law.COLLATERAL, Law.LOST_WRITE, Law.STALE_READ})
    ops = tuple(op for op in Op if op not in (Op.INGEST, Op.IMPORT, Op.SET, Op.GET_KEYED, Op.DELETE))

    def do_erase(self, request: Request) -> Answer:
        answer = super().do_erase(request)
        others = [row for row in self.rows.values() if row.person != request.person]
        self.drop(*(row.id for row in others[:1]))
        return answer


class ErasesLaterWrites(Sin):
    """Erases what was written after the erasure was asked for."""

    laws = frozenset({Law.LOST_WRITE})
    ops = tuple(op for op in Op if op not in (Op.INGEST, Op.IMPORT, Op.SET, Op.GET_KEYED, Op.DELETE))

    def do_erase(self, request: Request) -> Answer:
        operation = Operation(f"o{next(self.ids)}")
        self.operations[operation.id] = operation

        def finish() -> None:
            self.drop(*(row.id for row in self.own(self.rows, request.person)))
            operation.status = "succeeded"

        self.later(4.0, finish)
        return 202, [], {"operation_id": operation.id, "operation_status": "pending"}


SINS = [
    LosesAdds,
    LosesLater,
    LosesUpdates,
    LosesSets,
    ListsLateWithoutSayingSo,
    GetsOldTexts,
    SearchesOldTexts,
    NeverIndexes,
    LeaksAMemory,
    LeaksAText,
    ResurrectsInSearch,
    ResurrectsInLists,
    StoresTwice,
    ForgetsKeys,
    RepeatsWithAnotherId,
    ListsTwice,
    RepeatsAcrossPages,
    TrimsTexts,
    TrimsTextsLater,
    StoresWhatItRefuses,
    LeavesResidue,
    ErasesOthers,
    ErasesLaterWrites,
]
