"""The pytest plugin of `memconform check`: takes the place of pytest's own terminal output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest

from memconform.cli.next_step import suggest
from memconform.plugin import COLLECTOR
from memconform.report.next_steps import next_steps
from memconform.report.terminal import plan_lines, verdict_lines
from memconform.verdict import Outcome


def pytest_configure(config: pytest.Config) -> None:
    """Stand in for the terminal reporter."""
    config.pluginmanager.register(_Progress(config), "memconform-check")


class _Progress:
    """Prints the plan, one line that moves (on a terminal only), and the verdict."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.moving = sys.stdout.isatty()
        self.done = 0
        self.planned = 0
        self.bad = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Print what will be tested."""
        collector = self.config.stash[COLLECTOR]
        self.planned = len(session.items)
        for line in plan_lines(collector.server(), collector.session.settings, self.planned, collector.bound):
            click.echo(line)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of a suite that cannot be loaded: the harness is at fault."""
        if report.failed:
            click.echo(f"memconform: the suite cannot be loaded: {report.longreprtext}", err=True)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Move the line on."""
        if self.moving:
            name = nodeid.rsplit("::", 1)[-1][:60]
            bad = click.style(f" {self.bad} not passed", fg="red") if self.bad else ""
            click.echo(f"\r\x1b[K  [{self.done + 1}/{self.planned}]{bad} {name}", nl=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a finished test."""
        record: dict[str, Any] | None = getattr(report, "memconform", None)
        if record is not None:
            self.done += 1
            self.bad += record["outcome"] not in (Outcome.PASS, Outcome.SKIP)

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Print an error of the harness itself."""
        click.echo(f"memconform: the harness failed, which says nothing about the server:\n{excrepr}", err=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        """Print the verdict when everything has been cleaned up."""
        if self.moving:
            click.echo(f"\r\x1b[K  {self.done}/{self.planned} tests done; cleaning up\r", nl=False)
        yield
        collector = self.config.stash[COLLECTOR]
        if self.moving:
            click.echo("\r\x1b[K", nl=False)
        click.echo("")
        for line in verdict_lines(collector.finished):
            click.echo(line)
        suggest(*next_steps(collector.finished))
