"""What a scope holds: the memories that were kept, and nothing of what was refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from memconform.answer import control, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.scene.eventually import settle
from memconform.verdict import NotMet


def must_hold_only(
    memory: MemoryApi, scope: Mapping[str, str], kept: Collection[Memory], capabilities: Capabilities, *, refused: str
) -> list[Memory]:
    """Require the list of the scope to hold the kept memories, which are the control, and nothing else; return it.

    Where lists may lag, the declared bound is waited out. `refused` names what must have left nothing.
    """
    settle(capabilities.staleness("list"))
    wanted = {each["id"] for each in kept}
    items = memory.walk(scope)
    listed = {item.get("id") for item in items}
    control(wanted <= listed, f"the list does not hold the {len(wanted)} memories that were added before")
    extra = next((item for item in items if item.get("id") not in wanted), None)
    if extra is not None:
        raise NotMet(
            f"nothing stored of {refused}: a list of what was accepted, {len(wanted)} in number",
            f"{len(items)} memories; one has the content {shown(extra.get('content'))}",
            [memory.recorder.exchanges[-1]],
        )
    return items
