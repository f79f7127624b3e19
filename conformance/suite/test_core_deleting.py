"""Deleting a memory."""

from memconform.answer import control
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.one_life import ONE_LIFE, one_life
from memconform.scopes import Scopes


@requirement("CORE-13", stories=(ONE_LIFE,))
def test_deleted_memory_is_gone(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """DELETE answers 204 without a body; then GET and a second DELETE answer 404."""
    life = one_life(memory, scopes, capabilities)
    control(life.listed(0, "bare"), "the list does not hold the memory that was added")
    life["deleted"].must_be(204)
    life["read when deleted"].must_be(404, because="it was deleted")
    life["deleted again"].must_be(404, because="it was deleted before")
