"""`memconform demo`: the main job on a server that everybody has, what a finding looks like, what a server bears."""

from __future__ import annotations

import os
import secrets
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from memconform.budget import Budget
from memconform.clients.bends import reference_plugin
from memconform.dify import Plugin, PluginFailed
from memconform.report.files import write_json
from memconform.report.forms import FORMS, Reporting
from memconform.result_file import CONFORMANCE, read_result
from memconform.running import in_subprocess, pytest_arguments
from memconform.serving import NotServing, served
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings
from memconform.specification.site import write_site
from memconform.verdict import ExitCode

DEFECT = "resurrects-deleted"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    help="Folder for the result files.",
)
@click.option("--defect", default=DEFECT, help="The seeded defect to show.")
def command(output: Path, defect: str) -> None:
    """Judge the reference server, then one with a seeded defect; call a plugin in Dify's runtime, and load it."""
    from memconform_server.defects import defects

    if defect not in defects():
        raise click.UsageError(f"there is no defect {defect!r}; see 'memconform defects'")
    keys = {API_KEY: secrets.token_hex(16), SECOND_API_KEY: secrets.token_hex(16)}
    os.environ.update(keys)
    files = [output / "conformance.json", output / "defect.json"]
    load_files = [output / "load.json", output / "load.html"]
    try:
        click.echo("1. The reference server, judged\n")
        good = _check([], keys, RunSettings("", budget=Budget("smoke")), files[0])
        broken = defects()[defect]
        click.echo(f"\n2. The same server with the seeded defect {defect!r}: {broken.sin}\n")
        one = RunSettings("", budget=Budget("smoke"), requirements=(broken.breaks,))
        bad = _check(["--defect", defect], keys, one, files[1])
        click.echo("\n3. The reference plugin in Dify's runtime, with the reference server\n")
        with served([], {"MEMCONFORM_SERVER_API_KEYS": keys[API_KEY]}) as url:
            told = _plugin(url, keys[API_KEY])
            click.echo("\n4. A short load test through the plugin, and directly beside it\n")
            loaded = _load(url, keys[API_KEY], *load_files)
    except NotServing as error:
        raise click.ClickException(f"the reference server did not start: {error}") from None
    except PluginFailed as error:
        raise click.ClickException(f"the plugin did not run: {error}") from None
    write_site(output / "specification")
    click.echo("\nAll servers are stopped. Result files: " + ", ".join(map(str, [*files, *load_files])))
    for what, page in (
        ("the verdict", "conformance.html"),
        ("the defect, and why it is one", "defect.html"),
        ("the load test", "load.html"),
        ("the contract", "specification/index.html"),
    ):
        click.echo(f"      {output / page}: {what}")
    click.echo("Next: memconform serve, and in another terminal memconform check http://127.0.0.1:8765")
    click.echo("      memconform plugin check reference_plugin judges the other end of the wire")
    click.echo("      memconform load http://127.0.0.1:8765 tells what the server bears; memconform capacity how much")
    if (good, bad) != (ExitCode.CONFORMANT, ExitCode.NOT_CONFORMANT):
        click.echo(f"memconform: expected the exit codes 0 and 1, got {good} and {bad}: the judge is wrong", err=True)
        sys.exit(1)
    if not told:
        click.echo("memconform: the plugin did not give what it was told before: see above", err=True)
        sys.exit(1)
    if loaded:
        click.echo("memconform: the answers under load were not right: see above", err=True)
        sys.exit(1)


def _check(options: list[str], keys: Mapping[str, str], settings: RunSettings, json_file: Path) -> int:
    """Start a server, judge it, stop it, write its reports beside the result; return the exit code of the check."""
    serving = {"MEMCONFORM_SERVER_API_KEYS": ",".join(keys.values())}
    with served(options, serving) as url:
        code = in_subprocess(pytest_arguments(replace(settings, url=url), json_file))
    endings = {"--html": ".html", "--junit": ".xml", "--badge": ".svg"}
    forms = {form: json_file.with_suffix(endings[form.option]) for form in FORMS if form.option in endings}
    Reporting(forms, specification="specification").write(read_result(json_file, CONFORMANCE))
    return code


def _plugin(url: str, key: str) -> bool:
    """Let the plugin remember something and recall it; tell whether the one comes out of the other."""
    fact = "Ann keeps her bicycle behind the greenhouse"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("add_memory", {"content": fact}),
        ("recall_context", {"query": "where is the bicycle?"}),
    ]
    credentials = {"base_url": url, "api_key": key}
    said = ""
    with Plugin.start(reference_plugin(), on_note=lambda note: click.echo(f"  {note}")) as plugin:
        built = plugin.environment
        click.echo(
            f"{plugin.identity} on Python {built.python_version} with dify-plugin {built.sdk_version}, "
            f"{len(plugin.tools)} tools, ready in {plugin.ready_s:.1f} s\n"
        )
        for tool, parameters in calls:
            done = plugin.invoke(tool, {**parameters, "user_id": "ann"}, credentials=credentials)
            said = done.text if done.error is None else f"error: {done.error.message}"
            click.echo(f"  {tool} {parameters}  ({done.seconds * 1000:.0f} ms)")
            click.echo(textwrap.indent(said, "    "))
        refused = plugin.validate({**credentials, "api_key": "wrong"})
        click.echo(f"  credentials with a wrong key\n    {refused.message if refused else 'accepted'}")
    return fact in said and refused is not None


def _load(url: str, key: str, json_file: Path, html_file: Path) -> int:
    """Run a few seconds of chat through the plugin and directly; return how many answers were wrong."""
    from memconform_load.arrivals import poisson
    from memconform_load.launch import run
    from memconform_load.plan import Plan
    from memconform_load.report import page, terminal

    plan = Plan(
        url=url,
        scenario="chat",
        schedule=poisson(20, 8),
        duration_s=8,
        people=20,
        drivers=("direct", "plugin"),
        plugin=str(reference_plugin()),
        slo=("search.p95<200ms", "violations=0"),
        parameters={"model": 0.2},
    )
    result = run(plan, env={API_KEY: key}, on_note=lambda note: click.echo(f"  {note}"))
    write_json(json_file, result)
    html_file.write_text(page.render(result), encoding="utf-8")
    click.echo(terminal.render(result, files=[json_file, html_file]), nl=False)
    return int(result["violations"]["total"])
