"""A project that memconform is set up for: what it is made of, and the files that it gets."""

from memconform.project.answers import Answers
from memconform.project.files import Planned, planned
from memconform.project.seen import Seen, look

__all__ = ["Answers", "Planned", "Seen", "look", "planned"]
