"""What a careful server refuses, each thing sent once in a run, and a look at what was stored of it.

What a JSON writer cannot write again goes into a scope of its own: a server that stores it cannot list it.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from memconform.answer import REFUSALS, Answer, control, shown
from memconform.capabilities import Capabilities
from memconform.http import Disconnected
from memconform.memory_api import MEMORIES, Json, Memories, MemoryApi, Scope
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive, NotMet

ALL_REFUSED = Plot("refusals", requests=33)
"""What it takes at most, where pages of lists are short."""

LARGEST = 4 * 1024 * 1024
"""A body larger than this, in bytes, is not sent only to see it refused."""

ABOVE = "a body above request_bytes"

ODD_TEXTS = {
    "NaN in the metadata": ('"sent"', '"n": NaN, "sent"'),
    "an infinite number in the metadata": ('"sent"', '"n": 1e400, "sent"'),
    "half of a surrogate pair": ('"half of a surrogate pair"', r'"a\ud800b"'),
}
"""What in the text of a body is replaced by what, by the name of what is wrong then."""

RANDOM_CHARACTERS = 12
"""With so many characters replaced at random an id belongs to nobody."""

Send = Callable[[], Answer]


class Refusals(Story):
    """The answers by what was wrong, and for each the list of its scope afterwards."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.seen: dict[str, Memories | Inconclusive] = {}
        """What the list of its scope held after each thing that was wrong, or why it shows nothing."""

    def look(self, memory: MemoryApi, scope: Scope, steps: Iterable[str], kept: str | None = None) -> None:
        """List the scope that the steps were sent into; where that shows nothing, keep why.

        `kept` is the id of a memory that the list has to hold.
        """
        seen: Memories | Inconclusive
        try:
            seen = memory.walk(scope)
            ids = [item.get("id") for item in seen]
            control(kept is None or kept in ids, "the list does not hold the memory that was added")
        except Inconclusive as nothing:
            seen = nothing.after(memory.recorder.exchanges)
        self.seen |= dict.fromkeys(steps, seen)

    @property
    def steps(self) -> list[tuple[str, Answer]]:
        """What was wrong, and the answer, in the order of sending."""
        return [(name, self[name]) for name in self._steps]

    def must_refuse(self, name: str, *statuses: int) -> None:
        """Require one of the statuses (400 or 422 where none is named), and that nothing was stored."""
        self[name].must_be(*(statuses or REFUSALS), because=f"there was {name}")
        seen = self.seen.get(name, [])
        if isinstance(seen, Inconclusive):
            raise seen
        stored = next((item for item in seen if name in _marks(item)), None)
        if stored is not None:
            found = f"a memory with the content {shown(stored.get('content'))}"
            raise NotMet(f"nothing stored of a request with {name}", found, [self[name].exchange])


