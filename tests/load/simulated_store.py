"""A memory server and its clients in simulated time.

Every call begins, has its effect and ends at moments of their own. Each freedom that the contract leaves is drawn by
chance; a `Store` with a sin overrides one method.
"""
# ruff: noqa: D102 - `do_add` does what an add does, and so on

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from memconform_load.calls import Ended, Failed, Op, Reply, Request, SeenMemory
from memconform_load.invariants import Judge
from memconform_load.workload import Population, TextMaker

RUN = "ab12"


@dataclass
class Freedoms:
    """What this server declares and what this network does."""

    search_lag: float = 0.0
    list_lag: float = 0.0
    get_lag: float = 0.0
    idempotency: bool = True
    dedupes: bool = False
    silent: float = 0.0
    """The share of calls that get no answer."""
    limited: float = 0.0
    """The share of calls that are refused with 429."""
    retries: bool = True
    """Whether clients repeat adds without an answer, with their key where the server heeds keys."""
    plugin: float = 0.0
    """The share of calls that go by a plugin, which tells no person and may repeat."""
    ops: tuple[Op, ...] = tuple(Op)
    page: int = 3

    def capabilities(self) -> dict[str, Any]:
        """Return the capability document."""

        def bound(lag: float) -> Any:
            return {"model": "bounded", "max_staleness_ms": int(lag * 1000)} if lag else "strong"

        profiles = ["core", "search", *(["idempotency"] if self.idempotency else [])]
        return {
            "profiles": profiles,
            "consistency": {
                "get": bound(self.get_lag),
                "list": bound(self.list_lag),
                "search": bound(self.search_lag) if self.search_lag else {"model": "strong"},
            },
            "search": {"exact": True},
            "write": {"dedupe": "exact" if self.dedupes else "none", "idempotency_window_s": 86_400},
            "limits": {"page_size": self.page},
        }


@dataclass(frozen=True)
class Row:
    """One memory as it is stored."""

    id: str
    person: str
    text: str
    version: int
    order: int
    key: str | None = None


State = dict[str, Row]


@dataclass
class Operation:
    """An erasure or ingestion."""

    id: str
    status: str = "pending"


