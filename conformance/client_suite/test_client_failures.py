"""CLIENT-06: a failure is told as one, with what to do; never as an empty success."""

from __future__ import annotations

from memconform.clients.client import Checked
from memconform.clients.failures import FAILURES, HARMLESS, failing, says_enough, told_apart, without_names
from memconform.clients.halves import HALVED, asked_for_more, half_and_whole
from memconform.clients.huge import LARGE, huge, shows_some
from memconform.clients.keys import new_key
from memconform.clients.stage import Stage
from memconform.clients.unfinished import STARTS, asked_about, failed
from memconform.clients.wire import refusing_url
from memconform.requirement import requirement
from memconform.verdict import Inconclusive, NotMet


@requirement("CLIENT-06")
def test_no_failure_is_a_success(stage: Stage) -> None:
    """Each refusal, error, broken answer and broken connection makes each tool end in an error with a message."""
    cases = [(name, tool) for name in FAILURES for tool in stage.tools if (name, tool.operation) not in HARMLESS]
    mets = stage.each_met(cases, lambda case: stage.spoiled(case[1], failing(case[0], case[1].operation)))
    for (name, tool), met in zip(cases, mets, strict=True):
        if not met.main:
            raise Inconclusive(f"{tool.tool} did not send the request that was to meet {name}", met.see())
        if met.called.succeeded or met.called.lost:
            raise NotMet(f"{tool.tool} to give an error after {name}", met.called.said(), met.see())
        if not says_enough(met.called.error):
            raise NotMet(f"{tool.tool} to say what to do about {name}", met.called.said(), met.see())


@requirement("CLIENT-06")
def test_an_unreachable_server_is_a_failure(stage: Stage) -> None:
    """When nobody listens, each tool ends in an error with a message."""
    with refusing_url() as nobody:
        for met in stage.each(stage.tools, lambda tool: stage.call(tool, at=nobody)):
            if met.called.succeeded or met.called.lost or not says_enough(met.called.error):
                raise NotMet(
                    f"{met.called.tool.tool} to give an error that says what to do when the connection is refused",
                    met.called.said(),
                )


@requirement("CLIENT-06")
def test_messages_tell_failures_apart(stage: Stage) -> None:
    """What has to be done differs, so the messages of a wrong key, no connection, a rate and bad input differ."""
    stage.each(stage.tools, lambda tool: told_apart(stage, tool, "401", ("refused", "429", "422", "500")))


@requirement("CLIENT-06")
def test_an_answer_of_twenty_megabytes_kills_nothing(stage: Stage) -> None:
    """20 MiB of answer end in a result that is cut, or in an error; the plugin goes on working."""
    for tool in stage.tools:
        if tool.operation not in LARGE:
            continue
        person = stage.person()
        stage.spoil(tool, person, huge(tool.operation, person.user))
        met = stage.call(tool, person)
        if met.called.lost:
            raise NotMet(f"{tool.tool} to survive an answer of 20 MiB", met.called.said(), met.see())
        shows = tool.id or tool.texts
        if shows and met.called.succeeded and not shows_some(met.called.everything()):
            raise NotMet(f"{tool.tool} to give some of an answer of 20 MiB, or an error", met.called.said(), met.see())
        stage.works(tool)


@requirement("CLIENT-06")
def test_work_that_failed_is_a_failure(stage: Stage) -> None:
    """An operation that the server accepted and could not do makes the tool end in an error with a message."""
    for tool in stage.tools:
        if tool.operation not in STARTS:
            continue
        later, person = asked_about(failed()), stage.person()
        stage.answer(person, later)
        for met in (stage.spoiled(tool, failed()), stage.call(tool, person)):
            told = met.main[:1] if met.person is not person else met.of("getOperation")
            if told and (met.called.lost or not says_enough(met.called.error)):
                raise NotMet(
                    f"{tool.tool} to give an error when the operation has failed", met.called.said(), met.see()
                )


@requirement("CLIENT-06")
def test_half_is_not_shown_as_all(stage: Stage) -> None:
    """An export that breaks off, or a list whose next page fails, gives an error or a result that says so."""
    for tool in stage.tools:
        if tool.operation not in HALVED:
            continue
        half, whole = half_and_whole(stage, tool)
        if half.called.succeeded and asked_for_more(half) and half.called.shown() == whole.called.shown():
            raise NotMet(
                f"{tool.tool} to say that half of what it asked for is missing",
                f"what it says when it has all: {half.called.said()}",
                half.see(),
            )


@requirement("CLIENT-06")
def test_wrong_settings_are_refused(stage: Stage) -> None:
    """Checking credentials refuses a wrong key, a server that is not there, and one that is no memory server."""
    person = stage.person()
    good = stage.check(person.key)
    if not good.accepted:
        raise Inconclusive(f"the credentials of a good server are not accepted: {good.said()}")
    with refusing_url() as nobody:
        wrong, absent = stage.check(new_key()), stage.check(person.key, nobody)
        _refused("a wrong key", wrong)
        _refused("a server that is not there", absent)
        if without_names(wrong.said()) == without_names(absent.said()):
            raise NotMet("the check of credentials to tell a wrong key from a server that is not there", wrong.said())
    stage.open_answer = failing("HTML", "getCapabilities")
    stage.answer(person, failing("HTML", "listMemories"))
    _refused("a web server that knows no memories", stage.check(person.key))


def _refused(what: str, checked: Checked) -> None:
    if not says_enough(checked.refusal):
        raise NotMet(f"the check of credentials to refuse {what}, and to say what to do", checked.said())