def refusals(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Refusals:
    """Return the story of what the server refuses, lived once in a run."""
    found = once(memory, ALL_REFUSED, lambda: _live(memory, scopes, capabilities))
    if not isinstance(found, Refusals):
        raise TypeError("another story has this name")
    return found


def never_given(memory_id: str) -> str | None:
    """Return an id of the same form as a given one that no memory has; None where the form has no room for chance."""
    draw = random.Random(f"never {memory_id}")  # noqa: S311 - it need not be secret, and the same seed repeats it
    classes = (string.digits, "abcdef", "ABCDEF", string.ascii_lowercase, string.ascii_uppercase)
    alnum = [at for at, character in enumerate(memory_id) if character.isascii() and character.isalnum()]
    if len(alnum) < 2 * RANDOM_CHARACTERS:
        return None
    characters = list(memory_id)
    for at in alnum[-RANDOM_CHARACTERS:]:
        characters[at] = draw.choice(next(each for each in classes if characters[at] in each))
    return "".join(characters) if "".join(characters) != memory_id else None


def _live(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Refusals:
    story, scope = Refusals(), scopes.fresh()
    kept = memory.add("all is well", scope)["id"]
    apart = {name: scopes.fresh() for name in ODD_TEXTS}
    sends = {name: _odd_text(memory, apart[name], name) for name in ODD_TEXTS}
    sends |= {**dict(_bodies(memory, scope)), **dict(_scopes(memory, scope)), **dict(_lists(memory, scope))}
    sends |= dict(_others(memory, scope, kept))
    if "search" in capabilities.profiles:
        sends["a search without a scope"] = lambda: memory.request("POST", "/v1/search", body={"query": "x"})
    for name, send in sends.items():
        story.tell(name, send())
    if (size := capabilities.limit_or("request_bytes", LARGEST + 1)) <= LARGEST:
        body = json.dumps(_body(ABOVE, scope)).encode().ljust(size + 1)
        with suppress(Disconnected):  # the server may close the connection on a body that it will not read
            story.tell(ABOVE, memory.request("POST", MEMORIES, content=body))
    settle(capabilities.staleness("list"))
    story.look(memory, scope, [*(sends.keys() - apart.keys()), ABOVE], kept)
    for name, own in apart.items():
        story.look(memory, own, [name])
    return story


def _body(name: str, scope: Json, **members: Json) -> dict[str, Json]:
    """Return a good body that carries the name of what is wrong with it, and the members that make it so."""
    return {"content": name, "scope": scope, "metadata": {"sent": name}, **members}


def _marks(item: dict[str, Json]) -> tuple[Json, Json]:
    metadata = item.get("metadata")
    return item.get("content"), metadata.get("sent") if isinstance(metadata, dict) else None


def _odd_text(memory: MemoryApi, scope: Scope, name: str) -> Send:
    """Return how a body is sent whose text many JSON readers take, and no JSON writer can write again."""
    text = json.dumps(_body(name, dict(scope))).replace(*ODD_TEXTS[name], 1)
    return lambda: memory.request("POST", MEMORIES, content=text.encode())


def _bodies(memory: MemoryApi, scope: Scope) -> Iterator[tuple[str, Send]]:
    """Yield bodies of which one member is wrong, one of another media type, and one that is two."""

    def post(name: str, **members: Json) -> Send:
        return lambda: memory.post(_body(name, dict(scope), **members))

    two = json.dumps(_body("two documents in one body", dict(scope))).encode()
    yield "two documents in one body", lambda: memory.request("POST", MEMORIES, content=two + two)
    yield "empty content", post("empty content", content="")
    yield "content that is a number", post("content that is a number", content=42)
    yield "a confidence above 1", post("a confidence above 1", confidence=1.5)
    plain = _body("the media type text/plain", dict(scope))
    yield "the media type text/plain", lambda: memory.post(plain, headers={"Content-Type": "text/plain"})


def _scopes(memory: MemoryApi, scope: Scope) -> Iterator[tuple[str, Send]]:
    """Yield bodies with a scope that is none."""
    user = scope["user_id"]
    wrong: dict[str, Json] = {
        "an empty scope": {},
        "a scope that is a string": user,
        "a scope value that is a number": {"user_id": user, "agent_id": 7},
        "an unknown scope member": {"user_id": user, "tenant_id": user},
    }
    for name, value in wrong.items():
        yield name, lambda name=name, value=value: memory.post(_body(name, value))  # type: ignore[misc]  # mypy cannot infer a lambda with a default


def _lists(memory: MemoryApi, scope: Scope) -> Iterator[tuple[str, Send]]:
    """Yield lists of a scope that is none."""
    user = scope["user_id"]
    yield "a list without a scope", lambda: memory.list([])
    yield "a list of an empty user_id", lambda: memory.list([("user_id", "")])
    yield "a list of two values of user_id", lambda: memory.list([("user_id", user), ("user_id", f"{user}x")])


def _others(memory: MemoryApi, scope: Scope, kept: str) -> Iterator[tuple[str, Send]]:
    """Yield what is wrong with the path, the method, the id, the credentials."""
    yield "an unknown path", lambda: memory.request("GET", f"/v1/unknown-{scope['user_id']}")
    yield "another method", lambda: memory.request("PUT", MEMORIES, body=_body("another method", dict(scope)))
    yield "no credentials", lambda: memory.request("GET", MEMORIES, params=scope, credentials=False)
    yield "a quote in the id", lambda: memory.request("GET", f"{MEMORIES}/x%27%20OR%20%271%27%3D%271")
    never = never_given(kept)
    if never is not None:
        yield "an unknown id", lambda: memory.get(never)
        yield "the deletion of an unknown id", lambda: memory.delete(never)
