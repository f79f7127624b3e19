"""Whether a test has anything to say about this server in this run, known before it starts."""

from __future__ import annotations

from memconform.capabilities import Capabilities
from memconform.contract import requirements
from memconform.requirement import Mark
from memconform.settings import RunSettings

LARGER_BUDGET = "needs a larger budget than"
"""How the reason begins where a requirement waits for more requests."""
_RESTART = "needs --restart-command, which kills the server with SIGKILL and starts it again"
_WITH_START = (
    "needs --restart, which kills the started server with SIGKILL and starts it again by the same command, where that "
    "finds its data again; or --restart-command"
)


def why_not(mark: Mark, settings: RunSettings, capabilities: Capabilities) -> str | None:
    """Return why the test does not apply; None when it does."""
    served = capabilities.profiles | set(settings.profiles) | {"core"}
    for profile in (requirements()[mark.id].profile, *mark.needs):
        if profile not in served:
            return f"the server does not declare the profile {profile}"
    if mark.requests and settings.budget.bound(mark.requests) == 0:
        return f"{LARGER_BUDGET} {settings.budget.size}"
    if mark.given == "requests_per_minute" and capabilities.requests_per_minute is None:
        return "the server declares no limits.requests_per_minute"
    if mark.given == "restart" and settings.restart is None and settings.restart_command is None:
        return _WITH_START if settings.start else _RESTART
    if mark.given == "failing_messages" and settings.failing_messages is None:
        return "needs --failing-messages, a file with messages that the server's operator knows to fail"
    return None
