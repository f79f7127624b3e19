"""What has to be known before a run begins: the scenario, the plan, and who is at the other end."""

from __future__ import annotations

import inspect
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memconform.scopes import RUN_PREFIX
from memconform.settings import UsageError, checked_url
from memconform_load.drivers.http import DirectDriver
from memconform_load.engine import options
from memconform_load.engine.share import Share
from memconform_load.engine.target import NoRun, check_owned, check_profiles, read_capabilities
from memconform_load.slo import parse_slo

if TYPE_CHECKING:
    from locust.env import Environment

    from memconform_load.engine.user import MemoryUser

_ANSWER_S = 10.0


@dataclass(frozen=True)
class Start:
    """A run that can begin."""

    share: Share
    scenario: type[MemoryUser]
    result_file: str | None
    command: str

    @property
    def summary(self) -> str:
        """The scenario in one sentence."""
        return (inspect.getdoc(self.scenario) or self.scenario.__name__).split("\n")[0]


def begin(environment: Environment, workers: int) -> Start:
    """Return what the run is; raise `NoRun` where it cannot begin."""
    scenario = _scenario(environment)
    try:
        plan = options.plan_of(environment, scenario)
        plan = replace(plan, url=checked_url(plan.url), workers=workers)
        parameters = _parameters(scenario, plan.parameters)
        for text in plan.slo:
            parse_slo(text)
    except UsageError as error:
        raise NoRun(str(error)) from None
    if scenario.by_plugin and "plugin" not in plan.drivers:
        raise NoRun(f"skipped: the scenario {plan.scenario} needs a plugin: give --plugin PATH")
    check_owned(plan.url, plan.owned)
    driver = DirectDriver(
        plan.url, os.environ.get("MEMCONFORM_API_KEY"), connections=1, timeout_s=_ANSWER_S,
        ca_file=plan.ca_file, insecure=plan.insecure,
    )  # fmt: skip
    try:
        capabilities = read_capabilities(driver, plan.url, _ANSWER_S)
    finally:
        driver.close()
    check_profiles(plan.scenario, scenario.needs, capabilities)
    share = Share(0, workers, f"{RUN_PREFIX}{secrets.token_hex(4)}", plan, parameters, capabilities)
    chosen = environment.parsed_options
    result_file = getattr(chosen, "result_file", None)
    return Start(share, scenario, result_file, options.command_of(plan))


def _scenario(environment: Environment) -> type[MemoryUser]:
    """Return the one scenario among Locust's user classes."""
    from memconform_load.engine.user import MemoryUser

    found = [each for each in environment.user_classes if issubclass(each, MemoryUser)]
    if len(found) != 1 or len(environment.user_classes) != 1:
        names = ", ".join(each.__name__ for each in environment.user_classes)
        raise NoRun(
            f"expected one scenario, a subclass of MemoryUser, found: {names}. Name one after the options of Locust"
        )
    return found[0]


def _parameters(scenario: type[MemoryUser], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scenario's parameters, each of the type of its default."""
    unknown = sorted(set(chosen) - set(scenario.parameters))
    if unknown:
        known = ", ".join(f"{name}={value}" for name, value in scenario.parameters.items()) or "none"
        raise UsageError(f"the scenario has no parameter {unknown[0]!r}; it has: {known}")
    return {name: _typed(name, chosen.get(name, value), value) for name, value in scenario.parameters.items()}


def _typed(name: str, chosen: Any, default: Any) -> Any:
    """Return a value as the type that the default has; the command line brings texts."""
    if isinstance(default, bool):
        if str(chosen).lower() not in ("true", "false"):
            raise UsageError(f"the parameter {name} is {chosen!r}; expected true or false")
        return str(chosen).lower() == "true"
    if isinstance(default, int | float):
        try:
            return type(default)(chosen)
        except (TypeError, ValueError):
            raise UsageError(f"the parameter {name} is {chosen!r}; expected a number like {default!r}") from None
    return str(chosen)
