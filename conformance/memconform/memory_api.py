"""The memory API as a test calls it: raw requests for what is judged, short verbs for what only sets the scene."""

from __future__ import annotations

from memconform.client import LONGEST_WAIT, Ids, Json, Memories, Memory, Pairs, Params, Principal, Scope
from memconform.noting import MEMORIES
from memconform.sse import Event
from memconform.verbs import CoreVerbs, DataSubjectVerbs, Events, EventVerbs, KeyedVerbs, VersionVerbs, path_of

__all__ = [
    "LONGEST_WAIT",
    "MEMORIES",
    "Event",
    "Events",
    "Ids",
    "Json",
    "Memories",
    "Memory",
    "MemoryApi",
    "Pairs",
    "Params",
    "Principal",
    "Scope",
    "path_of",
]


class MemoryApi(CoreVerbs, VersionVerbs, KeyedVerbs, DataSubjectVerbs, EventVerbs):
    """One client of the server, with a verb for every operation of the contract.

    Verbs that set the scene (`add`, `fetch`, `walk`, `update`, `keep`, `settled` …) raise `Inconclusive` when the
    server does not play along.
    """
