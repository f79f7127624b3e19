"""Recorded conversations with a provider, replayed by a real HTTP server on 127.0.0.1.

`with recorded("name") as url:` serves `exchanges/name.json`: a bridge at `url` has to ask what was asked then, and is
answered what was answered then. A request that is unexpected, different or missing fails the test in words, also
where the bridge or the test swallowed the answer. A replay connects to nothing: there is nobody to send a key to.

With MEMCONFORM_RECORD=<address of the real provider> in the environment it is a proxy instead (recording.py), and
writes the file anew when the test has passed. So a test must send the same in every run: no random or present values
but those that the provider gave out.

A file is `{"origin": "where the exchanges come from", "exchanges": […]}`; exchange.py says what one looks like.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .exchange import Exchange, Request, same, serving
from .recording import recording

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCHANGES = Path(__file__).with_name("exchanges")
RECORD_VARIABLE = "MEMCONFORM_RECORD"
UNRECORDED = 599
"""The status of an answer that nobody recorded: no bridge takes it for anything but a failure."""


@contextmanager
def recorded(name: str, *, ordered: bool = True, folder: Path = EXCHANGES) -> Iterator[str]:
    """Give the address of a server that replays `<name>.json`, or records it anew; `name` may hold a `/`.

    `ordered=False` lets the requests come in any order, for tests with several threads. Raises `AssertionError` where
    a request differed from what was recorded, whatever the test made of it, or where one never came.
    """
    file = folder / f"{name}.json"
    upstream = os.environ.get(RECORD_VARIABLE)
    if upstream:
        with recording(file, upstream) as url:
            yield url
        return
    replay = _Replay(json.loads(file.read_text("utf-8"))["exchanges"], ordered=ordered)
    try:
        with serving(replay.answer) as url:
            yield url
    except Exception as error:
        if replay.faults:
            raise AssertionError(_failure(name, replay.faults)) from error
        raise
    faults = replay.faults or replay.never_asked()
    if faults:
        raise AssertionError(_failure(name, faults))


class _Replay:
    """What is left of the recorded exchanges, and what was asked instead; several threads may ask."""

    def __init__(self, exchanges: list[Exchange], *, ordered: bool) -> None:
        self._left = list(exchanges)
        self._ordered = ordered
        self._lock = threading.Lock()
        self._asked = 0
        self.faults: list[str] = []

    def answer(self, request: Request) -> Exchange:
        asked = request.exchange()
        with self._lock:
            self._asked += 1
            for exchange in self._left[:1] if self._ordered else self._left:
                if same(exchange["request"], asked):
                    self._left.remove(exchange)
                    response: Exchange = exchange["response"]
                    return response
            self.faults.append(f"request {self._asked} was {_shown(asked)}, but {self._expected()}")
            return {"status": UNRECORDED}

    def never_asked(self) -> list[str]:
        return [f"never asked: {_shown(exchange['request'])}" for exchange in self._left]

    def _expected(self) -> str:
        if not self._left:
            return "nothing more was recorded"
        if self._ordered:
            return f"recorded is {_shown(self._left[0]['request'])}"
        return f"none of the {len(self._left)} recorded requests that are left is that"


def _shown(request: Exchange) -> str:
    """Return a request as one line: method, path, and the rest as JSON."""
    rest = {name: value for name, value in request.items() if name not in ("method", "path")}
    return f"{request['method']} {request['path']} {json.dumps(rest, ensure_ascii=False, sort_keys=True)}"


def _failure(name: str, faults: list[str]) -> str:
    how = f"record it anew with {RECORD_VARIABLE}=<address of the provider>, or mend the bridge."
    return "\n".join((f"The bridge does not ask what exchanges/{name}.json holds; {how}", *faults))
