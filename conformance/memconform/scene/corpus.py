"""A small corpus for many search tests, stored once in a run; each question about it is asked once, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from memconform.answer import Answer
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.plot import Plot
from memconform.scene.ranking import Ranked, ranking
from memconform.scene.search_scene import SearchScene, all_texts, ladders, unrelated_texts
from memconform.scene.story import Story, once
from memconform.scopes import Scopes

TEXTS = 5
CORPUS = Plot("corpus", requests=TEXTS + 1)
MIRROR = Plot("mirror", requests=TEXTS + 1)
LIBRARY = Plot("library", requests=(0, 21, 121))
"""What storing them takes; who asks a question announces it."""

METADATA = {"tide": {"high": [1.5, True, "\u00e8"]}, "n": 3, "": "empty"}


class Corpus(Story):
    """Three texts that share words with the query, between the oldest and the newest, which share none."""

    def __init__(self, scene: SearchScene) -> None:
        """Begin with nothing stored."""
        super().__init__()
        (rung,) = ladders(scene.capabilities, 1)
        first, last, *_ = unrelated_texts(scene.capabilities, 5)
        self.scene, self.query = scene, rung.queries[0]
        self.texts = [first, *rung.texts[: TEXTS - 2], last]
        self.records: list[Memory] = []

    def ask(self, memory: MemoryApi, query: str, **members: Any) -> Answer:
        """Return the answer to a search, for as many results as the server gives; each question is asked once."""
        members = {"top_k": self.scene.widest, **members}
        step = f"{query!r} {sorted(members.items())}"
        if step not in self:
            self.tell(step, memory.search(query, self.scene.scope, **members))
        return self[step]

    def best(self, memory: MemoryApi, **members: Any) -> list[Ranked]:
        """Return the results for the query."""
        return ranking(self.ask(memory, self.query, **members))

    def again(self, memory: MemoryApi) -> SearchScene:
        """Return the scene for questions that are to be asked anew."""
        return replace(self.scene, memory=memory)


def corpus(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Corpus:
    """Return the corpus, stored once in a run; its questions are asked by whoever asks first."""
    found = once(memory, CORPUS, lambda: _stored(Corpus(SearchScene(memory, capabilities, scopes.fresh()))))
    if not isinstance(found, Corpus):
        raise TypeError("another story has this name")
    return found


class Library(Story):
    """All texts of four ladders, one of them twice, and unrelated ones where the budget is full."""

    def __init__(self, scene: SearchScene, stocked: int) -> None:
        """Keep where they are, and how many."""
        super().__init__()
        self.scene, self.stocked = scene, stocked


def library(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> Library:
    """Return many texts for searches of larger budgets, stored once in a run."""

    def live() -> Library:
        texts = all_texts(ladders(capabilities, 4))
        texts += texts[:1] if not capabilities.dedupes else []
        texts += unrelated_texts(capabilities, 100) if budget.size == "full" else []
        scene = SearchScene(memory, capabilities, scopes.fresh())
        return Library(scene, len(scene.stock(texts)))

    found = once(memory, LIBRARY, live)
    if not isinstance(found, Library):
        raise TypeError("another story has this name")
    return found


def mirror(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Corpus:
    """Return the same texts in another scope, added in the opposite order after the corpus was asked its question."""
    original = corpus(memory, scopes, capabilities)
    original.best(memory)
    scene = SearchScene(memory, capabilities, scopes.fresh())
    found = once(memory, MIRROR, lambda: _stored(Corpus(scene), backwards=True))
    if not isinstance(found, Corpus):
        raise TypeError("another story has this name")
    return found


def _stored(story: Corpus, *, backwards: bool = False) -> Corpus:
    limits = story.scene.capabilities
    rich = limits.limit_or("metadata_bytes", 99) >= 99 and limits.limit_or("metadata_depth", 3) >= 3
    texts = story.texts[::-1] if backwards else story.texts
    story.records = story.scene.stock(texts, metadata=METADATA if rich else {})
    return story
