"""Two filters that ask many things at once: all of the first is true of one memory, nothing of the second.

What a server gets wrong in either direction shows in one request; the table of comparisons says which it is.
"""

from __future__ import annotations

from memconform.capabilities import Capabilities
from memconform.scene.filter_trees import conjunction, disjunction, is_served
from memconform.scene.filters import Filter, Json

RICH: dict[str, Json] = {
    "n": 1,
    "ten": 10,
    "s": "note",
    "yes": True,
    "null": None,
    "list": [1, "Note"],
    "o": {"a": 1, "b": 2},
    "a/b": 1,
    "a.b": 2,
    "~1": 3,
    "": 4,
    "d": "e\u0301",
    "u": "\U0001f600",
}
"""The metadata of that memory: within 256 bytes and three levels."""

CONFIDENCE = 0.5

_TRUE: list[tuple[str, str, Json]] = [
    *(("eq", "n", 1.0), ("ne", "absent", 1), ("eq", "null", None), ("eq", "o", {"b": 2, "a": 1}), ("eq", "yes", True)),
    *(("exists", "null", True), ("exists", "absent", False), ("contains", "list", 1), ("contains", "list", "Note")),
    *(
        ("contains", "s", "ot"),
        ("eq", "list/0", 1),
        ("eq", "a~1b", 1),
        ("eq", "a.b", 2),
        ("eq", "~01", 3),
        ("eq", "", 4),
    ),
    *(("lte", "n", 1), ("gte", "n", 1), ("gt", "ten", 9), ("lt", "n", 2), ("gt", "u", "\uffee"), ("ne", "s", "Note")),
    *(("in", "n", ["x", 1]), ("in", "null", [None]), ("in", "yes", [True]), ("in", "list", [[1, "Note"]])),
]
_FALSE: list[tuple[str, str, Json]] = [
    *(("eq", "yes", 1), ("eq", "n", True), ("eq", "n", "1"), ("eq", "s", "Note"), ("eq", "absent", None)),
    *(("eq", "d", "\u00e9"), ("contains", "s", "OT"), ("contains", "s", "%"), ("contains", "list", "ote")),
    *(("contains", "list", "note"), ("contains", "d", "\u00e9"), ("exists", "null", False), ("exists", "s", False)),
    *(("exists", "absent", True), ("gt", "n", 1), ("lt", "n", 1), ("gt", "n", "0"), ("lt", "null", 5)),
    *(("lt", "u", "\uffee"), ("lt", "absent", 5), ("in", "n", []), ("in", "yes", [1]), ("ne", "n", 1.0)),
]


def all_true(capabilities: Capabilities, *, confident: bool = True) -> Filter | None:
    """Return an `and` of comparisons, all true of the rich memory; None where the server serves too little for it.

    `confident` says whether the memory has its confidence: a server may have refused it.
    """
    record: list[Filter] = [{"op": "gte", "field": "/confidence", "value": CONFIDENCE}] if confident else []
    tree = conjunction(*_served(_TRUE, capabilities), *(each for each in record if is_served(each, capabilities)))
    return tree if is_served(tree, capabilities) and tree["filters"] else None


def none_true(capabilities: Capabilities) -> Filter | None:
    """Return an `or` of comparisons, none true of the rich memory; None where the server serves too little for it."""
    tree = disjunction(*_served(_FALSE, capabilities))
    return tree if is_served(tree, capabilities) and tree["filters"] else None


def _served(rows: list[tuple[str, str, Json]], capabilities: Capabilities) -> list[Filter]:
    trees = ({"op": op, "field": f"/metadata/{name}", "value": value} for op, name, value in rows)
    return [tree for tree in trees if is_served(tree, capabilities)]
