"""What a declaration may look like: small shapes, put together as tables in `declarations.py`.

A shape yields a problem for each place of a YAML tree that does not fit, with the line of that place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from memconform.dify.packaging.problem import Authority, Problem, Rule, shown
from memconform.dify.packaging.yaml_tree import BOOL, FLOAT, INT, TEXT, Node

MISSING = Rule("member-missing", Authority.DAEMON, "add the member")
TYPE = Rule(
    "member-type", Authority.DAEMON, "write a value of the expected type; quote text that looks like another type"
)
VALUE = Rule("member-value", Authority.DAEMON, "write one of the expected values, spelt exactly so")
LENGTH = Rule("member-length", Authority.DAEMON, "shorten or fill the text")
REPEATED = Rule("yaml-duplicate-key", Authority.DAEMON, "remove one of the two")
MISSPELT = Rule(
    "member-unknown", Authority.PRACTICE, "correct the spelling; Dify ignores members that it does not know"
)
LANGUAGE = Rule(
    "language-unknown", Authority.PRACTICE, "use en_US, zh_Hans, ja_JP or pt_BR; Dify shows no other language"
)

_YAML_1_1_WORDS = {"y", "yes", "on", "n", "no", "off"}
"""Go's YAML takes these for a flag, and so does the SDK."""


@dataclass(frozen=True)
class Place:
    """A place in a declaration: the file, and the names that lead there, such as `parameters[2].label`."""

    file: str
    name: str = ""

    def member(self, name: str) -> Place:
        """Return the place of a member."""
        return Place(self.file, f"{self.name}.{name}" if self.name else name)

    def item(self, index: int) -> Place:
        """Return the place of an item, counted from 0."""
        return Place(self.file, f"{self.name}[{index}]")

    def at(self, node: Node) -> str:
        """Return the pointer `file:line:column` to a node."""
        return f"{self.file}:{node.line}:{node.column}"


