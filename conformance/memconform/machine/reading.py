"""Steps that read, and the looks that close an example: what they show must be what the oracle holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from memconform.answer import Answer, shown
from memconform.machine.divergence import LIST, agree, must_answer, must_be_record, object_of
from memconform.machine.player import Player, newest
from memconform.machine.step import Step
from memconform.memory_api import Memories, Scope
from memconform.scene.export_file import read_export
from memconform.scene.filter_trees import is_served
from memconform.scene.filters import Filter
from memconform.scene.listing import listed, must_be_newest_first
from memconform.scene.world_memory import Expected

_FILTERS: tuple[Filter, ...] = (
    {"op": "eq", "field": "/metadata/topic", "value": "home"},
    {"op": "gte", "field": "/metadata/rank", "value": 2},
    {"op": "not", "filter": {"op": "exists", "field": "/metadata/topic", "value": True}},
    {"op": "contains", "field": "/metadata/tags", "value": "a"},
)
_FEW = 20
_SHORT = 60
"""Characters that a summary may have."""


def get(player: Player, step: Step) -> None:
    """Get a memory, or one that is gone or somebody else's."""
    if (meant := player.meant(step)) is not None:
        player.look_at(*meant)


def list_(player: Player, step: Step) -> None:
    """List a scope."""
    if not player.capabilities.staleness("list"):
        must_list(player, player.place(step))


def search(player: Player, step: Step) -> None:
    """Search a scope by a memory's own text, in some flavours with a filter."""
    if not player.capabilities.staleness("search"):
        must_find(player, step)


def history(player: Player, step: Step) -> None:
    """Read the versions of a memory, or of one that is gone or somebody else's."""
    if (meant := player.meant(step)) is not None:
        must_have_versions(player, meant[0], meant[1])


def summary(player: Player, step: Step) -> None:
    """Ask for a summary: its sources are current memories of the scope."""
    if player.capabilities.staleness("list"):
        return
    scope = player.place(step)
    answer = player.memory.summarise(scope, max_chars=_SHORT)
    must_answer(answer, Expected(200), "SUMMARY-01", "a summary")
    body = object_of(answer, "SUMMARY-01")
    text, sources = str(body.get("summary")), body.get("sources")
    named = {*map(str, sources)} if isinstance(sources, list) else set()
    current = player.world.selected(scope)
    agree(len(text) <= _SHORT, "SUMMARY-01", f"at most {_SHORT} characters", f"{len(text)}", answer)
    for stray in sorted(named - current.keys()):
        broken = player.stray(stray, "SUMMARY-01")
        broken = broken if broken in ("TENANCY-04", "ERASURE-01") else "SUMMARY-01"
        agree(False, broken, "current memories of the scope as sources", f"{stray}, {player.fate(stray)}", answer)


def export_(player: Player, step: Step) -> None:
    """Export a scope."""
    if not player.capabilities.staleness("list"):
        export(player, player.place(step))


def export(player: Player, scope: Scope) -> tuple[Answer, Memories]:
    """Export a scope, compare the file with the oracle, and return it."""
    answer = player.memory.export(scope)
    must_answer(answer, Expected(200), "PORTABILITY-01", "the export of a scope")
    file = read_export(answer)
    expected = {str(record["id"]): record for record in player.world.export(scope)}
    _must_show(player, file.records, expected, "PORTABILITY-01", "the export", answer)
    count = file.manifest.get("count")
    agree(count == len(expected), "PORTABILITY-01", f"count {len(expected)} in the manifest", f"{count}", answer)
    return answer, file.records


def must_list(player: Player, scope: Scope) -> None:
    """Require a list to hold exactly what the oracle holds, newest first."""
    items = listed(player.memory, scope)
    _must_show(player, items, player.world.selected(scope), LIST, "the list of a scope")
    must_be_newest_first(items)


def must_have_versions(player: Player, memory_id: str, absent: str | None = None) -> None:
    """Require a history to be the oracle's; where only the server knows it, nothing."""
    expected = player.world.history(memory_id)
    answer = player.memory.history(memory_id)
    gone = "HISTORY-03" if absent == "CORE-13" else absent or "HISTORY-01"
    must_answer(answer, Expected(expected.status), gone, f"the history of a memory {player.fate(memory_id)}")
    if expected.status != 200 or expected.body is None:
        return
    page = object_of(answer, "HISTORY-01")
    entries = page.get("items")
    if page.get("next_cursor") is not None or not isinstance(entries, list):
        entries = player.memory.versions(memory_id)
    told = [{name: entry.get(name) for name in ("version", "operation")} for entry in entries]
    known = [{name: entry[name] for name in ("version", "operation")} for entry in expected.body]
    agree(_as_known(told, known), "HISTORY-01", f"the entries {_brief(known)}", _brief(told), answer)
    for seen, wanted in zip(entries, expected.body, strict=True):
        for name in ("content", "metadata"):
            must_be_record(
                {name: seen.get(name)}, {name: wanted[name]}, "HISTORY-02", f"version {seen.get('version')}", answer
            )


