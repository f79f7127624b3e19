"""That a memory is found: by its own words, and in time."""

from __future__ import annotations

from memconform.answer import Answer, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import MemoryApi, path_of
from memconform.requirement import requirement
from memconform.scene.corpus import CORPUS, corpus
from memconform.scene.eventually import MOST_PROBES, eventually
from memconform.scene.ranking import ranking
from memconform.scene.search_scene import SearchScene, unrelated_texts
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


@requirement("SEARCH-07", requests=3, stories=(CORPUS,))
def test_oldest_and_newest_are_found_by_their_own_text(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """The own text of the oldest and of the newest of a few memories, in two scripts, finds it."""
    story, places = corpus(memory, scopes, capabilities), _places(capabilities)
    for text, record in ((story.texts[place], story.records[place]) for place in (0, -1)):
        found = [each.id for each in ranking(story.ask(memory, text))][:places]
        must(record["id"] in found, f"the memory whose text is the query {_among(places)}: {text!r}", f"{found}")


@requirement("SEARCH-07", requests=(0, 75, 200))
def test_own_text_finds_it_first(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A memory's own text finds it first among a hundred unrelated ones, in whatever script; semantic: within three."""
    places = _places(capabilities)
    scene, texts = SearchScene(memory, capabilities, scope), unrelated_texts(capabilities, budget.beyond_smoke(40, 100))
    records = scene.stock(texts)
    for text, record in list(zip(texts, records, strict=True))[: budget.beyond_smoke(10, 100)]:
        found = [each.id for each in scene.rank(text, top_k=places)]
        must(
            record["id"] in found[:places],
            f"the memory whose text is the query {_among(places)} of {len(texts)}: {text!r}",
            f"it is not: {len(found)} results, {found}",
        )


def _places(capabilities: Capabilities) -> int:
    """Return within how many places a memory's own text must find it."""
    places = 3 if capabilities.search_mode == "semantic" else 1
    if places > capabilities.max_top_k:
        raise NotApplicable(f"search.max_top_k is {capabilities.max_top_k}: the first three cannot be seen")
    return places


def _among(places: int) -> str:
    return "first" if places == 1 else f"among the first {places}"


@requirement("SEARCH-09", requests=(1 + MOST_PROBES, 4 * (1 + MOST_PROBES), 20 * (1 + MOST_PROBES)))
def test_added_memory_is_found_in_time(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget, measures: Measures
) -> None:
    """An added memory is found by its text within `max_staleness_ms`; where search is strong, by the next request."""
    bound, all_of_them = capabilities.staleness("search"), SearchScene(memory, capabilities, scope).widest
    texts = unrelated_texts(capabilities, budget.of(5, 5, 20))[: budget.of(1, 4, 20)]
    for turn, text in enumerate(texts):
        added = memory.add(text, scope)
        reader = memory.elsewhere() if turn % 2 else memory
        _must_be_found(reader, text, scope, added["id"], all_of_them, bound, measures)


def _must_be_found(
    memory: MemoryApi,
    text: str,
    scope: dict[str, str],
    wanted: str,
    places: int,
    bound: float,
    measures: Measures | None = None,
) -> None:
    """Require the memory among the first places, at the latest when the bound has elapsed."""

    def search() -> Answer:
        return memory.search(text, scope, top_k=places).must_be(200, because="it is a plain query")

    def shows(answer: Answer) -> bool:
        return wanted in [each.id for each in ranking(answer)]

    answer = eventually(search, shows, bound, measures=measures, name="search: time to visibility")
    must(
        shows(answer),
        f"the memory {wanted} to be found by its text, {_soon(bound)}",
        f"{len(ranking(answer))} results without it",
        answer,
    )


def _soon(bound: float) -> str:
    return f"{bound * 1000:.0f} ms after it was written" if bound else "at once, for search is declared strong"


@requirement("SEARCH-09", requests=(0, 9 + MOST_PROBES, 9 + MOST_PROBES), needs=("update",))
def test_changed_memory_is_found_by_its_new_text(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """A changed memory is found by its new text within `max_staleness_ms`, among others that are nearer to the old."""
    scene, (*texts, new) = SearchScene(memory, capabilities, scope), unrelated_texts(capabilities, 6)
    records = scene.stock(texts)
    changed = memory.request("PATCH", path_of(records[0]["id"]), body={"content": new}, headers=MERGE_PATCH)
    changed.control(200)
    _must_be_found(memory, new, scope, records[0]["id"], _places(capabilities), capabilities.staleness("search"))
