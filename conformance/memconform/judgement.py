"""Runs one test and says how it ended: what counts as the server's fault, what proves nothing, what is ours."""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from memconform import malformed
from memconform.applicability import why_not
from memconform.contract import requirements
from memconform.exchange import Exchange
from memconform.explore import Explorer
from memconform.failing_messages import FailingMessages
from memconform.http import Disconnected, Refused, TimedOut
from memconform.measures import Measures
from memconform.recorder import Judge, Recorder, WireFinding
from memconform.redaction import redactor
from memconform.requirement import Mark
from memconform.scene.restart import RestartFailed, restart_of
from memconform.session import Session
from memconform.verdict import Inconclusive, NotApplicable, NotMet, Outcome

_SHOWN_EXCHANGES = 4
_STEPS_BEFORE = 6
"""How many of the requests before the telling one are named."""
_FAILED_WRITES = 2
"""So many writes that were answered with 5xx are shown before a control that did not hold: it may be why."""


@dataclass
class Judgement:
    """How a test ended. `stop` is the reason to run no further test: the server is gone."""

    outcome: Outcome = Outcome.PASS
    seconds: float = 0.0
    requests: int = 0
    expected: str | None = None
    observed: str | None = None
    reason: str | None = None
    see: Sequence[Exchange] = ()
    before: Sequence[Exchange] = ()
    """What the test sent before the first exchange of `see`."""
    wire: list[WireFinding] = field(default_factory=list)
    measures: Sequence[dict[str, Any]] = ()
    """What the test measured, whatever came of it."""
    broken: str | None = None
    """The id of the requirement that a failure is about where it is not the test's own."""
    script: str | None = None
    """Commands that repeat everything that led to a failure."""
    stop: str | None = None
    redact: Callable[[str], str] = str

    def to_json(self) -> dict[str, Any]:
        """Return the judgement as the result file keeps it."""
        record: dict[str, Any] = {
            "outcome": self.outcome.value,
            "seconds": round(self.seconds, 4),
            "requests": self.requests,
        }
        for name in ("expected", "observed", "reason", "script"):
            value = getattr(self, name)
            if value is not None:
                record[name] = self.redact(value)
        if self.see:
            record["exchanges"] = [_redacted(e.to_json(), self.redact) for e in self.see[-_SHOWN_EXCHANGES:]]
        if self.before:
            record["before"] = [self.redact(exchange.brief()) for exchange in self.before]
        if self.measures:
            record["measures"] = list(self.measures)
        record["wire"] = [self._wire_json(finding) for finding in self.wire]
        return record

    def _wire_json(self, finding: WireFinding) -> dict[str, Any]:
        return {
            "requirement": finding.requirement,
            "expected": self.redact(finding.expected),
            "observed": self.redact(finding.observed),
            "exchanges": [_redacted(finding.exchange.to_json(), self.redact)],
        }


def judge(session: Session, mark: Mark, function: Callable[..., None], name: str) -> Judgement:
    """Run the test; once more when the connection broke off, for a server may close an idle one at any time."""
    started = time.monotonic()
    reason = why_not(mark, session.settings, session.capabilities)
    if reason is not None:
        judgement = Judgement(Outcome.SKIP, reason=reason)
    else:
        judgement, again = _attempt(session, mark, function, name, first=True)
        if again:
            before = judgement
            judgement, _ = _attempt(session, mark, function, name, first=False)
            judgement.requests += before.requests
            judgement.wire[:0] = before.wire
    if (
        judgement.outcome is Outcome.FAIL
        and requirements()[judgement.broken or mark.id].level == "SHOULD"
        and not judgement.stop
    ):
        judgement.outcome = Outcome.WARN
    judgement.seconds = time.monotonic() - started
    judgement.redact = redactor(session.secrets)
    return judgement


def _attempt(
    session: Session, mark: Mark, function: Callable[..., None], name: str, *, first: bool
) -> tuple[Judgement, bool]:
    """Run the test and return the judgement, and whether it deserves a second attempt."""
    bound = session.settings.budget.bound
    stories = {plot.name: bound(plot.requests) for plot in mark.stories}
    recorder = Recorder(bound(mark.requests), _judge_of_exchanges(session), stories)
    measures = Measures()
    again = False
    try:
        function(**_arguments(session, recorder, measures, function, name))
        judgement = Judgement()
    except NotMet as finding:
        see = finding.see or recorder.exchanges[-1:]
        judgement = Judgement(Outcome.FAIL, expected=finding.expected, observed=finding.observed, see=see)
        judgement.before = _before(recorder.exchanges, see)
        judgement.broken, judgement.script = finding.requirement, finding.script
    except Inconclusive as nothing:
        judgement = _nothing_proven(nothing.after(recorder.exchanges))
    except NotApplicable as condition:
        judgement = Judgement(Outcome.SKIP, reason=str(condition))
    except (Disconnected, Refused) as broken:
        judgement, again = _broken_off(session, broken, first=first)
    except TimedOut as late:
        judgement = _timed_out(session, late)
    except RestartFailed as ours:
        judgement = Judgement(Outcome.ERROR, reason=str(ours))
    except Exception:  # noqa: BLE001 - whatever else went wrong is the harness's fault and is reported as such
        judgement = Judgement(Outcome.ERROR, reason=f"the harness failed:\n{traceback.format_exc(limit=-4)}")
    judgement.requests, judgement.wire = recorder.requests, _beside(judgement, mark, recorder.findings)
    judgement.measures = measures.to_json()
    session.wire_findings += judgement.wire
    session.note_served(recorder.exchanges)
    _answer_for_the_wire(session, mark, judgement)
    return judgement, again


