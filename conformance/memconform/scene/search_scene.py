"""The scenes of the search tests: texts and queries that fit the server's limits, stored and settled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from memconform.capabilities import Capabilities
from memconform.contract import content_root
from memconform.memory_api import Json, Memory, MemoryApi, Scope
from memconform.scene.eventually import settle
from memconform.scene.optional_members import offered
from memconform.scene.ranking import Ranked, ranking
from memconform.verdict import NotApplicable

MOST_RESULTS = 50
"""How many results the suite wants at most where it wants all."""

DEFAULT_QUERY_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Ladder:
    """Texts that share more and less with the queries beside them."""

    queries: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchScene:
    """A client, the scope that it searches, and what the server promises."""

    memory: MemoryApi
    capabilities: Capabilities
    scope: Scope

    @property
    def widest(self) -> int:
        """The `top_k` for all results, as far as the server gives them."""
        return min(self.capabilities.max_top_k, MOST_RESULTS)

    def stock(self, texts: Iterable[str], **members: Json) -> list[Memory]:
        """Add the texts in order, wait until search must know them, and return the records.

        Optional members that the server refuses with the first text are left out with the others.
        """
        records = []
        for text in texts:
            answers = offered(self.memory, {"content": text, "scope": dict(self.scope), **members})
            if len(answers) > 1:
                members = {}
            records.append(answers[-1].control(201).control_object("id", str))
        self.settle()
        return records

    def settle(self) -> None:
        """Wait until every acknowledged write must show in a search and in a GET."""
        settle(max(self.capabilities.staleness("search"), self.capabilities.staleness("get")))

    def rank(self, query: str, **members: Json) -> list[Ranked]:
        """Search and return the results: as many as the server gives, unless `top_k` says how many, or None nothing."""
        wanted = {"top_k": self.widest, **members}
        given = {name: value for name, value in wanted.items() if value is not None}
        return ranking(self.memory.search(query, self.scope, **given))

    def elsewhere(self) -> SearchScene:
        """Return the same scene on connections of its own."""
        return SearchScene(self.memory.elsewhere(), self.capabilities, self.scope)


def ladders(capabilities: Capabilities, most: int) -> list[Ladder]:
    """Return up to `most` ladders that fit the server's limits, queries and texts alike."""
    rows = [Ladder(tuple(row["queries"]), tuple(row["texts"])) for row in _data("search_ladders")["ladders"]]
    fitting = [row for row in rows if all(fits(capabilities, text) for text in (*row.queries, *row.texts))]
    return _enough(fitting[:most], 1)


def unrelated_texts(capabilities: Capabilities, most: int) -> list[str]:
    """Return up to `most` texts that have nothing to do with one another and fit the limits, also as queries."""
    texts = (row["text"] for row in _data("search_unrelated")["texts"])
    return _enough([text for text in texts if fits(capabilities, text)][:most], 5)


def hostile_queries(capabilities: Capabilities, most: int) -> list[str]:
    """Return up to `most` queries that have broken search engines and fit the limit."""
    queries = (row["query"] for row in _data("search_hostile_queries")["queries"])
    limit = query_bytes(capabilities)
    return [query for query in queries if len(query.encode()) <= limit][:most]


def query_bytes(capabilities: Capabilities) -> int:
    """Return how long a query may be, in bytes of UTF-8."""
    return capabilities.limit_or("query_bytes", DEFAULT_QUERY_BYTES)


def fits(capabilities: Capabilities, text: str) -> bool:
    """Tell whether a text may be stored, and searched for as a whole."""
    size = len(text.encode())
    return size <= min(query_bytes(capabilities), capabilities.limit_or("content_bytes", size))


def at_least_two_results(capabilities: Capabilities) -> None:
    """Raise `NotApplicable` on a server that never gives two results: there is no order in one."""
    if capabilities.max_top_k < 2:
        raise NotApplicable("search.max_top_k is 1: there is no order in one result")


def _enough(rows: list[Any], least: int) -> list[Any]:
    if len(rows) < least:
        raise NotApplicable("limits.content_bytes or limits.query_bytes is too small for a text worth searching")
    return rows


@cache
def _data(name: str) -> Any:
    return json.loads((content_root() / "fixtures" / "data" / f"{name}.json").read_text("utf-8"))


def all_texts(rungs: Sequence[Ladder]) -> list[str]:
    """Return the texts of all ladders."""
    return [text for row in rungs for text in row.texts]


def all_queries(rungs: Sequence[Ladder]) -> list[str]:
    """Return the queries of all ladders, the first one of each first."""
    return [row.queries[place] for place in range(3) for row in rungs]
