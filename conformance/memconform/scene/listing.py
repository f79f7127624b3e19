"""Lists as a test judges them: every page must come, and the walk must hold exactly what it should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat

from memconform.answer import control, must, shown
from memconform.memory_api import Memories, Memory, MemoryApi, Scope
from memconform.scene.oracle import out_of_order, repeated
from memconform.verdict import NotMet

_SHOWN_NAMES = 2


def pages(memory: MemoryApi, scope: Scope, limits: Iterable[int | None] = repeat(None)) -> Iterator[Memories]:
    """Yield the items of each page of a walk to the null cursor; `limits` gives the limit of each page in turn.

    Every page must be 200 and hold no more than its limit, or `NotMet` is raised.
    """
    cursor = None
    for limit in limits:
        params: dict[str, str | int] = {} if limit is None else {"limit": limit}
        because = "a walk over the scope's memories"
        if cursor is not None:
            params["cursor"] = cursor
            because = "with the next_cursor of the page before"
        answer = memory.list(scope, **params).must_be(200, because=because)
        page = answer.json if isinstance(answer.json, dict) else {}
        items, cursor = page.get("items"), page.get("next_cursor")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise NotMet("a page with an array of memories in `items`", answer.observed(), [answer.exchange])
        wanted = f"at most {limit} items for limit={limit}"
        must(limit is None or len(items) <= limit, wanted, f"{len(items)} items", answer)
        yield items
        if cursor is None:
            return


def listed(memory: MemoryApi, scope: Scope, limit: int | None = None) -> Memories:
    """Return all items of a walk that must succeed."""
    return [item for page in pages(memory, scope, repeat(limit)) for item in page]


def must_hold(items: Sequence[Memory], expected: Mapping[str, str], where: str) -> None:
    """Require that a list holds exactly the expected memories, given as {id: what to call it}, each once."""
    ids = [str(item.get("id")) for item in items]
    called = dict(zip(ids, map(_name, items), strict=True)) | dict(expected)
    twice = [called[memory_id] for memory_id in repeated(ids)]
    must(not twice, f"each memory once in {where}", f"more than once: {shown(twice)}")
    lost = [called[memory_id] for memory_id in expected if memory_id not in ids]
    added = [called[memory_id] for memory_id in ids if memory_id not in expected]
    observed = [f"{_some(lost)} missing"] * bool(lost) + [f"{_some(added)} not belonging there"] * bool(added)
    wanted = f"exactly {_some(list(expected.values()))}" if expected else "no memory"
    must(not observed, f"{wanted} in {where}", f"{len(items)} listed, " + " and ".join(observed))


def _some(names: Sequence[str]) -> str:
    """Return how many there are and what the first ones are called."""
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    return f"{len(names)} ({', '.join(names[:_SHOWN_NAMES])}{more})"


def must_be_newest_first(items: Sequence[Memory]) -> None:
    """Require non-increasing `created_at`; without timestamps nothing is proven."""
    try:
        wrong = out_of_order(items)
    except ValueError as error:
        control(False, f"created_at of a listed memory is {error}")
        return
    if wrong is not None:
        before, after = (f"{item.get('content')} ({item.get('created_at')})" for item in wrong)
        raise NotMet("a list by non-increasing created_at", f"{before} before the newer {after}")


def _name(item: Memory) -> str:
    return f"{shown(item.get('content'))} of {shown(item.get('scope'))}"
