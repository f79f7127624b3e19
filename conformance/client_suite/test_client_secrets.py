"""CLIENT-02: the API key is in the Authorization header field and nowhere else."""

from __future__ import annotations

import json

from memconform.clients.identity import key_of
from memconform.clients.keys import new_key
from memconform.clients.stage import Stage
from memconform.clients.wire import FAULTS, Redirect, Seen, problem, refusing_url
from memconform.requirement import requirement
from memconform.verdict import Inconclusive, NotMet

BREAKING = ("hangs", "closes", "reset-in-body", "garbage", "html", "truncated-json", "401", "422", "429", "500")
"""What a client is tempted to write into its log, by the name in the catalogue of faults."""


@requirement("CLIENT-02")
def test_every_call_carries_its_key_in_the_header(stage: Stage) -> None:
    """Each request that needs credentials has `Authorization: Bearer` with the key of the call."""
    for tool in stage.tools:
        person = stage.person()
        values = stage.values(tool, person)
        begun = stage.front.mark()
        called = stage.client.call(tool, stage.front.url, person.key, person.user, values)
        for seen in stage.front.since(begun):
            open_to_all = seen.operation is not None and seen.operation.document.get("security") == []
            if key_of(seen) != person.key and not open_to_all and seen.method != "OPTIONS":
                raise NotMet(
                    f"{tool.tool} to send the key as `Authorization: Bearer …`",
                    "another value in that header field" if seen.authorization else "no such header field",
                    stage.evidence_of([seen]),
                )
        if not called.succeeded:
            raise Inconclusive(f"{tool.tool} does not work with a good server: {called.said()}")


@requirement("CLIENT-02")
def test_an_echoed_key_stays_inside(stage: Stage) -> None:
    """A server that repeats the key in its error does not make the client show it."""
    for status in (401, 403, 422, 500):
        for tool in stage.tools:
            person = stage.person()
            detail = f"the key {person.key} (Bearer {person.key}) is not welcome"
            stage.spoil(tool, person, problem(status, "unauthorized", detail, (("X-Echo", person.key),)))
            met = stage.call(tool, person)
            if person.key in met.called.everything():
                raise NotMet("an error without the key in it", met.called.said(), met.see())


@requirement("CLIENT-02")
def test_the_key_does_not_follow_a_redirect(stage: Stage) -> None:
    """An answer that points to another server does not get the key sent there."""
    with stage.elsewhere() as other:
        for tool in stage.tools:
            for status in (302, 307):
                person = stage.person()
                stage.spoil(tool, person, Redirect(f"{other.url}/v1/memories", status))
                met = stage.call(tool, person)
                if any(_holds(seen, person.key) for seen in other.seen):
                    raise NotMet(
                        "the key to be sent to the server of the settings only",
                        f"{tool.tool} followed a redirect ({status}) to another server, with the key",
                        [*met.see(), *stage.evidence_of(other.seen[-1:])],
                    )


@requirement("CLIENT-02")
def test_a_refused_key_stays_out_of_the_message(stage: Stage) -> None:
    """Checking credentials that are wrong names no key in its message."""
    for key in (new_key(), f"{new_key()} with a space"):
        checked = stage.check(key)
        if key in checked.said():
            raise NotMet("a message without the key", checked.said())


@requirement("CLIENT-02", last=True)
def test_no_key_is_in_anything_that_came_out(stage: Stage) -> None:
    """Outputs, errors, logs, both output streams, the plugin's folder and all requests hold no key of any call."""
    stage.each(stage.tools, stage.works)
    cases = [(tool, fault) for fault in BREAKING for tool in stage.tools]
    stage.each(cases, lambda case: stage.spoiled(case[0], FAULTS[case[1]]()))
    with refusing_url() as nobody:
        stage.each(stage.tools, lambda tool: stage.call(tool, at=nobody))
    found = stage.run.leaks()
    if found:
        where, exchanges = found[0]
        raise NotMet("an API key nowhere but in the Authorization header field", f"a key in {where}", exchanges)


def _holds(seen: Seen, key: str) -> bool:
    everything = json.dumps([seen.authorization, seen.sent.url, seen.sent.headers, seen.sent.body.decode("latin-1")])
    return key in everything
