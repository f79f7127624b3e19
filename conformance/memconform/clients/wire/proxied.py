"""The result of a proxy's watch: a verdict on the client and one on the server, as data and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from memconform.clients.wire.front import Front
from memconform.clients.wire.reuse import reuse
from memconform.clients.wire.seen import Seen
from memconform.clients.wire.watch import Kind, Watch
from memconform.contract import requirements
from memconform.environment import tool
from memconform.measures import distribution
from memconform.verdict import Outcome

FORMAT = "memconform.proxy/1"
_ELSEWHERE = ("CLIENT-03", "CLIENT-04", "CLIENT-05", "CLIENT-06", "CLIENT-08", "CLIENT-10")
"""What cannot be seen from between client and server: it needs to know what the client was asked to do."""

_SHOWN = {Outcome.INCONCLUSIVE: "not seen"}
_COLOURS = {Outcome.PASS: "green", Outcome.WARN: "yellow", Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "bright_black"}

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The conclusion on one requirement; `said` tells what it rests on."""

    requirement: str
    outcome: Outcome
    said: str
    findings: int = 0


@dataclass(frozen=True, slots=True)
class Proxied:
    """What was concluded."""

    url: str
    upstream: str
    seconds: float
    client: tuple[Judged, ...]
    server: tuple[Judged, ...]
    watch: Watch
    connections: int
    most_at_once: int
    redact: Redact

    @property
    def held(self) -> tuple[int, int]:
        """How many findings there are against the client and the server; what only SHOULD be counts as a warning."""
        return _findings(self.client), _findings(self.server)

    @property
    def warned(self) -> bool:
        """Whether there is a warning."""
        return any(each.outcome is Outcome.WARN for each in (*self.client, *self.server))

    def to_json(self) -> dict[str, Any]:
        """Return the result as the file keeps it: no header, no body, no secret."""
        watch = self.watch
        return {
            "format": FORMAT,
            "contract": "1.0",
            "tool": tool(),
            "proxy": {"url": self.url, "upstream": self.upstream, "seconds": round(self.seconds, 3)},
            "verdict": {"client": _verdict(self.client), "server": _verdict(self.server)},
            "client": {
                "requests": watch.requests,
                "connections": self.connections,
                "most_at_once": self.most_at_once,
                "requirements": [_row(each) for each in self.client],
                "not_judged": list(_ELSEWHERE),
            },
            "server": {
                "profiles": sorted(watch.capabilities.profiles),
                "answers_judged": watch.answers,
                "answers_not_judged": watch.unjudged,
                "requirements": [_row(each) for each in self.server],
            },
            "findings": [self._finding(kind) for kind in watch.kinds.values()],
            "further_findings": watch.further,
            "operations": {name: dict(sorted(counts.items())) for name, counts in sorted(watch.operations.items())},
            "added_s": distribution(sorted(watch.added_s)) if watch.added_s else None,
        }

    def _finding(self, kind: Kind) -> dict[str, Any]:
        return {
            "requirement": kind.requirement,
            "expected": self.redact(kind.expected),
            "observed": self.redact(kind.observed),
            "count": kind.count,
            "first": {
                "request": kind.first.number,
                "at_s": round(kind.first.at, 3),
                "brief": _brief(kind.first),
            },
        }

    def lines(self) -> Iterator[str]:
        """Yield the verdict for a terminal."""
        yield from self._repeated()
        watch = self.watch
        yield (
            f"client   {watch.requests} requests on {self.connections} connections, "
            f"at most {self.most_at_once} at the same time"
        )
        yield from map(_line, self.client)
        yield f"  {'not judged':<12} {', '.join(_ELSEWHERE)}: a proxy cannot see them; 'memconform plugin check' does"
        yield f"server   {watch.answers} answers judged, {watch.unjudged} not (broken off, very large, or none)"
        yield from map(_line, self.server)
        yield "operations"
        for name, counts in sorted(watch.operations.items()):
            said = ", ".join(f"{status} ×{number}" for status, number in sorted(counts.items()))
            yield f"  {name:<18} {said}"
        if watch.added_s:
            figures = distribution(sorted(watch.added_s))
            p50, p95 = figures["p50"] * 1000, figures["p95"] * 1000
            yield f"the proxy added p50 {p50:.2f} ms, p95 {p95:.2f} ms ({figures['samples']} requests)"
        yield self._verdict()

    def _repeated(self) -> Iterator[str]:
        for kind in self.watch.kinds.values():
            if kind.count > 1:
                yield f"  ×{kind.count:<5} {finding_line(kind, self.redact, styled=False)}"
        if self.watch.further:
            yield f"  and {self.watch.further} further findings"

    def _verdict(self) -> str:
        client, server = self.held
        if not self.watch.requests:
            return click.style("NOTHING SEEN", fg="yellow", bold=True)
        if client or server:
            return click.style(f"HELD AGAINST THE CLIENT: {client}, AGAINST THE SERVER: {server}", fg="red", bold=True)
        return click.style("NOTHING HELD AGAINST EITHER", fg="green", bold=True) + " in what was seen"


