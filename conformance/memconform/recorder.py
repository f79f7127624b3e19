"""What one test sends and receives: bounded in number, every response judged as it passes (CORE-27, CORE-28)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from memconform.exchange import Exchange
from memconform.plot import Plot
from memconform.verdict import Inconclusive


@dataclass(frozen=True, slots=True)
class WireFinding:
    """A requirement about every exchange that one exchange broke."""

    requirement: str
    expected: str
    observed: str
    exchange: Exchange


Judge = Callable[[Exchange], list[WireFinding]]


@dataclass
class Recorder:
    """The exchanges of one test, in order.

    `bound` is the number of requests that the test announced, `stories` what each shared story may take, by its name.
    """

    bound: int
    judge: Judge
    stories: Mapping[str, int] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    findings: list[WireFinding] = field(default_factory=list)
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> None:
        """Count one more request; raise `Inconclusive` when the announced number is used up."""
        with self._lock:
            if self.requests >= self.bound:
                raise Inconclusive(
                    f"the test needs more than the {self.bound} requests that it announced; are pages very short?"
                )
            self.requests += 1

    @contextmanager
    def telling(self, plot: Plot) -> Iterator[None]:
        """Allow what the story takes, and no more, on top of the test's own requests.

        A story that the test did not announce would make the plan untrue: that is an error of the harness.
        """
        if plot.name not in self.stories:
            raise ValueError(f"the test did not announce the story {plot.name!r} that it looks at")
        own, begun = self.bound, self.requests
        self.bound = begun + self.stories[plot.name]
        try:
            yield
        finally:
            self.bound = own + self.requests - begun

    def keep(self, exchange: Exchange) -> None:
        """Add an exchange and judge it."""
        findings = self.judge(exchange)
        with self._lock:
            self.exchanges.append(exchange)
            self.findings.extend(findings)
