"""CLIENT-05: every call ends within its deadline, and says that the time was over."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from memconform.clients.failures import told_apart
from memconform.clients.mapping import MappedTool
from memconform.clients.pages import PAGED, endless_pages
from memconform.clients.stage import Met, Stage
from memconform.clients.unconnected import unconnected_url
from memconform.clients.unfinished import STARTS, asked_about, never_done
from memconform.clients.wire import Answer, Drip, Hang, HeaderFlood, NeverCloses
from memconform.requirement import requirement
from memconform.verdict import Inconclusive, NotApplicable, NotMet

SLOW: Mapping[str, Answer] = {
    "says nothing": Hang(),
    "stops inside the header": Hang("in_headers"),
    "stops inside the body": Hang("in_body"),
    "drips the header": Drip(0.25, "headers"),
    "drips the body": Drip(0.25),
    "never closes": NeverCloses(),
}


LATE_S = 0.3
"""How late each part of an endless answer comes, in seconds."""

NEEDS_NO_BODY = frozenset(
    {("deleteMemory", "stops inside the body"), ("deleteMemory", "drips the body"), ("deleteMemory", "never closes")}
)
"""Where the status says it all: a client may end well without waiting for the body."""


@requirement("CLIENT-05")
def test_a_slow_server_does_not_hold_a_call(stage: Stage) -> None:
    """A server that hangs, drips or never closes, at every stage of an answer: each tool ends with an error in time."""
    cases = [(tool, habit) for habit in SLOW for tool in stage.tools]
    mets = stage.each_met(cases, lambda case: stage.spoiled(case[0], SLOW[case[1]]))
    for (_, habit), met in zip(cases, mets, strict=True):
        tool = met.called.tool.tool
        if not met.main:
            raise Inconclusive(f"{tool} did not send the request that was to meet a server that {habit}", met.see())
        _in_time(stage, met, f"when the server {habit}")
        if met.called.succeeded and (met.called.tool.operation, habit) not in NEEDS_NO_BODY:
            raise NotMet(f"{tool} to say that time is over when the server {habit}", met.called.said(), met.see())


@requirement("CLIENT-05")
def test_no_request_on_the_way_holds_a_call(stage: Stage) -> None:
    """What a tool asks besides - for the memory before it changes it, how an operation stands - may hang as well."""
    on_the_way = [(met.called.tool, of) for met in stage.each(stage.tools, stage.works) for of in met.besides]
    stage.open_answer = Hang()
    cases = [(tool, of, habit) for tool, of in on_the_way for habit in ("says nothing", "drips the body")]
    for met in stage.each(cases, lambda case: stage.spoiled(case[0], SLOW[case[2]], of=case[1])):
        _in_time(stage, met, "when a request before or after the main one hangs")


@requirement("CLIENT-05")
def test_an_answer_without_end_ends_the_call(stage: Stage) -> None:
    """A list that always has a next page, and an operation that never ends, do not hold a call."""
    endless = [tool for tool in stage.tools if tool.operation in PAGED | STARTS]
    for met in stage.each(endless, _endless(stage)):
        _in_time(stage, met, "when there is always another page, or the operation goes on and on")


@requirement("CLIENT-05")
def test_a_connection_that_is_not_made_does_not_hold_a_call(stage: Stage) -> None:
    """Where nothing takes the connection, nor refuses it, each tool ends with an error in time."""
    with unconnected_url() as nobody:
        if nobody is None:
            raise NotApplicable("this system takes connections beyond the backlog")
        for met in stage.each(stage.tools, lambda tool: stage.call(tool, at=nobody)):
            _in_time(stage, met, "when the connection is not made")
            if met.called.succeeded:
                raise NotMet(f"{met.called.tool.tool} to say that there is no connection", met.called.said())


@requirement("CLIENT-05")
def test_a_flood_of_header_fields_is_cut_off(stage: Stage) -> None:
    """100 MB of header fields are not waited for: the call ends in time, with an error."""
    tool = stage.tools[0]
    met = stage.spoiled(tool, HeaderFlood())
    if met.called.lost or met.called.seconds > stage.client.limit_s:
        raise NotMet(
            f"{tool.tool} to refuse 100 MB of header fields within {stage.client.deadline_s:g} s",
            met.called.lost or f"it took {met.called.seconds:.1f} s",
            met.see(),
        )
    if met.called.succeeded:
        raise NotMet(f"{tool.tool} to refuse 100 MB of header fields", met.called.said(), met.see())


@requirement("CLIENT-05")
def test_a_timeout_is_told_as_one(stage: Stage) -> None:
    """The message of a timeout is another than those of a refused connection and of a server's error."""
    stage.each(stage.tools, lambda tool: told_apart(stage, tool, "hang", ("refused", "500")))


@requirement("CLIENT-05")
def test_settings_are_checked_in_time(stage: Stage) -> None:
    """Checking credentials against a server that hangs ends within the deadline, with a refusal."""
    stage.open_answer = Hang()
    person = stage.person()
    stage.answer(person, Hang())
    limit = stage.client.limit_s
    checked = stage.check(person.key)
    if checked.accepted or checked.lost or checked.seconds > limit:
        raise NotMet(
            f"the check of credentials to refuse a server that hangs, within {limit:g} s",
            f"after {checked.seconds:.1f} s: {checked.said()}",
            stage.evidence(person),
        )


def _endless(stage: Stage) -> Callable[[MappedTool], Met]:
    def call(tool: MappedTool) -> Met:
        person = stage.person()
        values = stage.values(tool, person)
        pages, asked = endless_pages(LATE_S), asked_about(never_done(LATE_S))
        stage.answer(person, lambda seen: pages(seen) if seen.operation_id in PAGED else asked(seen))
        return stage.call(tool, person, **values)

    return call


def _in_time(stage: Stage, met: Met, when: str) -> None:
    limit = stage.client.limit_s
    if met.called.seconds > limit or met.called.lost:
        raise NotMet(
            f"{met.called.tool.tool} to end within {stage.client.deadline_s:g} s (with grace {limit:g} s) {when}",
            met.called.lost or f"it took {met.called.seconds:.1f} s",
            met.see(),
        )
