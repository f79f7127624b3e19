"""The kill matrix of clients: each seeded defect of the plugin is found, no legal plugin is blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memconform.clients.bends import Bend, bent, plugin_defects, plugin_variants, reference_plugin
from memconform.clients.client import Client
from memconform.clients.mapping import NAME, read_mapping
from memconform.clients.run import ClientRun, client_tests
from memconform.clients.upstream import Upstream, reference_upstream
from memconform.dify import PluginFailed
from memconform.selftest import CLEAN, Case, CaseResult, FarmError, Judged, Matrix, run_cases, told_of


def client_cases() -> Mapping[str, Case]:
    """Return every case by name, those of a whole suite first, so that no long one comes last."""
    legal = [Case("reference", "reference", "the reference plugin")]
    legal += [Case("variant", bend.name, bend.sentence) for bend in plugin_variants().values()]
    broken = [Case("defect", bend.name, bend.sentence, bend.breaks) for bend in plugin_defects().values()]
    return {case.name: case for case in (*legal, *broken)}


def run_client_matrix(
    chosen: Iterable[Case],
    *,
    jobs: int,
    python: str | None = None,
    tell: Callable[[CaseResult], None] = lambda _: None,
) -> Matrix:
    """Judge plugins, `jobs` at a time, in front of one reference server; `tell` hears of each as it ends."""
    with reference_upstream() as upstream:
        return run_cases(chosen, lambda case: _judged(case, upstream, python), jobs=jobs, tell=tell)


def _judged(case: Case, upstream: Upstream, python: str | None) -> Judged:
    tests = client_tests((case.breaks,) if case.breaks else ())
    try:
        with _plugin(case) as folder, Client(folder, read_mapping(folder / NAME), python=python) as client:
            run = ClientRun(client, upstream)
            for record in run.judge(tests):
                if case.breaks and _kills(record, case):
                    break
    except PluginFailed as failed:
        raise FarmError(f"the plugin did not start: {failed}") from None
    right, said = _killed(run, case) if case.breaks else _spared(run, len(tests))
    return right, said, "smoke", run.requests


@contextmanager
def _plugin(case: Case) -> Iterator[Path]:
    bends: Mapping[str, Bend] = {**plugin_defects(), **plugin_variants()}
    if case.name not in bends:
        yield reference_plugin()
        return
    with bent(reference_plugin(), bends[case.name]) as folder:
        yield folder


def _kills(record: Mapping[str, Any], case: Case) -> bool:
    return bool(
        record["requirement"] == case.breaks
        and record["outcome"] == case.wanted()
        and record.get("expected")
        and record.get("observed")
    )


def _killed(run: ClientRun, case: Case) -> tuple[bool, str]:
    """Return whether a test of the broken requirement says so, with expected and observed."""
    for record in run.records:
        if _kills(record, case):
            return True, f"expected {record['expected']}; observed {record['observed']}"
    return False, "survived: " + (told_of(run.records) or f"no test ran ({run.stopped})")


def _spared(run: ClientRun, planned: int) -> tuple[bool, str]:
    """Return whether nothing at all is held against the plugin and nothing was left open."""
    bad = [record for record in run.records if record["outcome"] not in CLEAN or record["wire"]]
    if bad or len(run.records) < planned or run.client.deaths:
        return False, f"blamed: {told_of(bad) or run.stopped or run.client.deaths}"
    return True, "clean"
