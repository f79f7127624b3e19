"""The options that say what a run shall do, the same for every command that runs one, and the plan that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from memconform.cli.options import Line
from memconform.settings import API_KEY, RunSettings, UsageError, checked_url
from memconform_load.arrivals import Schedule, parse_schedule
from memconform_load.plan import DEFAULTS, Plan
from memconform_load.quantities import duration
from memconform_load.scenarios import Described, described, scenario_path, scenarios
from memconform_load.slo import parse_slo, read_slo_file

F = TypeVar("F", bound=Callable[..., Any])
Option: TypeAlias = Callable[[Any], Any]


_OPTIONS: Mapping[str, Option] = {
    "scenario": click.option(
        "--scenario",
        default="chat",
        show_default=True,
        shell_complete=lambda _ctx, _param, incomplete: [
            each.name for each in scenarios() if each.name.startswith(incomplete)
        ],
        help="What people do: a name of 'memconform load --list', or the path of a file.",
    ),
    "rate": click.option(
        "--rate",
        metavar="RATE",
        help="Arrivals a second: 50, 10..100, 50:30s,100:30s, 'spike 20..200:10s' or 'trace FILE'; "
        "else the scenario's own (chat: 10).",
    ),
    "arrivals": click.option(
        "--arrivals",
        metavar="KIND",
        help="How arrivals are spaced: poisson (the default of most scenarios), constant, gamma:CV for bursts.",
    ),
    "sessions": click.option(
        "--sessions",
        type=click.IntRange(min=1),
        metavar="N",
        help="Closed workload instead: N sessions that wait for their answers.",
    ),
    "duration": click.option(
        "--duration", metavar="TIME", help="How long, such as 60s or 5m; else the scenario's own (chat: 30s)."
    ),
    "people": click.option(
        "--users",
        "people",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many people have memories; else the scenario's own (chat: 100).",
    ),
    "seed": click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Repeats all that is random."
    ),
    "plugin": click.option("--plugin", metavar="PATH", help="Call through this Dify plugin, in Dify's real runtime."),
    "plugin_map": click.option(
        "--map", "plugin_map", metavar="FILE", help="Which tool of it does what; default: its memconform.yaml."
    ),
    "direct": click.option(
        "--direct", is_flag=True, help="Beside the plugin, call directly too: the difference is its overhead."
    ),
    "plugin_processes": click.option(
        "--plugin-processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes of the plugin."
    ),
    "workers": click.option(
        "--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that send load."
    ),
    "parameters": click.option(
        "--set", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the scenario (repeatable)."
    ),
    "slo": click.option(
        "--slo",
        multiple=True,
        type=Line(),
        metavar="OBJECTIVE",
        help="Such as 'search.p95<200ms' (repeatable); else the scenario's own.",
    ),
    "slo_file": click.option(
        "--slo-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Objectives in a YAML file.",
    ),
    "timeout": click.option(
        "--timeout", default="30s", show_default=True, metavar="TIME", help="How long a call may take before it failed."
    ),
    "drain": click.option(
        "--drain", default="30s", show_default=True, metavar="TIME", help="How long to wait at the end for answers."
    ),
    "warm_up": click.option(
        "--warm-up", default="0s", show_default=True, metavar="TIME", help="How long to load before it counts."
    ),
    "judged": click.option(
        "--judge/--no-judge", "judged", default=True, show_default=True, help="Judge whether answers are right."
    ),
    "server_pid": click.option(
        "--server-pid",
        type=click.IntRange(min=1),
        metavar="PID",
        help="The server's process on this machine: its memory is shown.",
    ),
    "api_key_env": click.option(
        "--api-key-env", default=API_KEY, show_default=True, metavar="NAME", help="Variable with the API key."
    ),
    "api_key_file": click.option(
        "--api-key-file", metavar="FILE", help="File with the API key, instead of a variable."
    ),
    "ca_file": click.option("--ca", "ca_file", metavar="FILE", help="Certificate authority to trust, PEM."),
    "insecure": click.option("--insecure", is_flag=True, help="Do not verify the server's certificate."),
    "keep_data": click.option("--keep-data", is_flag=True, help="Leave what the run creates on the server."),
    "owned": click.option(
        "--yes-i-own-this-target",
        "owned",
        is_flag=True,
        help="You may load the target; needed for each that is not on this machine.",
    ),
}


def plan_options(**instead: Option) -> Callable[[F], F]:
    """Add the options to a command, which hands them to `planned` and `environment`.

    `instead` has options, by their parameters, that mean something else in this command.
    """

    def add(function: F) -> F:
        for option in reversed([*{**_OPTIONS, **instead}.values()]):
            function = option(function)
        return function

    return add


def planned(url: str, options: Mapping[str, Any]) -> Plan:
    """Return the plan that the options make; raise `UsageError` where they make none."""
    about = described(scenario_path(options["scenario"]))
    own = {**DEFAULTS, **about.plan}
    seconds = duration(options["duration"] or str(own["duration"]))
    warm_up = duration(options["warm_up"])
    sessions = options["sessions"]
    if sessions is None and not options["rate"]:
        sessions = about.plan.get("sessions")
    schedule = None if sessions else _schedule(options, own, seconds, warm_up)
    slo = [*options["slo"], *(_read(options["slo_file"]) if options["slo_file"] else ())] or about.objectives
    for text in slo:
        parse_slo(text)
    if options["plugin"] is None and (options["direct"] or options["plugin_processes"] > 1):
        raise UsageError("--direct and --plugin-processes go with --plugin PATH")
    for option, path in (("--plugin", options["plugin"]), ("--map", options["plugin_map"])):
        if path and not Path(path).exists():
            raise UsageError(f"{option} {path}: there is nothing of this name")
    drivers = ("plugin",) if options["plugin"] else ("direct",)
    return Plan(
        url=checked_url(url),
        scenario=options["scenario"],
        schedule=schedule,
        sessions=sessions,
        duration_s=schedule.duration_s - warm_up if schedule else seconds,
        people=options["people"] or int(own["people"]),
        seed=options["seed"],
        drivers=("direct", *drivers) if options["direct"] else drivers,
        plugin=options["plugin"],
        plugin_map=options["plugin_map"],
        plugin_processes=options["plugin_processes"],
        timeout_s=duration(options["timeout"]),
        drain_s=duration(options["drain"]),
        warm_up_s=warm_up,
        parameters=_parameters(options["parameters"], about),
        slo=tuple(slo),
        judged=options["judged"],
        workers=options["workers"],
        server_pid=options["server_pid"],
        keep_data=options["keep_data"],
        owned=options["owned"],
        ca_file=options["ca_file"],
        insecure=options["insecure"],
    )


def environment(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment of a run: the API key goes there, and nowhere else."""
    settings = RunSettings("", api_key_env=options["api_key_env"], api_key_file=options["api_key_file"])
    key, _ = settings.keys()
    return {API_KEY: key} if key else {}


def _schedule(options: Mapping[str, Any], own: Mapping[str, Any], seconds: float, warm_up_s: float) -> Schedule:
    arrivals = options["arrivals"] or str(own["arrivals"])
    schedule = parse_schedule(options["rate"] or str(own["rate"]), seconds, arrivals)
    return schedule.after(warm_up_s) if warm_up_s else schedule


def _read(path: Path) -> list[str]:
    return [str(objective) for objective in read_slo_file(path)]


def _parameters(texts: tuple[str, ...], about: Described) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text}: expected NAME=VALUE")
        if name not in about.parameters:
            known = ", ".join(f"{each}={given}" for each, given in about.parameters.items()) or "none"
            raise UsageError(f"--set {text}: the scenario {about.name} has no parameter {name!r}; it has: {known}")
        found[name] = value
    return found
