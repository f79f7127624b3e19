"""Watches what passes a front and draws conclusions on both ends: the client's requests, the server's answers."""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from memconform.capabilities import Capabilities
from memconform.clients.wire.answers import ANSWERED_BY
from memconform.clients.wire.credentials import credentials_elsewhere
from memconform.clients.wire.repeated_adds import RepeatedAdds
from memconform.clients.wire.request_judge import RequestJudge
from memconform.clients.wire.reuse import Quiet
from memconform.clients.wire.seen import Seen
from memconform.contract.openapi import openapi
from memconform.recorder import WireFinding
from memconform.settings import API_KEY, SECOND_API_KEY
from memconform.wire_judge import WireJudge

KINDS = 500
"""So many different findings are kept apart; further ones are only counted."""
_KEYS = 50
_TELLING = 12
_SAMPLES = 100_000


@dataclass
class Kind:
    """Findings that say the same, and the first request that showed it."""

    requirement: str
    expected: str
    observed: str
    first: Seen
    count: int = 1


@dataclass
class Watch:
    """What is known so far. `tell` is called with each kind of finding when it is first met.

    Requests are given in the order in which they ended, by one thread.
    """

    base_path: str
    capabilities: Capabilities
    tell: Callable[[Kind], None] = lambda _: None
    kinds: dict[tuple[str, str, str], Kind] = field(default_factory=dict)
    further: int = 0
    """Findings beyond the kinds that are kept apart."""
    requests: int = 0
    answers: int = 0
    """Answers of the server that were judged."""
    unjudged: int = 0
    """Answers that were not: too large, broken off, in a content coding, or the front's own."""
    unreachable: int = 0
    with_credentials: int = 0
    operations: dict[str, Counter[str]] = field(default_factory=dict)
    repeats: RepeatedAdds = field(default_factory=RepeatedAdds)
    quiet: Quiet = field(default_factory=Quiet)
    added_s: deque[float] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    keys: list[str] = field(default_factory=list)
    """The credentials that have been met; never reported."""

    def __post_init__(self) -> None:
        """Begin with the keys that the environment names."""
        self._know(*(os.environ.get(name, "").strip() for name in (API_KEY, SECOND_API_KEY)))

    def see(self, seen: Seen) -> None:
        """Judge one request and its answer."""
        self.requests += 1
        self._count(seen)
        if seen.token is not None:
            self.with_credentials += telling(seen.token)
            self._know(seen.token)
        for finding in self._findings(seen):
            self._keep(finding, seen)
        self._learn(seen)

    def held(self, requirement: str) -> int:
        """Return how many findings there are of a requirement."""
        return sum(kind.count for kind in self.kinds.values() if kind.requirement == requirement)

    def _findings(self, seen: Seen) -> Iterator[WireFinding]:
        yield from RequestJudge(openapi(), self.base_path, self._schemes()).judge(seen)
        for place in credentials_elsewhere(seen, self.keys):
            yield WireFinding("CLIENT-02", "credentials in Authorization only", f"a key in {place}", seen.exchange())
        yield from self.repeats.judge(seen)
        if self._judgeable(seen):
            self.answers += 1
            judge = WireJudge(openapi(), self.capabilities.profiles, self.base_path or "/", self.keys)
            yield from judge(seen.exchange())
        else:
            self.unjudged += 1

    def _schemes(self) -> frozenset[str]:
        """Return the authentication schemes that the server takes: bearer, and what it declares besides."""
        declared = self.capabilities.document.get("auth")
        also = declared if isinstance(declared, list) else []
        return frozenset({"bearer", *(str(name).lower() for name in also)})

    def _judgeable(self, seen: Seen) -> bool:
        received = seen.received
        if received is None or seen.fault is not None or received.header(ANSWERED_BY[0]) == ANSWERED_BY[1]:
            return False
        if (received.header("Content-Encoding") or "identity").strip().lower() != "identity":
            return False
        streams = (received.header("Content-Type") or "").lower().startswith("text/event-stream")
        return seen.whole or streams  # a reader leaves a stream of events when it has enough

    def _keep(self, finding: WireFinding, seen: Seen) -> None:
        key = (finding.requirement, finding.expected, finding.observed)
        if key in self.kinds:
            self.kinds[key].count += 1
        elif len(self.kinds) >= KINDS:
            self.further += 1
        else:
            self.kinds[key] = Kind(*key, seen)
            self.tell(self.kinds[key])

    def _count(self, seen: Seen) -> None:
        name = seen.operation_id or "(none of the document)"
        status = "no answer" if seen.received is None else str(seen.received.status)
        self.operations.setdefault(name, Counter())[status] += 1
        self.unreachable += seen.problem is not None and status in ("502", "504")
        if seen.added_s is not None:
            self.added_s.append(seen.added_s)
        self.quiet.see(seen)

    def _know(self, *keys: str) -> None:
        for key in keys:
            if telling(key) and key not in self.keys and len(self.keys) < _KEYS:
                self.keys.append(key)

    def _learn(self, seen: Seen) -> None:
        """Take a capability document that passes by for what the server now declares."""
        received = seen.received
        if seen.operation_id != "getCapabilities" or received is None or received.status != 200 or not seen.whole:
            return
        try:
            document = json.loads(received.body)
        except ValueError:
            return
        if isinstance(document, dict):
            self.capabilities = Capabilities(document)


def telling(key: str) -> bool:
    """Tell whether a key can be told from a word that a memory may hold: 12 characters or more, a digit among them."""
    return len(key) >= _TELLING and any(letter.isdigit() for letter in key)
