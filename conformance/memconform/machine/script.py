"""A sequence as a script of curl commands that anybody can run against the server, as often as they like.

What differs from run to run becomes a variable: the address, the beginning of every scope value, and the ids and entity
tags that the server gave out in earlier answers. A body that an earlier answer was is sent from a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from memconform.answer import shortened
from memconform.exchange import Exchange, quote
from memconform.machine.divergence import Divergence

_SHOWN = 300
_MARK = "zq{}zq"
"""Stands for a variable until the command is quoted; a word that no request holds."""
_MARKED = re.compile(r"zq(\d+)zq")
_AN_ID = r'(?<=["/]){}(?=["/?]|$)'
"""An id is a JSON string or a segment of a path."""
_TAG = re.compile(r'(?:W/)?"([!#-~]+)"')

_HEAD = """\
#!/usr/bin/env bash
# {requirement}: expected {expected}
#   observed {observed}
# Needs bash, curl and python3. Usage: bash script.sh [BASE_URL]
# Each run has scopes of its own, beginning with $run, and leaves there what it made.
base=${{1:-{url}}}
run=mcf-$(date +%s)_$$_
work=$(mktemp -d)
send() {{ printf '\\n# %s\\n' "$1"; shift; : > "$work/body"; "$@" -o "$work/body" -D "$work/head"; show; }}
show() {{ cat "$work/head" "$work/body"; }}
pick() {{ python3 -c "$reach" "$work/body" "$@"; }}
reach='import functools, json, sys; place = lambda at, name: at[int(name) if isinstance(at, list) else name]; '
reach+='print(functools.reduce(place, sys.argv[2:], json.load(open(sys.argv[1]))))'
tag() {{ sed -n 's/^[Ee][Tt][Aa][Gg]: *\\(W\\/\\)\\{{0,1\\}}"\\(.*\\)".*/\\2/p' "$work/head"; }}
"""


@dataclass
class _Variables:
    """Texts that differ from run to run, and the names of the variables that hold them."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[bytes, str] = field(default_factory=dict)

    def marked(self, text: str) -> str:
        """Return a text with a mark in place of each of them, the longest first."""
        named = [(found, place, name) for place, (found, name) in enumerate(self.texts.items())]
        for found, place, name in sorted(named, key=lambda each: -len(each[0])):
            if name.startswith("id"):
                text = re.sub(_AN_ID.format(re.escape(found)), _MARK.format(place), text)
            else:
                text = text.replace(found, _MARK.format(place))
        return text

    def restored(self, command: str) -> str:
        """Return a quoted command with each mark as the variable, outside of the quotes around it."""
        return unquoted(command, list(self.texts.values()))


def script_of(found: Divergence, url: str, prefix: str) -> str:
    """Return the script that shows a divergence; `prefix` is the beginning of the scope values of the test."""
    variables = _Variables({url: "base", prefix: "run"})
    told = {name: _on_one_line(getattr(found, name)) for name in ("expected", "observed")}
    lines = [_HEAD.format(requirement=found.requirement, url=url, **told)]
    for number, exchange in enumerate(_once(found.trace), 1):
        lines += _commands(number, exchange, variables)
    lines = [line for line in lines if _is_used(line, lines)]
    return "\n".join([*lines, f"\nprintf '\\n# expected: %s\\n' {quote(told['expected'])}", ""])


def _on_one_line(text: str) -> str:
    """Return a text that a comment can hold, cut."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return shortened(plain, _SHOWN)


def _is_used(line: str, lines: list[str]) -> bool:
    """Tell whether a line is no assignment, or one of a variable that another line uses."""
    name = re.match(r"((?:id|tag)[0-9_]+)=", line)
    return name is None or any(f"${{{name[1]}}}" in each for each in lines)


def _once(trace: tuple[Exchange, ...]) -> Iterator[Exchange]:
    """Yield the exchanges, of the looks at one running operation only the last."""
    for exchange, following in zip(trace, [*trace[1:], None], strict=True):
        polled = following is not None and (exchange.sent.method, exchange.sent.url) == (
            following.sent.method,
            following.sent.url,
        )
        if not (polled and "/v1/operations/" in exchange.sent.url):
            yield exchange


def _commands(number: int, exchange: Exchange, variables: _Variables) -> Iterator[str]:
    sent = exchange.sent
    file = variables.files.get(sent.body) if sent.body else None
    body = sent.body.decode("utf-8", "surrogateescape")
    marked = replace(
        sent,
        url=variables.marked(sent.url),
        headers=tuple((name, variables.marked(value)) for name, value in sent.headers),
        body=b"@" if file else variables.marked(body).encode("utf-8", "surrogateescape"),
    )
    command = replace(exchange, sent=marked).curl().replace("curl -isS", "curl -sS", 1)
    if file:
        command = command.replace("--data-raw @", f'--data-binary @"$work/{file}"')
    if "/v1/operations/" in sent.url:
        yield "sleep 1"
    status = exchange.received.status if exchange.received else "none"
    yield f"send {quote(f'{number}. answered with {status} when it was found')} {variables.restored(command)}"
    yield from _kept(number, exchange, variables)


def _kept(number: int, exchange: Exchange, variables: _Variables) -> Iterator[str]:
    """Yield the lines that keep what later requests need, and make it a variable from here on."""
    if exchange.received is None or exchange.received.status >= 300:
        return
    if exchange.sent.url.split("?")[0].endswith("/v1/export"):
        variables.files[exchange.received.body] = f"file{number}"
        yield f'cp "$work/body" "$work/file{number}"'
        return
    for count, (path, memory_id) in enumerate(_ids(exchange.received.body)):
        if memory_id not in variables.texts:
            variables.texts[memory_id] = f"id{number}_{count}"
            yield f"id{number}_{count}=$(pick {path})"
    tag = _TAG.fullmatch(exchange.received.header("ETag") or "")
    if tag and tag[1] not in variables.texts and len(tag[1]) > 3:
        variables.texts[tag[1]] = f"tag{number}"
        yield f"tag{number}=$(tag)"


def _ids(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield where an answer gives out ids, and the ids: a record, an operation, the results of a batch."""
    try:
        value: Any = json.loads(body)
    except ValueError:
        return
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        yield "id", value["id"]
    results = value.get("results") if isinstance(value, dict) else None
    for place, row in enumerate(results if isinstance(results, list) else ()):
        record = row.get("memory") if isinstance(row, dict) else None
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            yield f"results {place} memory id", record["id"]


def unquoted(command: str, names: list[str]) -> str:
    """Return a bash command in which each mark became a variable: quotes around it are closed before it."""
    done, state, place = [], "", 0
    while place < len(command):
        if found := _MARKED.match(command, place):
            done.append(_OUTSIDE[state].format(f"${{{names[int(found[1])]}}}"))
            place = found.end()
            continue
        size = 2 if command.startswith("$'", place) and not state else 1
        if command[place] == "\\" and state != "'":
            size = 2
        piece = command[place : place + size]
        state = _QUOTES[state].get(piece, state)
        done.append(piece)
        place += size
    return "".join(done).replace(" ''\"", ' "')


_QUOTES = {"": {"'": "'", "$'": "$'", '"': '"'}, "'": {"'": ""}, "$'": {"'": ""}, '"': {'"': ""}}
"""What each opening or closing quote makes of the state that bash reads in."""
_OUTSIDE = {"": '"{}"', "'": "'\"{}\"'", "$'": "'\"{}\"$'", '"': "{}"}
"""How a variable is written in each state."""
