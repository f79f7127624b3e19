"""Deleting a memory."""

from memconform.memory_api import MemoryApi
from memconform.requirement import requirement


@requirement("CORE-13", requests=6)
def test_deleted_memory_is_gone(memory: MemoryApi, scope: dict[str, str]) -> None:
    """DELETE answers 204 without a body; then GET and a second DELETE answer 404."""
    added = memory.add("I moved to Lisbon", scope)
    memory.get(added["id"]).control(200)
    memory.delete(added["id"]).must_be(204)
    memory.get(added["id"]).must_be(404, because="it was deleted")
    memory.delete(added["id"]).must_be(404, because="it was deleted before")
