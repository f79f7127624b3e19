"""The pages of operations, header fields and problem types."""

from __future__ import annotations

from typing import Any

from memconform.contract.openapi import openapi
from memconform.specification.headings import Heading, anchor_of
from memconform.specification.operations import Described, described, fallback, header_fields
from memconform.specification.places import header_anchor
from memconform.specification.reading import exchanges, notes, problem_types
from memconform.specification.words.exchange import exchange_markup

Words = dict[str, Any]


def operations() -> Words:
    """Return the words of the page of operations, which are grouped by their tag."""
    tags = openapi().document["tags"]
    groups = [(tag["name"], tag["description"], _tagged(tag["name"])) for tag in tags]
    contents = []
    for name, _, found in groups:
        contents.append(Heading(anchor_of(name), name.capitalize(), 2))
        contents += [Heading(each.id, f"{each.method} {each.path.removeprefix('/v1')}", 3) for each in found]
    return {
        "tags": groups,
        "contents": contents,
        "every": notes()["every"],
        "fallback": fallback(),
        "elsewhere": [exchanges()[name] for name in notes()["elsewhere"]],
        "anchor": anchor_of,
        "problems": _problems_by_status(),
        "exchange": exchange_markup,
    }


def headers() -> Words:
    """Return the words of the page of header fields: those of requests, those of answers."""
    rows = [(each, names, header_anchor(each.name)) for each, names in header_fields()]
    return {"sides": [("Of requests", "header", rows), ("Of answers", "response", rows)]}


def problems() -> Words:
    """Return the words of the page of problem types."""
    rows = [(each, exchanges()[each.example] if each.example else None) for each in problem_types().values()]
    contents = [Heading(each.name, f"{each.status[0]} {each.name}", 2) for each, _ in rows]
    return {"rows": rows, "exchange": exchange_markup, "contents": contents}


def _tagged(tag: str) -> list[Described]:
    return [each for each in described() if each.tag == tag]


def _problems_by_status() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in problem_types().values():
        for status in each.status:
            found.setdefault(str(status), []).append(each.name)
    return found
