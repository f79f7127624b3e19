"""CLIENT-07: only what may be repeated is repeated, and not before the server says."""

from __future__ import annotations

from memconform.clients.mapping import MappedTool
from memconform.clients.repeats import early, unsafe_repeat
from memconform.clients.stage import Met, Stage
from memconform.clients.unfinished import STARTS, asked_about
from memconform.clients.wire import FAULTS, problem
from memconform.requirement import requirement
from memconform.verdict import NotMet

PASSING = ("500", "502", "503", "429", "409", "closes", "reset", "reset-in-body")
"""Faults, by their name in the catalogue, after which a client is tempted to try again."""
MANY = 30
"""More requests than this in one call are no retry any more."""

OPEN_TO_ALL = frozenset({"getHealth", "getCapabilities"})
"""What a client may do without: one that gets no answer to these asks the next time that it needs one."""


@requirement("CLIENT-07")
def test_only_safe_requests_are_repeated(stage: Stage) -> None:
    """After an error, a lost connection or half an answer no POST is sent again, but with the same Idempotency-Key."""
    cases = [(fault, tool, times) for fault in PASSING for tool in stage.tools for times in (1, None)]
    mets = stage.each(cases, lambda case: stage.spoiled(case[1], FAULTS[case[0]](), case[2]))
    for (fault, tool, _), met in zip(cases, mets, strict=True):
        wrong = unsafe_repeat(met.main)
        if wrong is not None:
            raise NotMet(f"{tool.tool} to repeat nothing unsafe after {fault}", wrong, met.see())
        if len(met.main) > MANY:
            raise NotMet(f"{tool.tool} to stop repeating", f"{len(met.main)} requests in one call", met.see())


@requirement("CLIENT-07")
def test_retry_after_is_waited_for(stage: Stage) -> None:
    """Told to come back in a second, in seconds or by date, no tool comes back earlier."""
    asked = ("429-seconds", "429-date", "503-seconds")
    cases = [(tool, fault) for tool in stage.tools for fault in asked]
    for met in stage.each(cases, lambda case: stage.spoiled(case[0], FAULTS[case[1]](), 1)):
        wrong = early(met.main, stage.epoch)
        if wrong is not None:
            raise NotMet(f"{met.called.tool.tool} to wait as Retry-After says", wrong, met.see())


@requirement("CLIENT-07")
def test_retry_after_is_waited_for_on_the_way(stage: Stage) -> None:
    """So it is with what a tool asks before or after its main request: a memory, how an operation stands."""
    first = {met.called.tool.tool: met for met in stage.each(stage.tools, stage.works)}
    asked = [(tool, of) for tool in stage.tools for of in first[tool.tool].besides if of not in OPEN_TO_ALL]
    cases = [*asked, *((tool, tool.operation) for tool in stage.tools if tool.operation in STARTS)]
    for (tool, of), met in zip(cases, stage.each(cases, lambda case: _told_to_wait(stage, *case)), strict=True):
        wrong = early([seen for seen in met.seen if seen.operation_id in (of, "getOperation")], stage.epoch)
        if wrong is not None:
            raise NotMet(f"{tool.tool} to wait as Retry-After says", wrong, stage.evidence_of(met.seen))


def _told_to_wait(stage: Stage, tool: MappedTool, of: str) -> Met:
    """Call a tool and ask for patience once: by refusing a request on the way, or in the answer that work goes on."""
    if of not in STARTS:
        return stage.spoiled(tool, FAULTS["429-seconds"](), 1, of=of)
    person = stage.person()
    stage.answer(person, asked_about(None, (("Retry-After", "1"),)))
    return stage.call(tool, person)


@requirement("CLIENT-07")
def test_an_absurd_retry_after_ends_the_call(stage: Stage) -> None:
    """Told to come back tomorrow, in a year, or in words, no tool waits beyond its deadline or hammers the server."""
    limit = stage.client.limit_s
    absurd = ("86400", "Fri, 31 Dec 2100 23:59:59 GMT", "soon", "-5", "1e9")
    answers = {value: problem(429, "too-many-requests", "slower", (("Retry-After", value),)) for value in absurd}
    cases = [(tool, value) for value in absurd for tool in stage.tools]
    mets = stage.each(cases, lambda case: stage.spoiled(case[0], answers[case[1]]))
    for (tool, value), met in zip(cases, mets, strict=True):
        name = tool.tool
        if met.called.seconds > limit or met.called.lost:
            took = met.called.lost or f"it took {met.called.seconds:.1f} s"
            raise NotMet(f"{name} to end within its deadline after `Retry-After: {value}`", took, met.see())
        if met.called.succeeded:
            raise NotMet(f"{name} to give an error after `Retry-After: {value}`", met.called.said(), met.see())
        wrong = early(met.main, stage.epoch)
        if wrong is not None or len(met.main) > MANY:
            raise NotMet(
                f"{name} to leave the server alone after `Retry-After: {value}`",
                wrong or f"{len(met.main)} requests",
                met.see(),
            )
