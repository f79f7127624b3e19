"""What shared scenes decide without a request: who is nobody, what is kept, what a server need not take."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from memconform.answer import Answer, shortened
from memconform.applicability import why_not
from memconform.budget import Budget, Size
from memconform.capabilities import Capabilities
from memconform.exchange import Exchange, Received, Sent
from memconform.memory_api import MemoryApi
from memconform.plot import Plot
from memconform.requirement import Mark
from memconform.scene.notebook import Notebook
from memconform.scene.one_life import OneLife
from memconform.scene.optional_members import add_as_taken, as_taken, offered
from memconform.scene.places import _text
from memconform.scene.refusals import Refusals, never_given
from memconform.scene.search_scene import fits
from memconform.scene.writers import DENSE, SPARSE
from memconform.session import Session
from memconform.settings import RunSettings
from memconform.verdict import Inconclusive, NotMet

UUID = "01a206c5-e458-789c-8b51-de4af5df3c0c"


def answered(status: int, body: object = None, method: str = "GET", path: str = "/v1/memories") -> Answer:
    """Return an answer with that body."""
    received = Received(status, (), json.dumps(body).encode())
    return Answer(Exchange(Sent(method, f"http://127.0.0.1:1{path}"), received, 1.0, 0.0), received)


class Choosy:
    """A server that takes memories without the members that it does not want."""

    def __init__(self, *unwanted: str, status: int = 422) -> None:
        """Refuse these members with that status."""
        self.unwanted, self.status = unwanted, status
        self.bodies: list[dict[str, Any]] = []

    def post(self, body: dict[str, Any]) -> Answer:
        """Answer an add."""
        self.bodies.append(body)
        bad = self.status if set(self.unwanted) & body.keys() else 201
        return answered(bad, {"id": "m", **body} if bad == 201 else {"type": "about:blank"})


BODY = {"content": "a", "scope": {"user_id": "u"}, "confidence": 0.5, "ext": {"x": 1}}


@pytest.mark.parametrize("status", [400, 422])
def test_refused_optional_members_are_left_out(status: int) -> None:
    """An add that is refused is sent once more without them, and the first answer is kept for CORE-05."""
    server = Choosy("ext", status=status)
    first, second = offered(cast("MemoryApi", server), BODY)
    assert (first.status, second.status) == (status, 201)
    assert server.bodies[1] == {"content": "a", "scope": {"user_id": "u"}}


def test_taken_optional_members_cost_nothing() -> None:
    """Where the first add goes through there is no second one, and none where nothing could be left out."""
    taking, refusing = Choosy(), Choosy("content")
    assert [each.status for each in offered(cast("MemoryApi", taking), BODY)] == [201]
    assert [each.status for each in offered(cast("MemoryApi", refusing), {"content": "a"})] == [422]


def test_a_server_that_refuses_for_another_reason_sets_no_scene() -> None:
    """A server error is no refusal of members, and a refusal of all is none of some."""
    for server in (Choosy("ext", status=500), Choosy("content")):
        with pytest.raises(Inconclusive):
            add_as_taken(cast("MemoryApi", server), "a", {"user_id": "u"}, ext={})
    record = add_as_taken(cast("MemoryApi", Choosy("confidence")), "a", {"user_id": "u"}, confidence=0.5)
    assert "confidence" not in record


def test_a_patch_names_only_what_the_memory_has() -> None:
    """Optional members that the add left behind are patched, others are not; the rest always is."""
    patch = {"content": "b", "metadata": None, "confidence": None, "ext": None}
    assert as_taken({"ext": {"x": 1}, "confidence": None}, patch) == {"content": "b", "ext": None}
    assert as_taken({"ext": {}, "confidence": 0.0, "metadata": {}}, patch) == patch


def test_an_id_that_was_never_given_has_the_form_of_one_that_was() -> None:
    """Same places, same kinds of characters, and the same one each time; None where chance has no room."""
    never = never_given(UUID)
    assert never is not None
    assert never != UUID
    assert [character == "-" for character in never] == [character == "-" for character in UUID]
    assert set(never) <= set("0123456789abcdef-")
    assert never == never_given(UUID)
    assert never_given("42") is None
    assert never_given("m-0001-short") is None


def test_what_was_refused_must_not_be_stored_by_its_mark() -> None:
    """A refusal with the right status is a finding where the memory is there all the same, by content or metadata."""
    story = Refusals()
    story.tell("empty content", answered(422))
    story.must_refuse("empty content")
    for item in ({"content": "empty content"}, {"content": "", "metadata": {"sent": "empty content"}}):
        story.seen = {"empty content": [item]}
        with pytest.raises(NotMet, match="nothing stored of a request with empty content"):
            story.must_refuse("empty content")


def test_a_list_that_fails_hides_no_wrong_answer() -> None:
    """What was answered wrongly is a finding although the scope cannot be listed; what was refused is left open."""
    story, names = Refusals(), ("NaN in the metadata", "half of a surrogate pair")
    story.tell(names[0], answered(500))
    story.tell(names[1], answered(422))
    story.seen = dict.fromkeys(names, Inconclusive("the list answered 500"))
    with pytest.raises(NotMet):
        story.must_refuse(names[0])
    with pytest.raises(Inconclusive):
        story.must_refuse(names[1])


def test_what_is_cut_says_so() -> None:
    """A long number, body or path in a message ends with … and how long it was; a short one is as it is."""
    assert shortened("1" * 400, 12) == "111111111111… (400 characters)"
    long = answered(201, {"n": 10**400}, path="/" + "p" * 100)
    assert long.observed().endswith("0… (408 bytes)")
    assert answered(201, {"n": 1}).observed() == '201 {"n": 1}'
    with pytest.raises(NotMet, match=r"p… \(101 characters\)"):
        long.must_be(422)


def test_a_refusal_has_one_of_its_statuses() -> None:
    """400 or 422 where none is named."""
    story = Refusals()
    story.tell("an unknown id", answered(404))
    story.must_refuse("an unknown id", 404)
    with pytest.raises(NotMet):
        story.must_refuse("an unknown id")
    assert [name for name, _ in story.steps] == ["an unknown id"]


def test_a_notebook_knows_what_is_left_in_it() -> None:
    """The note deleted during the walk is gone, the one added is there."""
    story = Notebook({"user_id": "u"})
    story.texts = {"a": "note a", "b": "note b"}
    assert story.kept == story.texts
    story.gone, story.on_the_way = "a", "c"
    assert story.kept == {"b": "note b", "c": "added on the way"}


def test_a_life_is_looked_up_by_turn_and_step() -> None:
    """By the id that the step answered with, in that list; None where it is not listed."""
    story = OneLife()
    story.tell("added", answered(201, {"id": "a"}))
    story.lists = [[{"id": "b"}, {"id": "a", "turn": 0}], [{"id": "b"}]]
    assert story.listed(0, "added") == {"id": "a", "turn": 0}
    assert story.listed(1, "added") is None


def test_places_have_a_text_that_fits() -> None:
    """A text of the search ladders, or the shortest of all where the limits leave no room."""
    roomy, tight = Capabilities({}), Capabilities({"limits": {"content_bytes": 3}})
    assert len(_text(roomy)) > 10
    assert fits(roomy, _text(roomy))
    assert _text(tight) == "x"


@pytest.mark.parametrize(
    ("size", "requests", "stories", "runs"),
    [
        ("smoke", (0, 5, 5), (), False),
        ("standard", (0, 5, 5), (), True),
        ("smoke", (0, 5, 5), (Plot("told", 9),), False),
        ("smoke", 0, (Plot("told", 9),), True),
        ("smoke", 0, (), True),
    ],
)
def test_a_bound_of_zero_leaves_a_test_out(size: Size, requests: Any, stories: Any, *, runs: bool) -> None:
    """Where the budget has no room for the test's own requests it is skipped, and runs where it needs none ever."""
    settings = RunSettings("http://127.0.0.1:1", budget=Budget(size))
    reason = why_not(Mark("CORE-05", requests, stories), settings, Capabilities({}))
    assert reason == (None if runs else "needs a larger budget than smoke")


def test_served_is_what_was_done() -> None:
    """Operations of the document that were answered with a good status, under the path of the document."""
    session = Session(RunSettings("http://127.0.0.1:1"), "0123abcd")
    refused = answered(422, method="POST", path="/v1/search")
    session.note_served([answered(200, path=f"/v1/memories/{UUID}").exchange, refused.exchange])
    assert session.served == {("GET", "/v1/memories/{id}")}


def test_writers_write_for_as_long_as_a_restart_may_take() -> None:
    """Both paces go on for some seconds, the sparse one with few writes."""
    for pace in (DENSE, SPARSE):
        assert sum(pace.pause(number) for number in range(pace.most - 1)) > 2
    assert SPARSE.most * len(SPARSE.kinds) < DENSE.most * len(DENSE.kinds) / 4
