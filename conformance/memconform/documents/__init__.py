"""Files of the contract and of the toolkit: what kind each one is, and what is wrong with it, line by line."""

from memconform.documents.fault import Fault
from memconform.documents.kinds import Kind, kind_of, named
from memconform.documents.reading import Document, Unreadable, read_document

__all__ = ["Document", "Fault", "Kind", "Unreadable", "kind_of", "named", "read_document"]
