"""The pages of requirements, profiles and tests: all of them by profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memconform.contract import Profile, Requirement, profiles, requirements
from memconform.specification.declaring import declaration
from memconform.specification.headings import Heading
from memconform.specification.markdown import Writer
from memconform.specification.operations import described
from memconform.specification.reading import prose
from memconform.specification.tested import tests_of

Words = dict[str, Any]

BADGE_WORDS = {"core": "Core", "standard": "Standard", "full": "Full", "extras": "no badge", "client": "clients"}


def all_requirements() -> Words:
    """Return the words of the page of requirements."""
    groups = [(profile, [(row, len(tests_of(row.id))) for row in rows]) for profile, rows in _by_profile()]
    return {
        "groups": groups,
        "badge_words": BADGE_WORDS,
        "contents": [Heading(f"profile-{each.name}", f"{each.name} ({len(rows)})", 2) for each, rows in groups],
        "count": len(requirements()),
    }


def all_profiles(writer: Writer) -> Words:
    """Return the words of the page of profiles."""
    texts = dict(_sections(prose("profiles")))
    rows = [
        {
            "profile": profile,
            "body": writer.text(texts[profile.name])[0],
            "operations": [each for each in described() if profile.name in each.profiles],
            "requirements": demanded,
            "declared": declaration(profile.name),
        }
        for profile, demanded in _by_profile()
    ]
    return {
        "rows": rows,
        "badges": badges(),
        "badge_words": BADGE_WORDS,
        "contents": [Heading(name, name, 2) for name in profiles()],
    }


def all_tests() -> Words:
    """Return the words of the page of tests."""
    groups = [(profile, [(row, tests_of(row.id)) for row in rows]) for profile, rows in _by_profile()]
    return {
        "groups": groups,
        "count": sum(len(found) for _, rows in groups for _, found in rows),
        "contents": [Heading(f"profile-{profile.name}", profile.name, 2) for profile, _ in groups],
    }


def badges() -> list[tuple[str, list[str]]]:
    """Return for each badge, in words, the profiles that it needs besides those of the badges before it."""
    found: dict[str, list[str]] = {}
    for profile in profiles().values():
        found.setdefault(BADGE_WORDS[profile.badge], []).append(profile.name)
    return list(found.items())


def _by_profile() -> list[tuple[Profile, list[Requirement]]]:
    rows = requirements().values()
    return [(profile, [row for row in rows if row.profile == name]) for name, profile in profiles().items()]


def _sections(text: str) -> Iterator[tuple[str, str]]:
    for part in text.removeprefix("## ").split("\n## "):
        name, _, body = part.partition("\n")
        yield name.strip(), body
