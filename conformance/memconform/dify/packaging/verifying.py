"""Verifying a plugin: every rule of Dify's daemon, its SDK and its marketplace, with the line that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memconform.dify.packaging.checksum import checksum, unique_id
from memconform.dify.packaging.contents import Contents, read
from memconform.dify.packaging.declared import Declared, declared
from memconform.dify.packaging.problem import Audience, Level, Problem
from memconform.dify.packaging.rules import assets, documents, files, manifest, requirements, sources, tools
from memconform.dify.packaging.signing import Signature, judge_signature
from memconform.dify.packaging.zip_reading import UNREAD


@dataclass(frozen=True)
class Verified:
    """A judged plugin: its problems, errors first, and what Dify would know it by; `signature` in words."""

    problems: tuple[Problem, ...]
    checksum: str
    unique_id: str
    files: int
    unpacked_bytes: int
    signature: str


def verify(path: Path, *, audience: Audience = Audience.MARKETPLACE, public_key: bytes | None = None) -> list[Problem]:
    """Return the problems of a plugin's folder or package, errors first; an empty list is a clean plugin.

    With a public key, in PEM form, a package's signature is checked too. Raises `NotAPlugin` for a path without a
    plugin, `KeyUnusable` and `SigningUnavailable` where the key cannot be used; never anything else.
    """
    return list(verified(path, audience=audience, public_key=public_key).problems)


def verified(path: Path, *, audience: Audience = Audience.MARKETPLACE, public_key: bytes | None = None) -> Verified:
    """Return the problems as `verify` does, with the checksum and the unique id of what was judged."""
    contents = read(path)
    plugin = declared(contents)
    problems = set(judged(plugin))
    if public_key is not None:
        problems |= set(judge_signature(contents, public_key))
    whole = checksum(contents.files)
    identity = unique_id(plugin.word("author"), plugin.word("name"), plugin.word("version"), whole)
    state = _signature(contents, checked=public_key is not None)
    return Verified(tuple(ordered(problems, audience)), whole, identity, len(contents.files), contents.total, state)


def judged(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of a plugin whose declarations are read, in no particular order.

    Of a package that could not be read whole, only that is told: the rest would be guesses.
    """
    yield from plugin.contents.problems
    if plugin.contents.is_package and any(each.rule in UNREAD for each in plugin.contents.problems):
        return
    for subject in (manifest, tools, assets, sources, requirements, documents, files):
        yield from subject.judge(plugin)
    yield from plugin.problems


def ordered(problems: set[Problem], audience: Audience) -> list[Problem]:
    """Return the problems with their level for the audience: errors first, then by file and line."""
    leveled = [problem.for_audience(audience) for problem in problems]
    return sorted(leveled, key=lambda each: (each.level is Level.ADVICE, *_position(each), each.rule, each.expected))


def _position(problem: Problem) -> tuple[str, int, int]:
    name, *numbers = problem.where.split(":")
    line, column = ([int(number) for number in numbers if number.isdigit()] + [0, 0])[:2]
    return name, line, column


def _signature(contents: Contents, *, checked: bool) -> str:
    signature = Signature.read(contents.comment)
    if signature is None:
        return "none"
    return f"there, with the time {signature.time}, {'checked' if checked else 'not checked: no public key was given'}"
