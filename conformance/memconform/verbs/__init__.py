"""The operations of the contract as verbs of a client, a class for each subject; `MemoryApi` has them all."""

from memconform.verbs.bulk import BulkVerbs
from memconform.verbs.core import CoreVerbs, path_of
from memconform.verbs.data_subject import DataSubjectVerbs
from memconform.verbs.events import Events, EventVerbs
from memconform.verbs.keyed import KeyedVerbs
from memconform.verbs.versions import VersionVerbs

__all__ = [
    "BulkVerbs",
    "CoreVerbs",
    "DataSubjectVerbs",
    "EventVerbs",
    "Events",
    "KeyedVerbs",
    "VersionVerbs",
    "path_of",
]
