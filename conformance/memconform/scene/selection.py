"""What a search must select out of memories that all share a word with the query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from memconform.answer import Answer, control, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi, Scope
from memconform.scene.eventually import settle
from memconform.scene.optional_members import add_as_taken
from memconform.scene.ranking import certainly_below, ranking
from memconform.scene.search_scene import SearchScene
from memconform.verdict import NotApplicable

WORD = "harbour"
"""The query of every selection, and a word of every text in it."""

_RECALL = 0.9


@dataclass
class Selection:
    """Holds searches for `WORD` to what they must select.

    A memory that must not be found is a finding on every server. One that is missing is a finding where search is
    exact and repeatable; elsewhere all of them are counted, and `judge_recall` judges the sum.
    """

    memory: MemoryApi
    capabilities: Capabilities
    scope: Scope
    known: dict[str, Memory] = field(default_factory=dict)
    """The records that may be found, by id; what a server keeps there of its own is not judged."""
    found: int = 0
    wanted: int = 0

    @property
    def most(self) -> int:
        """How many memories there may be, so that one search can give them all."""
        return SearchScene(self.memory, self.capabilities, self.scope).widest

    @property
    def strict(self) -> bool:
        """Whether each search must give everything."""
        return self.capabilities.exact and self.capabilities.deterministic

    def add(self, scope: Scope | None = None, text: str | None = None, **members: Any) -> Memory:
        """Add a memory, into the scope of the search if no other is given; its text has the word and a number.

        A server that takes no confidence keeps it without one.
        """
        record = add_as_taken(self.memory, text or f"{WORD} number {len(self.known)}", scope or self.scope, **members)
        self.known[record["id"]] = record
        return record

    def settle(self) -> None:
        """Wait until every read must know what was written."""
        settle(max(self.capabilities.staleness(read) for read in ("get", "list", "search")))

    def search(self, scope: Scope | None = None, query: str = WORD, **members: Any) -> tuple[Answer, set[str]]:
        """Search for the word, all results; return the answer, and which known memories it gave."""
        members = {"top_k": self.most, **members}
        because = f"the request is well-formed: {shown({k: v for k, v in members.items() if k != 'top_k'})}"
        answer = self.memory.search(query, scope or self.scope, **members).must_be(200, because=because)
        return answer, {each.id for each in ranking(answer)} & self.known.keys()

    def keep_what_is_found(self) -> None:
        """Search without any condition, and go on with what that finds: the control of every later search."""
        answer, found = self.search()
        control(
            len(found) * 2 > len(self.known), f"a search for a word of {len(self.known)} memories misses most", answer
        )
        self.known = {memory_id: record for memory_id, record in self.known.items() if memory_id in found}

    def judge(self, expected: Collection[str], what: str, scope: Scope | None = None, **members: Any) -> None:
        """Search, and require the expected memories, known by their ids, and no other known one."""
        if len(expected) > self.most:
            raise NotApplicable(f"search gives {self.most} results at most, and {len(expected)} are to be told apart")
        answer, given = self.search(scope, **members)
        strangers = given.difference(expected)
        must(not strangers, f"only {what}", f"others besides: {self._described(strangers)}", answer)
        self._judge_missing(set(expected) - given, len(expected), what, answer)

    def judge_alike(self, one: Collection[str], what: str, **members: Any) -> None:
        """Search, and require what an equivalent search gave, `one`; neither of the two is known to be right."""
        answer, given = self.search(**members)
        strangers = given.difference(one)
        if self.strict:
            must(not strangers, f"only {what}", f"others besides: {self._described(strangers)}", answer)
        self._judge_missing({*strangers, *set(one) - given}, len(given.union(one)), what, answer)

    def _judge_missing(self, missing: Collection[str], wanted: int, what: str, answer: Answer) -> None:
        self.wanted += wanted
        self.found += wanted - len(missing)
        if self.strict:
            must(not missing, f"{what}, all {wanted}", f"some are missing: {self._described(missing)}", answer)

    def judge_recall(self) -> None:
        """Judge how many of all that were expected were given: nine in ten at least."""
        must(
            not certainly_below(_RECALL, self.found, self.wanted),
            f"the {self.wanted} memories that the searches select",
            f"{self.found} of them",
        )

    def _described(self, ids: Collection[str]) -> str:
        """Return what tells the first of the memories from others."""
        first = self.known.get(next(iter(ids), ""), {})
        return f"{len(ids)}, the first with {shown(_telling(first))}"


def _telling(record: Mapping[str, Any]) -> dict[str, Any]:
    names = ("metadata", "scope", "confidence", "created_at", "expires_at", "valid_from", "valid_to", "supersedes")
    return {name: record[name] for name in names if record.get(name) is not None and record.get(name) != []}