def conclude(watch: Watch, front: Front, upstream: str, seconds: float, redact: Redact) -> Proxied:
    """Draw the conclusions when nothing more will come."""
    client = (_requests(watch), _credentials(watch), _repeats(watch), _connections(watch, front))
    answers = f"{watch.answers} answers"
    server = tuple(_seen_in(watch, name, watch.answers, answers) for name in ("CORE-27", "CORE-28"))
    return Proxied(front.url, upstream, seconds, client, server, watch, front.opened, front.most_at_once, redact)


def finding_line(kind: Kind, redact: Redact, *, styled: bool = True) -> str:
    """Return a finding on one line, without anything that would steer a terminal."""
    name = click.style(kind.requirement, fg="red", bold=True) if styled else kind.requirement
    said = f"expected {kind.expected}; observed {kind.observed}"
    return f"{name} {_brief(kind.first)}: {_plain(redact(said))}"


def _requests(watch: Watch) -> Judged:
    return _seen_in(watch, "CLIENT-01", watch.requests, f"{watch.requests} requests")


def _credentials(watch: Watch) -> Judged:
    judged = _seen_in(watch, "CLIENT-02", watch.with_credentials, f"{watch.with_credentials} requests with a key")
    if judged.outcome is Outcome.INCONCLUSIVE:
        return Judged("CLIENT-02", judged.outcome, "no request carried a key of 12 characters or more with a digit")
    return judged


def _repeats(watch: Watch) -> Judged:
    failed = watch.repeats.failed
    judged = _seen_in(watch, "CLIENT-07", failed, f"{failed} failed writes that could be repeated")
    if judged.outcome is Outcome.INCONCLUSIVE:
        return Judged("CLIENT-07", judged.outcome, "no write failed so that it would have been repeated")
    return judged


def _connections(watch: Watch, front: Front) -> Judged:
    if watch.requests < 2:
        return Judged("CLIENT-09", Outcome.INCONCLUSIVE, "it takes two requests to use a connection again")
    needed, within = reuse(front.opened, front.most_at_once, front.closed_here, watch.quiet.times)
    said = f"{front.opened} connections for {watch.requests} requests; {needed} would have done"
    return Judged("CLIENT-09", Outcome.PASS if within else Outcome.WARN, said)


def _seen_in(watch: Watch, requirement: str, looked_at: int, said: str) -> Judged:
    held = watch.held(requirement)
    if held:
        return Judged(requirement, Outcome.FAIL, f"{held} findings in {said}", held)
    return Judged(requirement, Outcome.PASS if looked_at else Outcome.INCONCLUSIVE, said if looked_at else "nothing")


def _findings(judged: tuple[Judged, ...]) -> int:
    return sum(each.findings for each in judged)


def _verdict(judged: tuple[Judged, ...]) -> str:
    outcomes = {each.outcome for each in judged}
    if Outcome.FAIL in outcomes:
        return "held against it"
    return "nothing held against it" if Outcome.PASS in outcomes else "not seen"


def _row(judged: Judged) -> Mapping[str, Any]:
    return {
        "id": judged.requirement,
        "level": requirements()[judged.requirement].level,
        "outcome": str(judged.outcome),
        "said": judged.said,
        "findings": judged.findings,
    }


def _line(judged: Judged) -> str:
    outcome = click.style(f"{_SHOWN.get(judged.outcome, judged.outcome):<12}", fg=_COLOURS[judged.outcome])
    return f"  {judged.requirement:<10} {outcome} {judged.said}"


def _brief(seen: Seen) -> str:
    """Return method, path template and status: a path itself may hold anybody's text."""
    path = seen.operation.path if seen.operation else "(no path of the document)"
    status = "no answer" if seen.received is None else str(seen.received.status)
    return f"{_plain(seen.method)} {path} → {status}"


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
