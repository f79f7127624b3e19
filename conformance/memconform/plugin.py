"""The pytest plugin. It does nothing until it is given a server: `pytest --memory-url=http://127.0.0.1:8765`.

Then the suite is collected beside the project's own tests, every outcome is gathered in the controlling process (also
under xdist), and a verdict follows the test report.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from _pytest.outcomes import Exit  # the class behind pytest.exit, which types only as a function

from memconform.options import add_options, settings_of
from memconform.settings import UsageError

if TYPE_CHECKING:
    from memconform.collector import Collector
    from memconform.items import RequirementItem

COLLECTOR: pytest.StashKey[Collector] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--memory-url` and its companions."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Take part in this run if it names a server."""
    try:
        settings = settings_of(config)
        if settings is None:
            return
        settings.target()
        settings.keys()
        run = _Run(config, settings)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.addinivalue_line("markers", "requirement(id): a test of the memory API contract")
    config.pluginmanager.register(run, "memconform-run")


Wrapper: TypeAlias = Generator[None, pytest.TestReport, pytest.TestReport]
CollectWrapper: TypeAlias = Generator[None, pytest.CollectReport, pytest.CollectReport]


class Unreachable(Exit):
    """Ends the run before its first test; pytest prints the name and the message."""


class Unusable(Exit):
    """Ends the run before its first test: what was asked for cannot be done here."""


class HarnessFailed(Exit):
    """Ends the run before its first test: the judge is at fault, and nothing is said about the server."""