class Store:
    """A good server: linearizable writes; reads show a state that is no older than declared."""

    def __init__(self, freedoms: Freedoms, chance: random.Random) -> None:
        self.freedoms = freedoms
        self.chance = chance
        self.rows: State = {}
        self.past: list[tuple[float, State]] = [(0.0, {})]
        self.now = 0.0
        self.ids = itertools.count()
        self.keys: dict[str, Row] = {}
        self.operations: dict[str, Operation] = {}
        self.walks: dict[str, tuple[int, str]] = {}
        self.later: Callable[[float, Callable[[], None]], None] = lambda _delay, _do: None

    # State

    def put(self, row: Row) -> None:
        """Store or replace a row."""
        self.rows = {**self.rows, row.id: row}
        self.past.append((self.now, self.rows))

    def drop(self, *ids: str) -> None:
        """Remove rows."""
        self.rows = {each: row for each, row in self.rows.items() if each not in ids}
        self.past.append((self.now, self.rows))

    def at(self, lag: float) -> State:
        """Return a state between `lag` ago and now."""
        moment = max(0.0, self.now - self.chance.random() * lag)
        return next(state for when, state in reversed(self.past) if when <= moment)

    # Operations: each returns (status, memories, more members of the reply)

    def perform(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        """Do what is asked, now."""
        handler: Callable[[Request], tuple[int, list[Row], dict[str, Any]]] = getattr(self, f"do_{request.op.value}")
        return handler(request)

    def made(self, person: str, text: str) -> Row:
        """Store a new memory."""
        row = Row(f"m{next(self.ids)}", person, text, 1, next(self.ids))
        self.put(row)
        return row

    def do_add(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        key = request.idempotency_key if self.freedoms.idempotency else None
        if key is not None and key in self.keys:
            return 201, [self.keys[key]], {}
        assert request.text is not None
        if self.freedoms.dedupes:
            for row in self.rows.values():
                if row.person == request.person and row.text == request.text:
                    return 201, [row], {}
        row = self.made(request.person, request.text)
        if key is not None:
            self.keys[key] = row
        return 201, [row], {}

    def do_batch(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        return 200, [self.made(request.person, text) for text in request.texts], {}

    def do_get(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        row = self.at(self.freedoms.get_lag).get(request.memory_id or "")
        return (200, [row], {}) if row else (404, [], {})

    def do_update(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        row = self.rows.get(request.memory_id or "")
        if row is None:
            return 404, [], {}
        changed = replace(row, text=request.text or "", version=row.version + 1)
        self.put(changed)
        return 200, [changed], {}

    def do_delete(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        if request.memory_id not in self.rows:
            return 404, [], {}
        self.drop(request.memory_id)
        return 204, [], {}

    def do_set(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        row = self.keyed(self.rows, request)
        if row is None:
            row = replace(self.made(request.person, request.text or ""), key=request.key)
            self.put(row)
            return 201, [row], {}
        changed = replace(row, text=request.text or "", version=row.version + 1)
        self.put(changed)
        return 200, [changed], {}

    @staticmethod
    def keyed(state: State, request: Request) -> Row | None:
        """Return what is set under a key."""
        return next((row for row in state.values() if row.person == request.person and row.key == request.key), None)

    def do_get_keyed(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        row = self.keyed(self.at(self.freedoms.get_lag), request)
        return (200, [row], {}) if row else (404, [], {})

    def own(self, state: State, person: str) -> list[Row]:
        """Return a person's memories, newest first."""
        return sorted((row for row in state.values() if row.person == person), key=lambda row: -row.order)

    def do_list(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        below = float("inf") if request.cursor is None else float(request.cursor)
        rows = [row for row in self.own(self.at(self.freedoms.list_lag), request.person) if row.order < below]
        page = rows[: request.limit or self.freedoms.page]
        return 200, page, {"next_cursor": str(page[-1].order) if len(rows) > len(page) else None}

    def do_export(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        return 200, self.own(self.at(self.freedoms.list_lag), request.person)[::-1], {"document": b"{}"}

    def do_search(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        ranked = self.own(self.at(self.freedoms.search_lag), request.person)
        words = set((request.query or "").split())
        ranked = sorted(ranked, key=lambda row: -len(words & set(row.text.split())))
        # What is ranked is shown as it is now, and what was deleted meanwhile as it was last.
        present = [self.rows.get(row.id, row) for row in ranked]
        return 200, present[: request.top_k or 10], {}

    def do_erase(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        operation = Operation(f"o{next(self.ids)}")
        self.operations[operation.id] = operation
        before = {row.id: row for row in self.own(self.rows, request.person)}

        def finish() -> None:
            self.erased(before)
            operation.status = "succeeded"

        self.later(self.chance.choice([0.0, 0.2, 3.0]), finish)
        return 202, [], {"operation_id": operation.id, "operation_status": operation.status}

    def erased(self, before: State) -> None:
        """Remove what an erasure covers: what was there when it was asked for, unless it was set anew since."""
        keep_changed = self.chance.random() < 0.5
        unchanged = [each for each, row in before.items() if self.rows.get(each) == row]
        self.drop(*(unchanged if keep_changed else before))

    def do_ingest(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        def finish() -> None:
            mine = self.own(self.rows, request.person)
            if mine and self.chance.random() < 0.5:
                self.drop(mine[0].id)
            self.made(request.person, f"inferred {request.messages[0]['content']}")

        self.later(self.chance.random(), finish)
        return 202, [], {"operation_id": f"o{next(self.ids)}", "operation_status": "pending"}

    def do_operation(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        operation = self.operations.get(request.operation_id or "")
        if operation is None:
            return 404, [], {}
        return 200, [], {"operation_id": operation.id, "operation_status": operation.status}

    def do_import(self, request: Request) -> tuple[int, list[Row], dict[str, Any]]:
        for line in (request.document or b"").splitlines():
            record = json.loads(line)
            if record["id"] not in self.rows:
                self.put(Row(record["id"], record["scope"]["user_id"], record["content"], 1, next(self.ids)))
        return 200, [], {}


@dataclass
class World:
    """Clients, a store, a judge, and a clock that all share."""

    freedoms: Freedoms
    chance: random.Random
    store: Store
    clients: int = 4
    people: int = 3
    calls: int = 120
    now: float = 0.0
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.judge = Judge(self.freedoms.capabilities(), run_id=RUN, clock=lambda: self.now)
        self.population = Population(self.people, run_id=RUN)
        self.texts = TextMaker(1, longest=80)
        self.facts: list[tuple[str, str]] = []
        self.ids: list[tuple[str, str]] = []
        self.erasures: list[tuple[str, str]] = []
        self.cursors: list[tuple[str, str]] = []
        self.left = self.calls
        self.store.later = self.after

    def after(self, delay: float, do: Callable[[], None]) -> None:
        """Have something happen later."""
        heapq.heappush(self.events, (self.now + delay, next(self.order), do))

    def run(self) -> World:
        """Play all calls to their ends, then let the judge conclude."""
        for client in range(self.clients):
            self.after(self.chance.random(), lambda client=client: self.next_call(client))  # type: ignore[misc]
        self._advance()
        self.judge.conclude(self.read, sleep=self._sleep)
        return self

    def _advance(self, until: float = float("inf")) -> None:
        while self.events and self.events[0][0] <= until:
            self.now, _, do = heapq.heappop(self.events)
            self.store.now = self.now
            do()

    def _sleep(self, seconds: float) -> None:
        until = self.now + seconds
        self._advance(until)
        self.now = self.store.now = until

    # One call

    def next_call(self, client: int) -> None:
        """Begin the next call of a client, if any is left."""
        if self.left <= 0:
            return
        self.left -= 1
        self.send(self.request(), lambda _reply: self.after(self._pause(), lambda: self.next_call(client)))

    def _pause(self) -> float:
        return self.chance.choice([0.0, 0.001, 0.3])

    def _took(self) -> float:
        return self.chance.choice([0.0005, 0.01, 0.01, 0.1, 1.5])

    def send(self, request: Request, then: Callable[[Reply], None]) -> None:
        """Carry a call: effect and answer at moments of their own, or no answer, or a refusal."""
        start = self.now
        driver = "plugin" if self.chance.random() < self.freedoms.plugin else "direct"
        self.judge.begin(request)
        fate = self.chance.random()
        if fate < self.freedoms.limited:
            self.after(0.01, lambda: self.end(request, self._refusal(start, 429), driver, then))
        elif fate < self.freedoms.limited + self.freedoms.silent:
            self._send_silently(request, start, driver, then)
        else:
            self.after(self._took(), lambda: self._effect(request, start, driver, then))

    def _effect(self, request: Request, start: float, driver: str, then: Callable[[Reply], None]) -> None:
        if driver == "plugin" and request.op is Op.ADD and not self.freedoms.idempotency and self.chance.random() < 0.3:
            self.store.perform(request)  # the plugin's first attempt got no answer
        if driver == "plugin" and request.op is Op.SET and self.chance.random() < 0.3:
            self.after(3.0, lambda: self._perform(request))
        status, rows, more = self.store.perform(request)
        ok = status < 300
        reply = Reply(start, 0.0, Ended.OK if ok else Ended.REFUSED, status=status, **more)
        reply.failed = None if ok else Failed(str(status), "")
        blind = driver == "plugin"
        reply.memories = [
            SeenMemory(row.id, row.text, None if blind else row.person, None if blind else row.version) for row in rows
        ]
        self.after(self._took(), lambda: self.end(request, reply, driver, then))

    def _perform(self, request: Request) -> None:
        self.store.perform(request)

    def _send_silently(self, request: Request, start: float, driver: str, then: Callable[[Reply], None]) -> None:
        when = self.chance.choice(["never", "soon", "late"])
        if when != "never":
            self.after(0.05 if when == "soon" else 4.0, lambda: self._perform(request))
        if self.chance.random() < 0.2:
            then(self._silence(start))  # cut off: never seen to end
            return
        self.after(1.0, lambda: self.end(request, self._silence(start), driver, then))

    @staticmethod
    def _refusal(start: float, status: int) -> Reply:
        return Reply(start, 0.0, Ended.REFUSED, Failed(str(status), ""), status=status)

    @staticmethod
    def _silence(start: float) -> Reply:
        return Reply(start, 0.0, Ended.UNKNOWN, Failed("timed out", ""))

    def end(self, request: Request, reply: Reply, driver: str, then: Callable[[Reply], None]) -> None:
        """End a call: the judge sees it, and the client learns what it can be used for."""
        reply.end = self.now
        self.judge.see(request, reply, driver)
        if reply.ok and reply.memories and request.op in (Op.ADD, Op.BATCH, Op.SET, Op.LIST, Op.SEARCH):
            own = [memory for memory in reply.memories if memory.person in (None, request.person)]
            self.ids += [(request.person, memory.id) for memory in own]
        if reply.ok and reply.operation_id and request.op is Op.ERASE:
            self.erasures.append((request.person, reply.operation_id))
        if reply.ok and reply.next_cursor:
            self.cursors.append((request.person, reply.next_cursor))
        again = request.op is Op.ADD and reply.ended is not Ended.OK and self.freedoms.retries
        if again and self.chance.random() < 0.7:
            self.send(replace(request), then)
        else:
            then(reply)

    def read(self, request: Request) -> Reply:
        """Carry a call of the last reading."""
        start = self.now
        self._sleep(0.001)
        status, rows, more = self.store.perform(request)
        reply = Reply(start, 0.0, Ended.OK if status < 300 else Ended.REFUSED, status=status, **more)
        reply.memories = [SeenMemory(row.id, row.text, row.person, row.version) for row in rows]
        self._sleep(0.001)
        reply.end = self.now
        return reply

    # What is asked

    def request(self) -> Request:
        """Draw a request."""
        number = self.population.pick(self.chance)
        person = self.population.person(number)
        op = self.chance.choice([each for each in _OFTEN if each in self.freedoms.ops])
        own = [memory_id for who, memory_id in self.ids if who == person]
        if op in (Op.GET, Op.UPDATE, Op.DELETE) and not own:
            op = Op.ADD
        if op is Op.OPERATION and not self.erasures:
            op = Op.SEARCH
        if op is Op.OPERATION:
            who, operation_id = self.erasures[-1]
            return Request(op, who, operation_id=operation_id)
        text = self.texts.fact(self.chance, number)
        if op in (Op.GET, Op.DELETE):
            return Request(op, person, memory_id=self.chance.choice(own[-6:]))
        if op is Op.UPDATE:
            return Request(op, person, memory_id=self.chance.choice(own[-6:]), text=text)
        if op in (Op.SET, Op.GET_KEYED):
            return Request(op, person, key=self.chance.choice("ab"), text=text if op is Op.SET else None)
        return self._other(op, person, text)

    def _other(self, op: Op, person: str, text: str) -> Request:
        if op is Op.ADD:
            own = [fact for who, fact in self.facts if who == person]
            if own and self.chance.random() < 0.2:  # a repeat, of something with a key most of the time
                text = self.chance.choice(own[-4:])
            else:
                self.facts.append((person, text))
            key = f"key {text}" if sum(text.encode()) % 10 < 7 else None
            return Request(op, person, text=text, idempotency_key=key)
        if op is Op.SEARCH:
            known = [fact for who, fact in self.facts if who == person] or ["nothing"]
            return Request(op, person, query=self.chance.choice(known[-4:]), top_k=self.chance.choice([5, 50]))
        if op is Op.LIST:
            cursors = [cursor for who, cursor in self.cursors if who == person]
            return Request(op, person, limit=3, cursor=cursors[-1] if cursors and self.chance.random() < 0.8 else None)
        if op is Op.BATCH:
            return Request(op, person, texts=[text, f"{text} two"])
        if op is Op.INGEST:
            return Request(op, person, messages=[{"role": "user", "content": text}])
        if op is Op.IMPORT:
            record = {"id": f"i{next(self.store.ids)}", "content": text, "scope": {"user_id": person}}
            return Request(op, person, document=json.dumps(record).encode())
        return Request(op, person)


_OFTEN = (
    *[Op.ADD] * 6,
    *[Op.SEARCH] * 5,
    *[Op.LIST] * 6,
    *[Op.GET] * 3,
    *[Op.UPDATE] * 3,
    *[Op.DELETE] * 2,
    *[Op.SET] * 3,
    *[Op.GET_KEYED] * 3,
    Op.BATCH,
    Op.ERASE,
    *[Op.OPERATION] * 2,
    Op.EXPORT,
    Op.IMPORT,
    Op.INGEST,
)
