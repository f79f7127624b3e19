"""What makes a comparison of two results unfair, so that a difference may not be the server's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memconform.report.subject import service


def caveats(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what differs in the circumstances of two results of one kind, each as a sentence without its full stop."""
    return (*_of_the_run(before, now), *_of_who_was_judged(before, now), *_of_the_judge(before, now))


def _of_the_run(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before["run"]["started_at"] > now["run"]["started_at"]:
        yield "the first result is the younger one: are the files in the right order?"
    for name in ("budget", "seed"):
        was, seen = before["run"].get(name), now["run"].get(name)
        if was != seen:
            yield f"the {name} was {was}, now it is {seen}"
    if before["run"]["selection"] != now["run"]["selection"]:
        yield "the runs selected different requirements"
    for word, result in (("first", before), ("second", now)):
        if result["run"]["stopped"]:
            yield f"the {word} run ended early: {result['run']['stopped']}"


def _of_who_was_judged(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if "client" in now:
        was, seen = (result["client"]["identity"].partition(":")[0] for result in (before, now))
        if was != seen:
            yield f"another client was judged: {was}, now {seen}"
        was, seen = (f"{result['client']['deadline_s']:g}" for result in (before, now))
        if was != seen:
            yield f"the deadline of a call was {was} s, now it is {seen} s"
        return
    was, seen = (_name(result) for result in (before, now))
    if was != seen:
        yield f"the server calls itself {was or 'nothing'}, now {seen or 'nothing'}"
    elif not was and before["server"]["url"] != now["server"]["url"]:
        yield f"the servers have no name, and other addresses: {before['server']['url']}, now {now['server']['url']}"


def _of_the_judge(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for what, was, seen in (
        ("contract version", before["contract"], now["contract"]),
        ("suite, memconform", before["tool"]["version"], now["tool"]["version"]),
        ("machine", before["tool"]["platform"], now["tool"]["platform"]),
    ):
        if was != seen:
            yield f"another {what}: {was}, now {seen}"


def _name(result: Mapping[str, Any]) -> str:
    """Return what the server calls itself, without its version, which is what one wants to compare."""
    document = result["server"]["capabilities"].get("service")
    name = document.get("name") if isinstance(document, Mapping) else None
    return name if isinstance(name, str) else service(result)