class Shape(Protocol):
    """Something that a node may or may not fit."""

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield a problem for each place of the node that does not fit."""


@dataclass(frozen=True)
class Anything:
    """Whatever YAML can say."""

    def check(self, node: Node, place: Place) -> Iterator[Problem]:  # noqa: ARG002 - the signature of shapes
        """Yield nothing."""
        yield from ()


@dataclass(frozen=True)
class Text:
    """Text; lengths in characters. `loose` also takes numbers, which Go and the SDK turn into text."""

    pattern: str | None = None
    meaning: str = "text"
    most: int | None = None
    choices: Collection[str] | None = None
    rule: Rule = VALUE
    loose: bool = False

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield at most one problem: of type, length, pattern or choice."""
        if node.kind != "scalar":
            yield TYPE.broken(place.at(node), f"{place.name} as text", node.what)
        elif node.tag != TEXT and not self.loose:
            seen = f"{node.what}, {shown(node.text)}"
            yield TYPE.broken(place.at(node), f"{place.name} as text", seen, authority=Authority.RUNTIME)
        elif self.most is not None and len(node.text) > self.most:
            yield LENGTH.broken(place.at(node), f"{place.name} of at most {self.most} characters", f"{len(node.text)}")
        elif self.choices is not None and node.text not in self.choices:
            near = difflib.get_close_matches(node.text.lower(), list(self.choices), 1, 0.7)
            seen = shown(node.text) + (f", did you mean {near[0]!r}?" if near else "")
            yield self.rule.broken(place.at(node), f"{place.name} as one of {', '.join(self.choices)}", seen)
        elif self.pattern is not None and not re.fullmatch(self.pattern, node.text):
            yield self.rule.broken(place.at(node), f"{place.name} as {self.meaning}", shown(node.text))


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield one problem for what is no flag to Go."""
        if node.kind != "scalar" or (node.tag != BOOL and node.text.lower() not in _YAML_1_1_WORDS):
            seen = f"{node.what} {shown(node.text)}" if node.kind == "scalar" else node.what
            yield TYPE.broken(place.at(node), f"{place.name} as true or false, without quotes", seen)


@dataclass(frozen=True)
class Number:
    """A number, whole or not, perhaps within limits."""

    whole: bool = False
    least: int | None = None
    most: int | None = None

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield one problem for what is no such number."""
        value = node.value() if node.kind == "scalar" and node.tag in (INT, FLOAT) else None
        kind = "a whole number" if self.whole else "a number"
        if not isinstance(value, int | float) or (self.whole and not isinstance(value, int)):
            seen = f"{node.what} {shown(node.text)}" if node.kind == "scalar" else node.what
            by = Authority.RUNTIME if isinstance(value, float) else Authority.DAEMON
            yield TYPE.broken(place.at(node), f"{place.name} as {kind}, without quotes", seen, authority=by)
        elif (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            limits = f"from {self.least}" + (f" to {self.most}" if self.most is not None else "")
            by = Authority.PRACTICE if value < 0 and self.least == 1 else Authority.DAEMON
            yield VALUE.broken(place.at(node), f"{place.name} as {kind} {limits}", str(value), authority=by)


@dataclass(frozen=True)
class ListOf:
    """A list of one shape."""

    item: Shape
    most: int | None = None

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield the problems of all items."""
        if node.is_null:
            return
        if node.kind != "sequence":
            yield TYPE.broken(place.at(node), f"{place.name} as a list", node.what)
            return
        if self.most is not None and len(node.items) > self.most:
            yield LENGTH.broken(place.at(node), f"{place.name} with at most {self.most} items", f"{len(node.items)}")
        for index, item in enumerate(node.items):
            yield from self.item.check(item, place.item(index))


@dataclass(frozen=True)
class MappingOf:
    """A mapping from any key to one shape."""

    item: Shape

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield the problems of all values, and of repeated keys."""
        if node.is_null:
            return
        if node.kind != "mapping":
            yield TYPE.broken(
                place.at(node), f"{place.name} as a mapping by name", node.what, authority=Authority.RUNTIME
            )
            return
        yield from repeated_keys(node, place)
        for name, item in node.members.items():
            yield from self.item.check(item, place.member(name))


@dataclass(frozen=True)
class Member:
    """A member of a mapping: who refuses its absence, and, if others, who refuses empty text and a bare `name:`."""

    shape: Shape
    required: Authority | None = None
    empty: Authority | None = None
    null: Authority | None = None


@dataclass(frozen=True)
class Members:
    """A mapping with known members."""

    known: Mapping[str, Member]
    ignored: Collection[str] = ()

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield what is missing, what is wrong, what is there twice, and what looks misspelt."""
        if node.kind != "mapping":
            yield TYPE.broken(place.at(node), f"{place.name or 'the file'} as a mapping", node.what)
            return
        yield from repeated_keys(node, place)
        for name, member in self.known.items():
            value = node.members.get(name)
            by = member.required
            if value is not None and value.is_null:
                by = member.null or by
            elif value is not None and not (
                isinstance(member.shape, Text) and value.kind == "scalar" and not value.text
            ):
                yield from member.shape.check(value, place.member(name))
                continue
            elif value is not None:
                by = member.empty or by
            if by:
                yield self._missing(node, name, value, place, by)
        yield from self._misspelt(node, place)

    def _missing(self, node: Node, name: str, value: Node | None, place: Place, by: Authority) -> Problem:
        key = node.key(name)
        near = difflib.get_close_matches(name, [key for key in node.members if key not in self.known], 1, 0.7)
        seen = "no such member" if value is None else "nothing in it"
        seen += f", but {near[0]!r}" if near else ""
        return MISSING.broken(place.at(key or node), place.member(name).name, seen, authority=by)

    def _misspelt(self, node: Node, place: Place) -> Iterator[Problem]:
        for key, _ in node.pairs:
            if key.text in self.known or key.text in self.ignored:
                continue
            near = difflib.get_close_matches(key.text, list(self.known), 1, 0.8)
            if near:
                expected = f"members of {place.name or 'the file'} that Dify knows, such as {near[0]!r}"
                yield MISSPELT.broken(place.at(key), expected, shown(key.text))


@dataclass(frozen=True)
class Localized:
    """Text in up to four languages, of which American English is required; at most 1,023 characters each."""

    def check(self, node: Node, place: Place) -> Iterator[Problem]:
        """Yield the problems of each language, and advice on languages that Dify does not know."""
        yield from _LANGUAGES.check(node, place)
        for key, _ in node.pairs:
            if key.text not in _LANGUAGES.known:
                yield LANGUAGE.broken(place.at(key), f"{place.name} in the languages of Dify", shown(key.text))


@dataclass(frozen=True)
class _OnlyKnown(Members):
    """Members whose unknown names are judged elsewhere."""

    def _misspelt(self, node: Node, place: Place) -> Iterator[Problem]:  # noqa: ARG002 - the signature of Members
        yield from ()


_LANGUAGES = _OnlyKnown({
    "en_US": Member(Text(most=1023), Authority.DAEMON),
    "zh_Hans": Member(Text(most=1023)),
    "ja_JP": Member(Text(most=1023)),
    "pt_BR": Member(Text(most=1023)),
})  # fmt: skip


def repeated_keys(node: Node, place: Place) -> Iterator[Problem]:
    """Yield a problem for each key that a mapping has twice: Go refuses the file, PyYAML takes the last one."""
    for key in node.repeated():
        yield REPEATED.broken(place.at(key), f"{key.text!r} once in {place.name or 'the file'}", "it twice")
