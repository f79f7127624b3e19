"""`memconform load selfcheck`: proves on this machine that what the load tool says is true."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from memconform.cli.options import JSON_FILE
from memconform.environment import tool
from memconform_load.calibration import NotStarted
from memconform_load.calibration.cases import cases
from memconform_load.calibration.selfcheck import FLOOR_MS, SHARE, Checked, check
from memconform_load.exit_codes import HARNESS, INVALID, MET
from memconform_load.launch import RunFailed, run

_SECONDS, _QUICK_SECONDS = 20.0, 5.0
_QUICK_LEAVES_OUT = frozenset({"slows down"})
_LAWS = tuple(case.name for case in cases(_SECONDS))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="Under a minute: 5 s of load for each law instead of 20.")
@click.option("--only", multiple=True, metavar="LAW", help=f"One of {', '.join(_LAWS)} (repeatable).")
@JSON_FILE
def command(quick: bool, only: tuple[str, ...], json_file: Path | None) -> None:
    """Prove on this machine that what the load tool measures is true, before you believe a figure.

    A calibration server on the loopback interface answers by laws that are known beforehand: always the same, bimodal,
    a stall of 2 s, a queue (M/M/1), overload, slower and slower, and dying half-way. It writes down when each request
    was there and when it was answered. The real load tool is run against each law; its percentiles must be those of
    that journal within 3 % (or 1 ms, which the way there and back may take), its counts equal, overload and death told.

    Exit codes: 0 it measures the truth here; 3 it does not: the machine is too busy or too slow; 4 the tool failed.

    \b
    memconform load selfcheck --quick
    memconform load selfcheck --json selfcheck.json
    """  # noqa: D301 - click reads the backspace
    unknown = set(only) - set(_LAWS)
    if unknown:
        raise click.UsageError(f"--only: there is no law {', '.join(unknown)}; there are {', '.join(_LAWS)}")
    wanted = only or [name for name in _LAWS if not (quick and name in _QUICK_LEAVES_OUT)]
    chosen = [case for case in cases(_QUICK_SECONDS if quick else _SECONDS) if case.name in wanted]
    click.echo(f"{'law':<14} {'calls':>6}   p50 truth → measured     p95                      p99")
    try:
        done = check(chosen, run, lambda checked: click.echo(_line(checked)))
    except (RunFailed, NotStarted) as failed:
        click.echo(f"memconform: the self-check itself failed: {failed}", err=True)
        sys.exit(HARNESS)
    good = all(checked.good for checked in done)
    code = MET if good else INVALID
    if json_file:
        json_file.write_text(json.dumps(_document(done, code, quick), indent=1) + "\n", encoding="utf-8")
    click.echo(f"\n{_verdict(done)}")
    sys.exit(code)


def _line(checked: Checked) -> str:
    figures = "".join(
        f"{f'{each.truth_ms:.1f} → {each.measured_ms:.1f} ms {each.off:+.1%}':<25}" for each in checked.figures
    )
    again = f" (at the {checked.tries}nd try)" if checked.tries > 1 else ""
    said = "good" if checked.good else "; ".join(checked.problems)
    if not figures and checked.good:
        figures = f"{'each lost call is told':<75}"
    return f"{checked.case.name:<14} {checked.calls:>6}   {figures}{said}{again}"


def _verdict(done: list[Checked]) -> str:
    bad = [checked.case.name for checked in done if not checked.good]
    if not bad:
        return (
            f"This machine measures the truth: within {SHARE:.0%} or {FLOOR_MS:g} ms under every law, "
            "and every call counted."
        )
    return (
        f"This machine does not measure the truth now: see {', '.join(bad)}. The load tool, not the server, was in the "
        "way. Close what else runs, or use a machine with more cores, and try again; lower rates may still be right."
    )


def _document(done: list[Checked], code: int, quick: bool) -> dict[str, Any]:
    return {
        "format": "memconform.selfcheck/1",
        "tool": tool(),
        "quick": quick,
        "exit_code": code,
        "bounds": {"share": SHARE, "floor_ms": FLOOR_MS},
        "cases": [checked.as_json() for checked in done],
    }
