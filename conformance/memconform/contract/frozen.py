"""What each released version of the contract requires, kept beside the requirements so that none changes unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from memconform.contract.content import content_root
from memconform.contract.requirements import Profile, Requirement
from memconform.contract.versions import came_with, minor

RESTATE = "python -m memconform.contract.freezing restate"
FREEZE = "python -m memconform.contract.freezing freeze"


def frozen_file(contract: str) -> Path:
    """Return the file of a version's frozen set."""
    return content_root() / "schemas/v1/frozen" / f"{contract}.json"


def frozen_versions() -> list[str]:
    """Return the versions that are frozen, the oldest first."""
    return sorted((path.stem for path in frozen_file("1.0").parent.glob("1.*.json")), key=minor)


def frozen_set(contract: str) -> dict[str, Any]:
    """Return the set of a version as it was frozen; raise `FileNotFoundError` where it is not."""
    found: dict[str, Any] = json.loads(frozen_file(contract).read_bytes())
    return found


def digest(row: Requirement) -> str:
    """Return the SHA-256 of what a requirement demands, statement and condition; white space does not count."""
    demanded = "\n".join(" ".join((text or "").split()) for text in (row.statement, row.when))
    return hashlib.sha256(demanded.encode()).hexdigest()


def requirement_set(contract: str, profiles: Iterable[Profile], rows: Iterable[Requirement]) -> dict[str, Any]:
    """Return the set of a version as it is today, as the file keeps it."""
    return {
        "contract": contract,
        "profiles": [_of_profile(each) for each in profiles if came_with(each.since, contract)],
        "requirements": [_of_row(row) for row in rows if came_with(row.since, contract)],
    }


def departures(frozen: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is no longer as it was frozen, and what to do about it; nothing when all is."""
    contract = frozen["contract"]
    for part, name, what in (("profiles", "name", "profile"), ("requirements", "id", "requirement")):
        was = {each[name]: each for each in frozen[part]}
        now = {each[name]: each for each in today[part]}
        for each in was.keys() - now.keys():
            yield f"{what} {each} of contract {contract} is gone: a version of the contract loses nothing"
        for each in now.keys() - was.keys():
            yield f"{what} {each} is not in contract {contract}: say with `since` which version it came with"
        for each in sorted(was.keys() & now.keys()):
            changed = sorted(member for member in was[each] if was[each][member] != now[each][member])
            if changed == ["digest"]:
                yield (
                    f"{each} no longer says what contract {contract} says: a new rule gets a new id; if it only reads "
                    f"better, and no server's verdict can change: {RESTATE} {each}"
                )
            elif changed:
                yield f"{each} has another {' and '.join(changed)} than in contract {contract}: it needs a new id"


def _of_profile(profile: Profile) -> dict[str, Any]:
    return {"name": profile.name, "badge": profile.badge}


def _of_row(row: Requirement) -> dict[str, Any]:
    return {"id": row.id, "level": row.level, "profile": row.profile, "digest": digest(row)}
