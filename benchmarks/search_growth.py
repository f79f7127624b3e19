"""How the reference store's search grows with the memories in one scope: the store alone, without HTTP.

Run it with `python benchmarks/search_growth.py [--sizes 1000,10000,100000] [--searches N]`. Each size is a file of
its own, filled with made-up sentences; the searches of all sizes take turns, so that a slow moment of the machine
hits them alike. Printed are p50 and p95 in milliseconds, and how p50 grows against the smallest size: of a plain
search, of filtered ones (a filter that a tenth, a thousandth, none of the memories match), of the first search after a
start, of an add, and of the search right after it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.speech import Speech

from memconform_server.store import Draft, SearchQuery
from memconform_server.stores.reference.index import load
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = "owner"
SCOPE = {"user_id": "u1"}
STEP = 1_000


def filled(path: Path, size: int) -> SqliteStore:
    """Return a store with so many memories in one scope."""
    speech = Speech(size)
    store = SqliteStore(path)
    for start in range(0, size, STEP):
        with store.transaction():
            for number in range(start, start + STEP):
                metadata = {"tenth": number % 10, "thousandth": number % 1_000, "topic": speech.random.choice("abc")}
                store.add(OWNER, Draft(speech.sentence(), SCOPE, metadata))
    return store


def timed(action: Callable[[], Any]) -> float:
    """Return how many milliseconds it takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1_000


def measured(store: SqliteStore, speech: Speech) -> dict[str, float]:
    """Time each kind of request once."""

    def search(**options: Any) -> float:
        query = SearchQuery(speech.sentence(9), SCOPE, 10, **options)
        return timed(lambda: store.search(OWNER, query))

    def equal(name: str, value: Any) -> dict[str, Any]:
        return {"op": "eq", "field": f"/metadata/{name}", "value": value}

    return {
        "search": search(),
        "search, a tenth matches": search(filter=equal("tenth", 3)),
        "search, a thousandth matches": search(filter=equal("thousandth", 77)),
        "search, nothing matches": search(filter=equal("tenth", 10)),
        "add": timed(lambda: store.add(OWNER, Draft(speech.sentence(), SCOPE, {"tenth": 1}))),
        "search after an add": search(),
    }


def main() -> None:
    """Fill, measure in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--searches", type=int, default=30)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    load()
    with tempfile.TemporaryDirectory() as folder:
        stores = {size: filled(Path(folder) / f"{size}.db", size) for size in sizes}
        speech = Speech(0)
        query = SearchQuery(speech.sentence(9), SCOPE, 10)
        first = {size: timed(lambda store=store: store.search(OWNER, query)) for size, store in stores.items()}
        turns = [{size: measured(store, speech) for size, store in stores.items()} for _ in range(arguments.searches)]
        for store in stores.values():
            store.close()
    print("first search after a start".ljust(30), *[f"{size}: {took:7.1f} ms" for size, took in first.items()])  # noqa: T201 - what it is for
    for name in turns[0][sizes[0]]:
        times = {size: sorted(turn[size][name] for turn in turns) for size in sizes}
        medians = {size: statistics.median(each) for size, each in times.items()}
        tails = {size: each[len(each) * 95 // 100] for size, each in times.items()}
        growth = {size: median / medians[sizes[0]] for size, median in medians.items()}
        cells = [f"{size}: {medians[size]:6.2f} / {tails[size]:6.2f} ms (x{growth[size]:.1f})" for size in sizes]
        print(name.ljust(30), *cells)  # noqa: T201 - as above
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