def must_find(player: Player, step: Step) -> None:
    """Require a search to show nothing but what scope and filter select, as it is now, and the text searched for."""
    scope, current = player.place(step), player.current()
    tree = _filter(player, step)
    allowed = player.world.searchable(scope, filter=tree)
    telling = [each for each in current if each in allowed] or current
    wanted = newest(telling, step.which) if telling else None
    query = str(player.world.get(wanted).body["content"]) if wanted else "harbour"
    top_k = min(_FEW, player.capabilities.max_top_k)
    answer = player.memory.search(query, scope, top_k=top_k, **({"filter": tree} if tree else {}))
    must_answer(answer, Expected(200), "SEARCH-01", "a search")
    results = object_of(answer, "SEARCH-01").get("results")
    hits = [hit["memory"] for hit in results or () if isinstance(hit, Mapping) and isinstance(hit.get("memory"), dict)]
    _must_not_stray(player, hits, allowed, "SEARCH-10", tree, answer)
    for hit in hits:
        must_be_record(hit, allowed[str(hit.get("id"))], "SEARCH-11", "a result of a search", answer)
    if wanted in allowed and len(allowed) <= top_k and player.capabilities.exact:
        found = any(hit.get("id") == wanted for hit in hits)
        changed = player.last_change(str(wanted)) != "add"
        requirement = "FILTERS-01" if tree else "SEARCH-09" if changed else "SEARCH-07"
        agree(found, requirement, f"the memory with the text {query!r}", f"{len(hits)} results without it", answer)


def _filter(player: Player, step: Step) -> Filter | None:
    if "filters" not in player.profiles or not step.flavour:
        return None
    tree = _FILTERS[step.flavour % len(_FILTERS)]
    return tree if is_served(tree, player.capabilities) else None


def _must_not_stray(
    player: Player, hits: Memories, allowed: Mapping[str, Any], gone: str, tree: Filter | None, answer: Answer
) -> None:
    for stray in [str(hit.get("id")) for hit in hits if str(hit.get("id")) not in allowed]:
        broken = player.stray(stray, gone)
        if broken == "CORE-17":
            broken = "FILTERS-01" if tree and stray in player.world.searchable(player.places[0]) else "SEARCH-08"
        agree(False, broken, "results that scope and filter select", f"{stray}, {player.fate(stray)}", answer)
    _must_be_once(hits, "SEARCH-01", "the results", answer)


def _must_show(
    player: Player, items: Memories, expected: Mapping[str, Any], requirement: str, what: str, *see: Answer
) -> None:
    """Require items to be exactly the expected memories, each once, as they are now."""
    seen = {str(item.get("id")): item for item in items}
    wanted = f"exactly {len(expected)} memories in {what}"
    for stray in sorted(seen.keys() - expected.keys()):
        agree(False, player.stray(stray, requirement), wanted, f"one more, {player.fate(stray)}", *see)
    for lost in sorted(expected.keys() - seen.keys()):
        broken = player.missing(lost) if requirement == LIST else requirement
        agree(False, broken, wanted, f"one less, {player.fate(lost)}", *see)
    _must_be_once(items, requirement, what, *see)
    for memory_id, item in seen.items():
        imported = requirement == "PORTABILITY-01" and player.last_change(memory_id) == "import"
        broken = "PORTABILITY-02" if imported else requirement
        must_be_record(item, expected[memory_id], broken, f"{what}, a memory {player.fate(memory_id)}", *see)
        player.remember(memory_id, item, None)


def _must_be_once(items: Memories, requirement: str, what: str, *see: Answer) -> None:
    twice = [each for each, count in Counter(str(item.get("id")) for item in items).items() if count > 1]
    agree(not twice, requirement, f"each memory once in {what}", f"more than once: {shown(twice)}", *see)


def _as_known(told: list[dict[str, Any]], known: list[dict[str, Any]]) -> bool:
    return len(told) == len(known) and all(
        seen["operation"] == wanted["operation"] and seen["version"] == wanted["version"]
        for seen, wanted in zip(told, known, strict=True)
    )


def _brief(entries: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"{entry.get('version')} {entry.get('operation')}" for entry in entries) or "none"
