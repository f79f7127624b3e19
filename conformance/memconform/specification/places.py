"""Where everything stands on the site: the addresses that texts link to, and the index of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from memconform.contract import profiles, requirements
from memconform.specification.members import Member, Shape, shape
from memconform.specification.operations import described, header_fields
from memconform.specification.reading import contract_schemas, exchanges, problem_types


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the index: what it is called, what kind of thing it is, where it stands, and what it is about."""

    name: str
    kind: str
    address: str
    about: str


def header_anchor(name: str) -> str:
    """Return the anchor of a header field on its page."""
    return name.lower()


def members_of(said: Shape) -> Iterator[Member]:
    """Yield every member once, also those that are there in some cases only; what has a description comes first."""
    seen = set()
    for member in [*said.members, *(each for case in said.cases for each in members_of(case))]:
        if member.path not in seen:
            seen.add(member.path)
            yield member


def places() -> list[Place]:
    """Return everything that has an anchor of its own."""
    found = [Place(row.id, row.level, f"requirements.html#{row.id}", row.statement) for row in requirements().values()]
    found += [
        Place(f"{each.method} {each.path}", "operation", f"operations.html#{each.id}", each.summary)
        for each in described()
    ]
    found += [Place(each.name, "profile", f"profiles.html#{each.name}", each.title) for each in profiles().values()]
    for name, schema in contract_schemas().items():
        found.append(Place(name, "resource", f"resources.html#{name}", schema["title"]))
        found += [
            Place(f"{name}.{member.path}", "member", f"resources.html#{name}.{member.path}", member.description)
            for member in members_of(shape(schema))
        ]
    found += [Place(each.name, "problem", f"problems.html#{each.name}", each.when) for each in problem_types().values()]
    found += [
        Place(each.name, "header field", f"headers.html#{header_anchor(each.name)}", each.description)
        for each, _ in header_fields()
    ]
    found += [
        Place(name, "example", f"operations.html#example-{name}", each.says) for name, each in exchanges().items()
    ]
    return found


def links(known: list[Place]) -> Mapping[str, str]:
    """Return what becomes a link where a text says it: ids, operations, files, header fields, limits and promises."""
    found = {each.name: each.address for each in known if each.kind in ("MUST", "SHOULD", "operation", "header field")}
    found |= {f"{name}.schema.json": f"resources.html#{name}" for name in contract_schemas()}
    found |= {name: f"v1/{name}" for name in ("openapi.yaml", "requirements.yaml")}
    found |= {
        each.name.removeprefix("capabilities."): each.address
        for each in known
        if each.kind == "member" and each.name.startswith("capabilities.") and each.name.count(".") > 1
    }
    return found
