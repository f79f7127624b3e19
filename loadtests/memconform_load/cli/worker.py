"""`memconform load worker`: sends a share of the arrivals of a run that another machine directs."""

from __future__ import annotations

import os
import sys

import click

from memconform.settings import API_KEY, RunSettings, UsageError
from memconform_load.scenarios import scenario_path


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("master", metavar="HOST:PORT")
@click.option("--scenario", default="chat", help="The same as the master's.")
@click.option("--api-key-env", default=API_KEY, metavar="NAME", help="Variable with the API key.")
@click.option("--api-key-file", metavar="FILE", help="File with the API key, instead of a variable.")
def command(master: str, scenario: str, api_key_env: str, api_key_file: str | None) -> None:
    """Take part in a run that HOST:PORT directs; ends when the run does.

    \b
    memconform load https://memory.example --yes-i-own-this-target --master --expect-workers 2 --bind 0.0.0.0:5557
    memconform load worker 10.0.0.5:5557          on two other machines, with the API key in MEMCONFORM_API_KEY
    """  # noqa: D301 - click reads the backspace
    host, colon, port = master.rpartition(":")
    if not colon or not port.isdigit():
        raise click.UsageError(f"{master}: expected HOST:PORT, such as 127.0.0.1:5557")
    try:
        path = scenario_path(scenario)
        key, _ = RunSettings("", api_key_env=api_key_env, api_key_file=api_key_file).keys()
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    words = ["-m", "locust", "-f", str(path), "--worker", "--master-host", host, "--master-port", port]
    os.execve(sys.executable, [sys.executable, *words], {**os.environ, **({API_KEY: key} if key else {})})  # noqa: S606
