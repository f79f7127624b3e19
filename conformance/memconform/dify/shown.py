"""Prints what a call gives: as it comes, for people, or as one JSON object, for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import click

from memconform.dify.invocation import CallError, Invocation, Item, finished
from memconform.dify.plugin import Plugin

Hidden: TypeAlias = Callable[[str], str]

_STRAY = 3


def shown(plugin: Plugin, tool: str, items: Iterator[Item], hidden: Hidden) -> bool:
    """Print a call for people; return False when it ended in an error.

    Text is printed line by line: a secret in two pieces of a stream is whole again in its line, and hidden.
    """
    started, rest = time.perf_counter(), ""
    received: list[Item] = []
    for item in items:
        received.append(item)
        if isinstance(item, CallError):
            continue
        if item.get("type") == "text":
            *lines, rest = (rest + str((item.get("message") or {}).get("text", ""))).split("\n")
            for line in lines:
                click.echo(hidden(line))
        elif line := _line(_hidden_in(item, hidden)):
            click.echo(line)
    if rest:
        click.echo(hidden(rest))
    done = finished(received, started)
    for line in _at_the_end(plugin, tool, done, hidden):
        click.echo(hidden(line), err=not line.startswith("variable"))
    return done.error is None


def shown_as_json(plugin: Plugin, tool: str, items: Iterator[Item], hidden: Hidden) -> bool:
    """Print a call as one JSON object; return False when it ended in an error."""
    done = finished(items, time.perf_counter())
    error = done.error
    said = {
        "plugin": plugin.identity,
        "tool": tool,
        "python": plugin.environment.python_version,
        "dify_plugin": plugin.environment.sdk_version,
        "ready_s": round(plugin.ready_s, 3),
        "seconds": round(done.seconds, 6),
        "text": done.text,
        "json": done.json,
        "variables": done.variables,
        "files": [{"bytes": len(blob.data), "meta": blob.meta} for blob in done.blobs],
        "error": error and {"type": error.type, "message": error.message, "traceback": error.traceback},
        "stray": plugin.stray,
    }
    click.echo(json.dumps(_hidden_in(said, hidden), indent=2))
    return error is None


def _line(item: Mapping[str, Any]) -> str:
    """Return the line for an item that is printed at once; "" for what is put together at the end."""
    kind, body = item.get("type"), item.get("message") or {}
    if kind == "json":
        return json.dumps(body.get("json_object"), ensure_ascii=False, indent=2)
    if kind in ("link", "image", "image_link"):
        return f"{kind} {body.get('text')}"
    if kind == "log":
        return f"log {body.get('label')}: {body.get('status')} {json.dumps(body.get('data'), ensure_ascii=False)}"
    return ""


def _at_the_end(plugin: Plugin, tool: str, done: Invocation, hidden: Hidden) -> Iterator[str]:
    for name, value in done.variables.items():
        yield f"variable {name} = {json.dumps(_hidden_in(value, hidden), ensure_ascii=False)}"
    for blob in done.blobs:
        yield f"file of {len(blob.data):,} bytes {json.dumps(blob.meta)}"
    for id_ in done.incomplete_blobs:
        yield f"memconform: of the file {id_} not all chunks came"
    for line in plugin.stray[:_STRAY]:
        yield f"memconform: on standard output, where only the protocol belongs: {line[:200]!r}"
    if done.error:
        yield f"memconform: {tool} answered an error: {done.error}"
    built = plugin.environment
    yield (
        f"memconform: {plugin.identity}, dify-plugin {built.sdk_version} on Python {built.python_version}: ready in "
        f"{plugin.ready_s:.1f} s, {tool} ended in {done.seconds * 1000:.1f} ms"
    )


def _hidden_in(value: Any, hidden: Hidden) -> Any:
    """Hide secrets in every name and value of a document: in its JSON they may be spelled in many ways."""
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, Mapping):
        return {hidden(str(name)): _hidden_in(each, hidden) for name, each in value.items()}
    if isinstance(value, list):
        return [_hidden_in(each, hidden) for each in value]
    clean = hidden(str(value))
    return value if clean == str(value) else clean