def _judge_of_exchanges(session: Session) -> Judge:
    wire = session.judge()
    return lambda exchange: [*wire(exchange), *malformed.server_errors(exchange, wire.operation)]


def _beside(judgement: Judgement, mark: Mark, findings: Sequence[WireFinding]) -> list[WireFinding]:
    """Return what exchanges showed beside what the test itself holds against the requirement."""
    own = [id(exchange) for exchange in judgement.see] if judgement.outcome is Outcome.FAIL else []
    return [each for each in findings if each.requirement != mark.id or id(each.exchange) not in own]


def _nothing_proven(nothing: Inconclusive) -> Judgement:
    """Return the judgement of a control that did not hold, with the writes before it that the server failed at."""
    see = nothing.see or nothing.led[-1:]
    judgement = Judgement(Outcome.INCONCLUSIVE, reason=nothing.reason, before=_before(nothing.led, see))
    earlier = takewhile(lambda exchange: exchange is not see[0], nothing.led)
    failed = [exchange for exchange in earlier if _is_failed_write(exchange)][-_FAILED_WRITES:]
    judgement.see = [*failed, *see[len(failed) - _SHOWN_EXCHANGES :]]
    return judgement


def _is_failed_write(exchange: Exchange) -> bool:
    received = exchange.received
    return exchange.sent.method not in ("GET", "HEAD") and received is not None and received.status >= 500


def _before(exchanges: Sequence[Exchange], see: Sequence[Exchange]) -> Sequence[Exchange]:
    """Return the exchanges that led up to the first telling one."""
    at = next((place for place, exchange in enumerate(exchanges) if see and exchange is see[0]), 0)
    return exchanges[max(0, at - _STEPS_BEFORE) : at]


def _answer_for_the_wire(session: Session, mark: Mark, judgement: Judgement) -> None:
    """Fail the last test of a requirement about every exchange when any exchange so far broke it."""
    found = next((finding for finding in session.wire_findings if finding.requirement == mark.id), None)
    if mark.last and found is not None and judgement.outcome is not Outcome.FAIL:
        judgement.outcome, judgement.see = Outcome.FAIL, [found.exchange]
        judgement.expected, judgement.observed = found.expected, found.observed


def _broken_off(session: Session, broken: Disconnected | Refused, *, first: bool) -> tuple[Judgement, bool]:
    if not session.alive():
        stop = f"the server stopped answering: {broken.detail}"
        lost = Judgement(Outcome.FAIL, see=[broken.exchange], stop=stop)
        lost.expected, lost.observed = (
            "a server that goes on answering",
            f"{broken.detail}, and no answer since",
        )
        return lost, False
    if first:
        return Judgement(Outcome.INCONCLUSIVE, reason=broken.detail), True
    fault = Judgement(Outcome.FAIL, see=[broken.exchange])
    fault.expected, fault.observed = "a complete HTTP answer", f"{broken.detail}, twice"
    return fault, False


def _timed_out(session: Session, late: TimedOut) -> Judgement:
    reason = f"{late.detail}: this proves nothing; see --timeout"
    if session.alive(session.settings.timeout):
        return Judgement(Outcome.INCONCLUSIVE, reason=reason, see=[late.exchange])
    stop = f"the server hangs: {late.detail}, and none to GET /v1/health since"
    return Judgement(Outcome.INCONCLUSIVE, reason=stop, see=[late.exchange], stop=stop)


def _arguments(
    session: Session, recorder: Recorder, measures: Measures, function: Callable[..., None], name: str
) -> dict[str, Any]:
    scopes = session.scopes()

    def other() -> Any:
        if session.first.token is None or session.second.token is None:
            raise Inconclusive(
                f"tenancy needs the API keys of two principals: set ${session.first.variable} and "
                f"${session.second.variable} (or name them with --api-key-env and --second-api-key-env)"
            )
        return session.client(recorder, session.second)

    offers: dict[str, Callable[[], Any]] = {
        "memory": lambda: session.client(recorder, session.first),
        "other": other,
        "scopes": lambda: scopes,
        "scope": scopes.fresh,
        "capabilities": lambda: session.capabilities,
        "budget": lambda: session.settings.budget,
        "explore": lambda: Explorer(
            session.settings.budget, session.settings.seed, name, lambda: recorder.exchanges[-1:]
        ),
        "measures": lambda: measures,
        "restart": lambda: restart_of(session.settings),
        "failing_messages": lambda: FailingMessages.read(str(session.settings.failing_messages)),
        "session": lambda: session,
    }
    return {parameter: offers[parameter]() for parameter in inspect.signature(function).parameters}


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(item, redact) for item in value]
    if isinstance(value, dict):
        return {key: _redacted(item, redact) for key, item in value.items()}
    return value
