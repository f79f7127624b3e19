"""Changes on one tag at the same moment: one wins, and who tries again loses nothing."""

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.histories import check
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.races import must_have_raced
from memconform.scene.shared_list import SHARED_LIST, shared_list
from memconform.scopes import Scopes
from memconform.verdict import NotMet


@requirement("CONCURRENCY-03", requests=(0, 1, 1), stories=(SHARED_LIST,), needs=("update",))
def test_one_change_wins_a_tag(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> None:
    """Of changes sent at the same moment on one tag one is 200 and all others are 412."""
    story = shared_list(memory, scopes, capabilities, budget)
    answers = story.all("first")
    for answer in answers:
        answer.must_be(200, 412, because="a change on a tag that others change on, too")
    won = sum(answer.status == 200 for answer in answers)
    must(won == 1, f"200 for one of {len(answers)} changes on one tag", f"200 for {won}", *answers)
    must_have_raced(answers)


@requirement("CONCURRENCY-04", requests=(0, 1, 1), stories=(SHARED_LIST,), needs=("update",))
def test_retries_leave_every_change(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Clients that append to one memory, and read and retry on 412, leave all entries, and a sound history."""
    story = shared_list(memory, scopes, capabilities, budget)
    control(story.gave_up is None, "a client was answered with 412 more often than there are others; it gave up")
    content = str(story["read"].must_be(200, because="nobody deleted it").json.get("content"))
    lost = [name for name in story.names if content.split("\n").count(name) != 1]
    for violation in check(story.recorder.history(), staleness=capabilities.staleness("get")):
        raise NotMet(f"a history without {violation.law}", str(violation), [story["read"].exchange])
    must(not lost, f"each of {story.clients} entries once", f"not so: {', '.join(lost)}; {content!r}", story["read"])
    must_have_raced(story.all("first"))
