"""CLIENT-05: every call ends within its deadline, and says that the time was over."""

from __future__ import annotations

from collections.abc import Mapping

from memconform.clients.failures import told_apart
from memconform.clients.stage import Stage
from memconform.clients.wire import Answer, Drip, Hang, HeaderFlood, NeverCloses
from memconform.requirement import requirement
from memconform.verdict import Inconclusive, NotMet

SLOW: Mapping[str, Answer] = {
    "says nothing": Hang(),
    "stops inside the header": Hang("in_headers"),
    "stops inside the body": Hang("in_body"),
    "drips the header": Drip(0.25, "headers"),
    "drips the body": Drip(0.25),
    "never closes": NeverCloses(),
}


@requirement("CLIENT-05")
def test_a_slow_server_does_not_hold_a_call(stage: Stage) -> None:
    """A server that hangs, drips or never closes, at every stage of an answer: each tool ends with an error in time."""
    limit = stage.client.deadline_s + stage.client.grace_s
    cases = [(tool, habit) for habit in SLOW for tool in stage.tools]
    mets = stage.each(cases, lambda case: stage.spoiled(case[0], SLOW[case[1]]))
    for (_, habit), met in zip(cases, mets, strict=True):
        tool = met.called.tool.tool
        if not met.main:
            raise Inconclusive(f"{tool} did not send the request that was to meet a server that {habit}", met.see())
        if met.called.seconds > limit or met.called.lost:
            raise NotMet(
                f"{tool} to end within {stage.client.deadline_s:g} s (with grace {limit:g} s) when the server {habit}",
                met.called.lost or f"it took {met.called.seconds:.1f} s",
                met.see(),
            )
        if met.called.succeeded:
            raise NotMet(f"{tool} to say that time is over when the server {habit}", met.called.said(), met.see())


@requirement("CLIENT-05")
def test_a_flood_of_header_fields_is_cut_off(stage: Stage) -> None:
    """100 MB of header fields are not waited for: the call ends in time, with an error."""
    tool = stage.tools[0]
    met = stage.spoiled(tool, HeaderFlood())
    if met.called.lost or met.called.seconds > stage.client.deadline_s + stage.client.grace_s:
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
    stage.each(stage.tools[:3], lambda tool: told_apart(stage, tool, "hang", ("refused", "500")))


@requirement("CLIENT-05")
def test_settings_are_checked_in_time(stage: Stage) -> None:
    """Checking credentials against a server that hangs ends within the deadline, with a refusal."""
    stage.open_answer = Hang("before_headers")
    person = stage.person()
    stage.answer(person, Hang("before_headers"))
    limit = stage.client.deadline_s + stage.client.grace_s
    checked = stage.check(person.key)
    if checked.accepted or checked.lost or checked.seconds > limit:
        raise NotMet(
            f"the check of credentials to refuse a server that hangs, within {limit:g} s",
            f"after {checked.seconds:.1f} s: {checked.said()}",
            stage.evidence(person),
        )