class _Run:
    """The hooks of a run that names a server."""

    def __init__(self, config: pytest.Config, settings: Any) -> None:
        """Find out whether this process controls the run or works for another (xdist)."""
        from memconform.baseline.file import read_baseline
        from memconform.collector import Collector
        from memconform.items import SESSION, suite_folder
        from memconform.session import Session, new_run_id

        self.baseline = read_baseline(Path(settings.baseline)) if settings.baseline else None
        handed = getattr(config, "workerinput", {}).get("memconform")
        self.is_worker = handed is not None
        self.handed: dict[str, Any] = json.loads(handed) if handed else {"run_id": new_run_id()}
        worker = config.workerinput["workerid"] if self.is_worker else ""  # type: ignore[attr-defined]  # xdist sets it
        self.session = Session(settings, self.handed["run_id"], worker)
        self.config = config
        self.processes = 0
        """So many xdist workers were started; 0 without xdist."""
        self.folder = suite_folder()
        if not any(str(self.folder) in str(argument) for argument in config.args):
            config.args.append(str(self.folder))
        config.stash[SESSION] = self.session
        if not self.is_worker:
            config.stash[COLLECTOR] = Collector(self.session, self.baseline)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Ask the server what it promises, or take over what the controlling process has learnt."""
        from memconform.capabilities import Capabilities
        from memconform.session import Unreachable as NoServer
        from memconform.verdict import ExitCode

        if self.is_worker:
            self.session.capabilities = Capabilities(self.handed["capabilities"])
            return
        try:
            self.session.open()
        except NoServer as error:
            raise Unreachable(self.session.presentable(str(error)), self._code(ExitCode.UNREACHABLE)) from None
        except UsageError as error:
            raise Unusable(str(error), self._code(ExitCode.USAGE)) from None
        except Exception:  # noqa: BLE001 - whatever it is, it must not look like a verdict
            raise HarnessFailed(traceback.format_exc(limit=-4), self._code(ExitCode.HARNESS)) from None

    def _code(self, code: int) -> int:
        """Return the exit code as the one who started this run understands it."""
        from memconform.verdict import CONCLUDED

        return code + CONCLUDED if self.config.pluginmanager.hasplugin("memconform-check") else code

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the run's identity and the server's promises to an xdist worker."""
        self.processes += 1
        handed = {"run_id": self.session.run_id, "capabilities": dict(self.session.capabilities.document)}
        node.workerinput["memconform"] = json.dumps(handed)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what an xdist worker counted and could not clean up."""
        counts = getattr(node, "workeroutput", {}).get("memconform")
        if counts:
            self.config.stash[COLLECTOR].add_worker(json.loads(counts))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Collect the suite's folder in our own way."""
        from memconform.items import SuiteFolder

        return SuiteFolder.from_parent(parent, path=path) if path == self.folder else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what was not asked for; put the tests that look back on all others last."""
        from memconform.items import RequirementItem

        ours = [item for item in items if isinstance(item, RequirementItem)]
        left_out = [item for item in ours if not _selected(item, self.session.settings)]
        chosen = sorted((item for item in ours if item not in left_out), key=lambda item: item.mark.last)
        others = [item for item in items if not isinstance(item, RequirementItem)]
        items[:] = [*others, *chosen]
        if left_out:
            config.hook.pytest_deselected(items=left_out)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce what will be tested."""
        from memconform.items import RequirementItem

        if not self.is_worker:
            items = [item for item in session.items if isinstance(item, RequirementItem)]
            self.config.stash[COLLECTOR].plan((item.name, item.mark) for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Learn from the first xdist worker what will be tested: the controlling process collects nothing itself."""
        from memconform.items import marked

        collector = self.config.stash[COLLECTOR]
        if not collector.planned:
            known = {
                f"{path.name}::{name}": mark for path in self.folder.glob("test_*.py") for name, _, mark in marked(path)
            }
            named = [each.rsplit("/", 1)[-1] for each in ids]
            collector.processes = self.processes
            collector.plan((name.split("::")[-1], known[name]) for name in named if name in known)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Wrapper:
        """Attach the outcome as data; it travels with the report, also from an xdist worker."""
        from memconform.items import RequirementItem

        report = yield
        if isinstance(item, RequirementItem):
            if call.when == "call" and item.judgement is not None:
                report.memconform = item.record()  # type: ignore[attr-defined]  # reports carry what plugins add
                report.memconform_stop = item.judgement.stop  # type: ignore[attr-defined]  # likewise
                self._excuse(report, item.record())
            report.memconform_broken = report.failed and not hasattr(report, "memconform")  # type: ignore[attr-defined]
        return report

    def _excuse(self, report: pytest.TestReport, record: dict[str, Any]) -> None:
        """Let pytest count a failure that is known, or not scored, as an expected one."""
        from memconform.baseline.excuse import excuse
        from memconform.baseline.file import today

        contract = self.session.settings.contract or self.session.capabilities.contract
        why = excuse(record, contract, self.baseline, today())
        if why is not None:
            report.outcome = "skipped"
            report.wasxfail = why

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> CollectWrapper:
        """Mark a part of the suite that cannot be loaded: the harness is at fault."""
        from memconform.items import SuiteFile, SuiteFolder

        report = yield
        if isinstance(collector, SuiteFile | SuiteFolder):
            report.memconform_broken = report.failed  # type: ignore[attr-defined]  # reports carry what plugins add
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember that a part of the suite is missing."""
        self._notice(report)

    def pytest_internalerror(self) -> None:
        """Remember that the harness failed."""
        if not self.is_worker:
            self.config.stash[COLLECTOR].broken = True

    def _notice(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if getattr(report, "memconform_broken", False) and not self.is_worker:
            self.config.stash[COLLECTOR].broken = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather an outcome."""
        self._notice(report)
        record = getattr(report, "memconform", None)
        if record is not None and not self.is_worker:
            collector = self.config.stash[COLLECTOR]
            collector.add(record)
            collector.stopped = collector.stopped or getattr(report, "memconform_stop", None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Name the outcomes that pytest has no word for."""
        record = getattr(report, "memconform", None)
        if record is not None and record["outcome"] in ("warn", "inconclusive"):
            return record["outcome"], record["outcome"][0], record["outcome"].upper()
        return None

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that the user ended the run, or why pytest itself did."""
        if not self.is_worker:
            collector = self.config.stash[COLLECTOR]
            own = isinstance(excinfo.value, pytest.Session.Interrupted | Exit)
            collector.stopped = collector.stopped or (str(excinfo.value) if own else "interrupted (Ctrl-C)")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Clean up and conclude; a broken requirement that no single test showed fails the run all the same."""
        self.session.close()
        if self.is_worker:
            counts = {
                "requests": self.session.wire.requests,
                "cleanup_requests": self.session.cleanup_requests,
                "leaks": self.session.leaks,
            }
            self.config.workeroutput["memconform"] = json.dumps(counts)  # type: ignore[attr-defined]  # xdist sets it
            return
        collector = self.config.stash[COLLECTOR]
        if isinstance(session.shouldstop, str):
            collector.stopped = collector.stopped or session.shouldstop
        self._conclude(session, collector.finished)

    def _conclude(self, session: pytest.Session, result: dict[str, Any]) -> None:
        from memconform.baseline.comparing import exit_code
        from memconform.report.files import write_json
        from memconform.verdict import ExitCode

        path = self.config.getoption("memory_json")
        if path:
            write_json(Path(path), result)
        code = exit_code(result)
        if self.config.pluginmanager.hasplugin("memconform-check"):
            session.exitstatus = self._code(code)
        elif code == ExitCode.NOT_CONFORMANT and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict below pytest's own report."""
        import click

        from memconform.report.terminal import plan_lines, verdict_lines

        collector = self.config.stash[COLLECTOR]
        terminalreporter.section("memory API conformance")
        settings, tests = self.session.settings, sum(map(len, collector.planned.values()))
        lines = [*plan_lines(collector.server(), settings, tests, collector.bound), ""]
        for line in [*lines, *verdict_lines(collector.finished)]:
            terminalreporter.line(line if terminalreporter.hasmarkup else click.unstyle(line))

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Close what an early end left open."""
        self.session.wire.close()


def _selected(item: RequirementItem, settings: Any) -> bool:
    if settings.requirements and item.mark.id not in settings.requirements:
        return False
    if settings.profiles and item.requirement.profile not in settings.profiles:
        return False
    return settings.level in (None, item.requirement.level)
