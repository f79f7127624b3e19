"""CLIENT-01 and CLIENT-08: what a client sends is of the contract; what a newer server adds is tolerated."""

from __future__ import annotations

from memconform.clients.newer import newer
from memconform.clients.pages import PAGED, second_page
from memconform.clients.stage import Stage
from memconform.clients.unfinished import STARTS, asked_about
from memconform.clients.wire import FAULTS, with_unknown_members, with_unknown_profiles
from memconform.requirement import requirement
from memconform.verdict import Inconclusive, NotMet


@requirement("CLIENT-01")
def test_every_tool_sends_what_the_document_describes(stage: Stage) -> None:
    """Every tool makes the request of its operation; all requests of all tests match the OpenAPI document."""
    for met in stage.each(stage.tools, stage.works):
        if not met.main:
            sent = ", ".join(exchange.brief() for exchange in met.see()) or "nothing"
            raise NotMet(
                f"{met.called.tool.tool} to make the request {met.called.tool.operation}, as its mapping says",
                f"it sent {sent}",
                met.see(),
            )


@requirement("CLIENT-01")
def test_further_requests_are_of_the_document_as_well(stage: Stage) -> None:
    """So are a second attempt, the request for a next page, and the question how an operation stands."""
    for fault in ("503", "closes"):
        stage.each(stage.tools, lambda tool, fault=fault: stage.spoiled(tool, FAULTS[fault](), 1))  # type: ignore[misc]  # a bound loop variable
    for tool in stage.tools:
        person = stage.person()
        if tool.operation in PAGED:
            pages = second_page(None)
            stage.answer(person, lambda seen, pages=pages: pages(seen) if seen.operation_id in PAGED else None)  # type: ignore[misc]  # a bound loop variable
        elif tool.operation in STARTS:
            stage.answer(person, asked_about(None))
        stage.works(tool, person)


@requirement("CLIENT-08")
def test_answers_of_a_newer_server_are_understood(stage: Stage) -> None:
    """With unknown members in every object of every answer, and profiles, each tool gives the same texts as without."""
    for tool in stage.tools:
        person = stage.person()
        values = stage.values(tool, person)
        stage.open_answer = newer()
        stage.answer(person, newer())
        met = stage.call(tool, person, **values)
        stage.open_answer = None
        if not met.called.succeeded:
            stage.works(tool)
            raise NotMet(f"{tool.tool} to tolerate members that it does not know", met.called.said(), met.see())
        if tool.texts and values["content"] not in met.called.texts():
            plain = stage.works(tool)
            if plain.called.texts():
                raise NotMet(
                    f"{tool.tool} to give the memory's text whatever else the answer has", met.called.said(), met.see()
                )


@requirement("CLIENT-08")
def test_unknown_profiles_do_not_trouble_the_settings(stage: Stage) -> None:
    """Credentials are accepted for a server that declares profiles nobody knows, with members nobody knows."""
    person = stage.person()
    plain = stage.check(person.key)
    if not plain.accepted:
        raise Inconclusive(f"the credentials of a good server are not accepted: {plain.said()}")
    for answer in (with_unknown_profiles(), with_unknown_members(), newer()):
        stage.open_answer = answer
        stage.answer(person, answer)
        checked = stage.check(person.key)
        if not checked.accepted:
            raise NotMet(f"the credentials to be accepted ({answer.name})", checked.said(), stage.evidence(person))
