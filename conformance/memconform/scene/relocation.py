"""A person moves: the export of the estate comes into another principal's hands, or back where everything was erased.

Lived once in a run, after the estate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from memconform.budget import Budget
from memconform.memory_api import MemoryApi
from memconform.plot import Plot
from memconform.scene.estate import Estate
from memconform.scene.eventually import settle
from memconform.scene.export_file import ExportFile, damages, read_export, sealed
from memconform.scene.keyed_story import items_of, list_pages
from memconform.scene.story import Story, once
from memconform.verdict import Inconclusive, NotMet

RELOCATION = Plot("relocation", requests=60)
"""What it takes at most after the estate."""


class Relocation(Story):
    """An export that comes in elsewhere: damaged, whole, and once more."""

    def __init__(self, memory: MemoryApi, estate: Estate, budget: Budget) -> None:
        """Choose where to: the second principal, or the first where there is no other."""
        super().__init__()
        self.memory, self.estate, self.budget = memory, estate, budget
        # The estate's own clients record into the test that lived it, which is over.
        self.target = replace(estate.stranger, recorder=memory.recorder) if estate.stranger else memory
        self.file = _usable(estate)
        self.damaged: dict[str, range] = {}
        """Which lines the problem may name, by the step of each damaged file."""


def relocation(memory: MemoryApi, estate: Estate, budget: Budget) -> Relocation:
    """Return the story, lived once in a run."""
    return cast("Relocation", once(memory, RELOCATION, lambda: _live(Relocation(memory, estate, budget))))


def _usable(estate: Estate) -> ExportFile:
    """Return the export of what the person had, as two records at least; a damaged export is judged elsewhere."""
    try:
        file = read_export(estate["export before"])
    except NotMet as damage:
        raise Inconclusive(f"the export cannot be read: {damage.observed}", damage.see) from damage
    if not set(estate.selected()) <= {str(record.get("id")) for record in file.records} or len(file.records) < 2:
        raise Inconclusive("the export does not hold the two memories of the scope", [estate["export before"].exchange])
    return file


def _live(story: Relocation) -> Relocation:
    target, scope = story.target, story.estate.scope
    _make_room(story)
    _damage(story)
    story.tell("whole", target.import_(story.file.bytes))
    _settle(story)
    story.tell("exported", target.export(scope))
    if story.budget.size == "smoke":
        return story
    story.tell("again", target.import_(story.file.bytes, "skip"))
    _settle(story)
    story.tell("exported again", target.export(scope))
    if target is not story.memory:
        _trespass(story)
    return story


def _make_room(story: Relocation) -> None:
    """See to it that what will come in is there no more."""
    estate = story.estate
    if not estate.declares("erasure"):
        for memory_id in estate.selected():
            story.memory.delete(memory_id).control(204)
        return
    left = {item.get("id") for item in items_of(estate.all("list after"))} & set(estate.selected())
    if left:
        raise Inconclusive("the scope was not emptied by its erasure", [estate["list after"].exchange])


def _damage(story: Relocation) -> None:
    wanted = list(damages(story.file))[: story.budget.of(1, 99, 99)]
    for each in wanted:
        story.damaged[each.what] = each.lines
        story.tell(each.what, story.target.import_(each.bytes))
    _settle(story)
    story.tell("listed after damage", *list_pages(story.target, story.estate.scope))


def _trespass(story: Relocation) -> None:
    """Let the stranger import, over whatever is there, a record with the id of a memory that is not the stranger's."""
    memory, scope = story.memory, story.estate.scope
    own = memory.add("This must stay as it is", scope)
    _settle(story)
    story.tell("own", memory.get(str(own["id"])))
    forged = sealed(story.file.manifest, [{**own, "content": "Overwritten by a stranger"}])
    story.tell("trespass", story.target.import_(forged.bytes, "overwrite"))
    _settle(story)
    story.tell("own after", memory.get(str(own["id"])))
    story.tell("own list", *list_pages(memory, scope))


def _settle(story: Relocation) -> None:
    settle(max(story.estate.capabilities.staleness(read) for read in ("get", "list")))
