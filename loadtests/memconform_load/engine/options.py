"""The options that scenarios add to Locust's own, for `locust -f SCENARIO`, and the plan that they make."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memconform.settings import UsageError
from memconform_load.arrivals import Schedule, parse_schedule
from memconform_load.plan import DEFAULTS, Plan
from memconform_load.quantities import duration

if TYPE_CHECKING:
    from argparse import Namespace

    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment

    from memconform_load.engine.user import MemoryUser


_PORT = re.compile(r":\d+(?=/|$)")
"""The port in an address."""


def add_options(parser: LocustArgumentParser) -> None:
    """Add a group of options to Locust's parser."""
    group = parser.add_argument_group("memconform", "Load tests of memory servers; --host is the address before /v1")
    add = group.add_argument
    add("--rate", help="Arrivals a second, or a course such as 10..100 or 50:30s,100:30s (open workload)")
    add("--arrivals", help="How arrivals are spaced: poisson, constant, gamma")
    add("--sessions", action="store_true", help="Closed workload: Locust's --users is the number of sessions")
    add("--duration", help="How long, such as 60s or 5m")
    add("--people", type=int, help="How many people have memories")
    add("--seed", type=int, default=0, help="Repeats arrivals, people and texts")
    add("--drivers", default=None, help="direct, plugin or direct,plugin")
    add("--plugin", help="Folder or package of a Dify plugin to call through Dify's runtime")
    add("--plugin-processes", type=int, default=1, help="How many processes of the plugin")
    add("--timeout", default="30s", help="How long a call may take")
    add("--warm-up", default="0s", help="Arrivals before the load, which do not count")
    add("--slo", action="append", default=[], help="An objective, such as search.p95<200ms (repeatable)")
    add("--set", action="append", default=[], dest="parameters", help="NAME=VALUE, a parameter of the scenario")
    add("--no-judge", action="store_true", help="Measure only: do not judge whether answers are right")
    add("--keep-data", action="store_true", help="Leave what the run creates on the server")
    add("--yes-i-own-this-target", action="store_true", help="The target may be loaded although it is not loopback")
    parser.add_argument("--result-file", include_in_web_ui=False, help="Write the result to this file, as JSON")
    parser.add_argument("--plan-file", include_in_web_ui=False, help="Take all of this from a plan of memconform load")


def plan_of(environment: Environment, scenario: type[MemoryUser]) -> Plan:
    """Return the plan; raise `UsageError` where the options make none."""
    chosen = _chosen(environment)
    if getattr(chosen, "plan_file", None):
        plan = read_plan(Path(chosen.plan_file))
    else:
        if not environment.host:
            raise UsageError("no target: give --host URL, the address before /v1")
        plan = _plan(chosen, environment.host, scenario)
    return plan if plan.slo else replace(plan, slo=tuple(scenario.objectives))


def _chosen(environment: Environment) -> Namespace:
    if environment.parsed_options is None:
        raise UsageError("Locust gave no options")
    chosen: Namespace = environment.parsed_options
    return chosen


def read_plan(path: Path) -> Plan:
    """Return the plan in a file; raise `UsageError` where there is none."""
    try:
        return Plan.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} holds no plan: {type(error).__name__}: {error}") from None


def _plan(chosen: Namespace, url: str, scenario: type[MemoryUser]) -> Plan:
    own = {**DEFAULTS, **scenario.plan}
    seconds = duration(chosen.duration or str(own["duration"]))
    warm_up = duration(chosen.warm_up)
    closed = chosen.sessions
    arrivals = chosen.arrivals or str(own["arrivals"])
    schedule = None if closed else scheduled(chosen.rate or str(own["rate"]), seconds, arrivals, warm_up)
    drivers = chosen.drivers or ("plugin" if chosen.plugin else "direct")
    return Plan(
        url=url,
        scenario=scenario.__module__,
        schedule=schedule,
        sessions=chosen.num_users if closed else None,
        duration_s=seconds,
        people=chosen.people or int(own["people"]),
        seed=chosen.seed,
        drivers=tuple(drivers.split(",")),
        plugin=chosen.plugin,
        plugin_processes=chosen.plugin_processes,
        timeout_s=duration(chosen.timeout),
        warm_up_s=warm_up,
        parameters=dict(_parameter(text) for text in chosen.parameters),
        slo=tuple(chosen.slo),
        judged=not chosen.no_judge,
        keep_data=chosen.keep_data,
        owned=chosen.yes_i_own_this_target,
    )


def scheduled(rate: str, seconds: float, kind: Any, warm_up_s: float) -> Schedule:
    """Return the schedule that a text describes, with arrivals at its first rate before it."""
    schedule = parse_schedule(rate, seconds, kind)
    return schedule.after(warm_up_s) if warm_up_s else schedule


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: expected NAME=VALUE")
    return name, value


def set_users(environment: Environment) -> None:
    """Have Locust start one user a process for an open workload, and as many as there are sessions for a closed one."""
    chosen = environment.parsed_options
    if chosen is None:
        return
    plan = read_plan(Path(chosen.plan_file)) if getattr(chosen, "plan_file", None) else None
    processes = max(1, chosen.expect_workers) if chosen.master else 1
    closed = plan.schedule is None if plan else chosen.sessions
    if closed:
        chosen.num_users = (plan.sessions if plan else chosen.num_users) or 1
    else:
        chosen.num_users = processes
    chosen.spawn_rate = max(chosen.spawn_rate or 0, min(chosen.num_users, 100))


def command_of(plan: Plan) -> str:
    """Return the command line that repeats a run, without secrets."""
    words = ["memconform", "load", *_server_of(plan), "--scenario", plan.scenario, "--seed", str(plan.seed)]
    words += ["--users", str(plan.people), "--duration", f"{plan.duration_s:g}s"]
    if plan.schedule is None:
        words += ["--sessions", str(plan.sessions)]
    else:
        words += ["--rate", plan.schedule.said(), "--arrivals", plan.schedule.spacing]
    if plan.plugin:
        words += ["--plugin", plan.plugin]
        words += ["--direct"] if "direct" in plan.drivers else []
    for name, value in plan.parameters.items():
        words += ["--set", f"{name}={value}"]
    for objective in plan.slo:
        words += ["--slo", objective]
    return shlex.join(words)


def _server_of(plan: Plan) -> list[str]:
    """Return the address, and how the server is started there; the next free port is another one."""
    if plan.start is None:
        return [plan.url]
    return [_PORT.sub(":{port}", plan.url) if "{port}" in plan.start else plan.url, "--start", plan.start]
