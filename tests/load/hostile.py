"""A result in which every text that comes from outside tries to become markup, a formula or an escape sequence."""

from __future__ import annotations

from typing import Any

from .example_result import violating_run

ATTACK = (
    "=1+1</script><script>alert(1)</script><img src=x onerror=alert(2)></pre></details></title></code> `a` ```b``` |"
    "\n\n# head <!-- [x](javascript:alert(3)) ![x](http://h.invalid/x.png) www.h.invalid <b>*b*</b> {{ 7 * 7 }} &lt; "
    "'\" \x1b[31m \u2028 @somebody #1"
)
FOREIGN = {"name", "version", "summary", "url", "command", "objective", "said", "check", "example", "law", "identity"}


def hostile_run() -> dict[str, Any]:
    """Return a violating run that is spoilt wherever a server, a scenario, a plugin or a user chose the text."""
    result = violating_run()
    spoilt: dict[str, Any] = _spoilt(result)
    for row in spoilt["errors"]:
        row["kind"] += ATTACK
    spoilt["verdict"]["reasons"] = [ATTACK]
    spoilt["warnings"] = [ATTACK]
    spoilt["scenario"]["parameters"] = {ATTACK: ATTACK}
    spoilt["violations"]["checked"] = {ATTACK: 3}
    spoilt["violations"]["suspended"] = [ATTACK]
    for law in spoilt["violations"]["found"]:
        law["witness"] = [ATTACK, *law["witness"]]
    spoilt["target"]["profiles"] = [ATTACK]
    spoilt["environment"]["platform"] = ATTACK
    spoilt["workers"][0]["host"] = ATTACK
    return spoilt


def _spoilt(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: f"{each}{ATTACK}"
            if name in FOREIGN and isinstance(each, str) and name != "version"
            else _spoilt(each)
            for name, each in value.items()
        }
    return [_spoilt(each) for each in value] if isinstance(value, list) else value
