"""Writes that are repeated under one `Idempotency-Key` have one effect."""

from memconform.answer import Answer, control, must, must_equal
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.idempotency import must_be_repeated, must_wait_or_conflict
from memconform.scene.keyed_story import items_of
from memconform.scene.races import must_have_raced
from memconform.scene.repeats import REPEATS, races_of, repeats
from memconform.scene.story import Story
from memconform.scopes import Scopes


@requirement("IDEMPOTENCY-01", stories=(REPEATS,))
def test_repeat_has_one_effect(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A repeat, its JSON spelled otherwise, gets the same answer and adds nothing; what was refused may be mended."""
    story = _repeats(memory, scopes, capabilities)
    must_be_repeated(story["first"], story["repeat"])
    must_be_listed_once(story, "repeated")
    story["refused"].must_be_refused(because="its content is empty")
    story["mended"].must_be(201, because="the refusal of the first request with this key is not remembered")
    if "batch" in story:
        must_be_repeated(story["batch"].control(200), story["batch again"])
        must_be_listed_once(story, "in a batch")


def _repeats(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Story:
    """Return the repeats, if all of them came within the declared window."""
    story = repeats(memory, scopes, capabilities)
    must_be_within(capabilities, story["first"], story["listed"])
    return story


def must_be_within(capabilities: Capabilities, first: Answer, last: Answer) -> None:
    """Go on only if the key was still to be remembered at the last answer."""
    window, taken = capabilities.idempotency_window, last.exchange.at + last.exchange.seconds - first.exchange.at
    soon = window is None or taken < window
    control(soon, f"the repeats took {taken:.1f} s; the server forgets keys after {window} s", last)


def must_be_listed_once(story: Story, content: str) -> None:
    """Require the list to have one memory of that content."""
    must_equal(_listed(story).count(content), 1, f"memories listed with content {content!r} =", story["listed"])


def _listed(story: Story) -> list[str]:
    return [str(item.get("content")) for item in items_of(story.all("listed"))]


@requirement("IDEMPOTENCY-02", stories=(REPEATS,))
def test_key_of_another_request_is_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The same key with another body, and on another path, is 422 and stores nothing; in flight it is 409 or waits."""
    story = _repeats(memory, scopes, capabilities)
    story["repeat"].control(201)
    for step in [step for step in ("another body", "another path") if step in story]:
        story[step].must_be_refused(because=f"the Idempotency-Key was used before, with {step}")
        stored = _listed(story).count(step)
        must(stored == 0, f"nothing stored under a used key with {step}", f"{stored} memories listed", story[step])
    for answers in races_of(story).values():
        must_wait_or_conflict(answers)


@requirement("IDEMPOTENCY-03", stories=(REPEATS,))
def test_parallel_repeats_leave_one(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Of several repeats at the same moment one memory remains."""
    story = _repeats(memory, scopes, capabilities)
    races = races_of(story)
    for content in races:
        must_be_listed_once(story, content)
    must_have_raced([*races.values()][-1])
