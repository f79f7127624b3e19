"""The requirements and profiles of the contract, read from `schemas/v1/requirements.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from memconform.contract.content import content_root
from memconform.contract.versions import FIRST, came_with
from memconform.contract.yaml import load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

Level: TypeAlias = Literal["MUST", "SHOULD"]
"""How binding a requirement is, in BCP 14 terms: a MUST that is not met fails, a SHOULD warns."""

Badge: TypeAlias = Literal["core", "standard", "full", "extras", "client"]
"""The first badge that needs a profile; none needs `extras`, and `client` is the other end of the wire."""

BADGES: tuple[Badge, ...] = ("core", "standard", "full")
"""The badges a server can earn, in rising order; each one includes those before it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of operations and requirements that a server declares as a whole; `since` as of a requirement.

    `badge` is the first badge that needs it: `core`, `standard` or `full`; `extras` are in none, and `client` is the
    other end of the wire.

    >>> from memconform import profiles
    >>> profiles()["search"].badge
    'standard'
    """

    name: str
    title: str
    badge: Badge
    since: str = FIRST


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule of the contract.

    `when` is the condition under which it applies (None: whenever its profile is declared); `not_tested` is
    the reason why no test of this release judges it (None: it is tested); `since` is the version of the contract that
    it came with. `why` is the reason for the rule, `how` what its tests do, `source` where it comes from.

    >>> from memconform import requirements
    >>> rule = requirements()["CORE-13"]
    >>> rule.level, rule.profile, rule.source
    ('MUST', 'core', 'RFC 9110 section 9.3.5')
    """

    id: str
    level: Level
    profile: str
    statement: str
    why: str
    how: str
    source: str
    when: str | None = None
    not_tested: str | None = None
    since: str = FIRST


@cache
def requirements() -> Mapping[str, Requirement]:
    """Return every requirement by its id, in the order of the file.

    >>> from memconform import requirements
    >>> requirements()["CORE-13"].statement
    'DELETE MUST answer 204, after which GET and a second DELETE MUST answer 404.'
    """
    rows = load_yaml(content_root() / "schemas/v1/requirements.yaml")["requirements"]
    return MappingProxyType({row["id"]: Requirement(**row) for row in rows})


@cache
def profiles() -> Mapping[str, Profile]:
    """Return every profile by its name, in the order of the file.

    >>> from memconform import profiles
    >>> list(profiles())[:3]
    ['core', 'tenancy', 'search']
    """
    rows = load_yaml(content_root() / "schemas/v1/requirements.yaml")["profiles"]
    return MappingProxyType({row["name"]: Profile(**row) for row in rows})


def badge_profiles(badge: str, contract: str | None = None) -> tuple[str, ...]:
    """Return the names of all profiles that a badge needs, in a version of the contract (None: the newest).

    Raises `ValueError` for an unknown badge.
    """
    if badge not in BADGES:
        raise ValueError(f"unknown badge {badge!r}: the badges are {', '.join(BADGES)}")
    wanted = BADGES[: BADGES.index(badge) + 1]
    return tuple(
        profile.name
        for profile in profiles().values()
        if profile.badge in wanted and (contract is None or came_with(profile.since, contract))
    )
