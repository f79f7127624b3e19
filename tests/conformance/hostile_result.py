"""A result in which every text that a server, a client or a user chose tries to become markup or to hide."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

ATTACK = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)></dd></dl></li></title></style> `a` `` \n\n"
    "<!-- {{ 7 * 7 }} {% if %} &lt; '\" \x1b[31m\x00 \u202egnol\u2066 \u2028 $(reboot)"
)
_OURS = {
    *("format", "contract", "id", "requirement", "test_of", "level", "profile", "outcome", "conformance", "badge"),
    *("started_at", "budget", "unit", "curl", "test"),
}


def hostile(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result with the attack behind each text that is not a word of ours."""
    spoilt: dict[str, Any] = _spoilt(copy.deepcopy(dict(result)))
    if "server" in spoilt:
        spoilt["server"]["capabilities"] = {"service": {"name": ATTACK, "version": ATTACK}, "profiles": [ATTACK, 1]}
        spoilt["server"]["served_undeclared"] = [ATTACK]
        spoilt["leaks"] = [{"scope": {ATTACK: ATTACK}, "why": ATTACK}]
    spoilt["run"]["stopped"] = ATTACK
    return spoilt


def _spoilt(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: each if key in ("name", "title") else _spoilt(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_spoilt(each, name) for each in value]
    return f"{value}{ATTACK}" if isinstance(value, str) and name not in _OURS else value
