"""CLIENT-03: each call carries the scope and the credentials of its own user, however many there are at once."""

from __future__ import annotations

from memconform.clients.identity import key_of, others_in, scopes_of, strangers
from memconform.clients.stage import Stage
from memconform.requirement import requirement
from memconform.verdict import NotMet

CROWD = 50


@requirement("CLIENT-03")
def test_every_request_names_its_user(stage: Stage) -> None:
    """Wherever the contract has a place for the scope, the request has the user of the call in it."""
    for met in stage.each(stage.tools, stage.works):
        for seen in met.seen:
            for scope in scopes_of(seen):
                if scope.get("user_id") != met.person.user:
                    raise NotMet(
                        f"{met.called.tool.tool} to send user_id {met.person.user!r}",
                        f"the scope {scope!r}",
                        stage.evidence_of([seen]),
                    )


@requirement("CLIENT-03")
def test_fifty_users_at_once_do_not_cross(stage: Stage) -> None:
    """50 calls of 50 users with 50 keys at the same time: each request has one person's key, scope and text."""
    for tool in stage.tools:
        people = [stage.person() for _ in range(CROWD)]
        values = stage.each(people, lambda person, tool=tool: stage.values(tool, person), at_once=CROWD)  # type: ignore[misc]  # a bound loop variable
        begun = stage.front.mark()
        mets = stage.each(
            list(zip(people, values, strict=True)),
            lambda each, tool=tool: stage.call(tool, each[0], **each[1]),  # type: ignore[misc]  # a bound loop variable
            at_once=CROWD,
        )
        for seen in stage.front.since(begun):
            mixed = strangers(seen, people, stage.owners)
            if len(mixed) > 1:
                raise NotMet(
                    f"a request of {tool.tool} with the key, the scope and the text of one user",
                    f"those of {len(mixed)}: {', '.join(mixed)}",
                    stage.evidence_of([seen]),
                )
        for met in mets:
            others = others_in(met.called.everything(), met.person.user)
            if others:
                raise NotMet(
                    f"{tool.tool} to show {met.person.user} nothing of others",
                    f"{others[0]} in its result: {met.called.said()}",
                    met.see(),
                )
            if met.called.succeeded and not met.seen:
                raise NotMet(
                    f"a call of {tool.tool} for {met.person.user} to send a request with that user's key",
                    "success without any such request",
                )


@requirement("CLIENT-03")
def test_the_next_call_uses_its_own_credentials(stage: Stage) -> None:
    """One call after another, each of another user with another key: the second does not go out with the first's."""
    for tool in stage.tools:
        first, begun = stage.works(tool), stage.front.mark()
        second = stage.call(tool)
        borrowed = [seen for seen in stage.front.since(begun) if key_of(seen) == first.person.key]
        if borrowed:
            raise NotMet(
                f"the second user's call of {tool.tool} to carry the second user's key",
                "a request with the first user's",
                stage.evidence_of(borrowed),
            )
        if not second.seen:
            raise NotMet(
                f"the second user's call of {tool.tool} to carry the second user's key",
                "no request with it; the one before was the first user's",
                first.see(),
            )
