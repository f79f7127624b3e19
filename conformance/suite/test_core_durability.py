"""What was acknowledged outlives the process that acknowledged it."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from memconform.answer import control
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.listing import listed
from memconform.scene.restart import COMMAND_S, Restart
from memconform.scene.survival import losses, must_be_once
from memconform.scene.writers import DENSE, SPARSE, Round
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import NotMet

LATEST_S = 0.25
"""How long after the first acknowledged write the restart command begins at most."""

_NOTHING = "; nothing at all is left: if the server keeps what it is told, does what starts it begin with empty data?"

REPEATED = 3
"""How many adds of a round are repeated after the restart."""


@requirement("CORE-26", requests=(40, 300, 800), given="restart", last=True)
def test_acknowledged_writes_survive_kills(
    memory: MemoryApi,
    scopes: Scopes,
    capabilities: Capabilities,
    budget: Budget,
    restart: Restart,
    session: Session,
    measures: Measures,
) -> None:
    """After each of several kills during writes of every kind the acknowledged ones are there, others whole or not."""
    chance = random.Random(session.settings.seed)  # noqa: S311 - moments to kill at, no secrets
    counts = {"rounds": 0, "acknowledged": 0, "unknown": 0, "lost": 0}
    killed = False
    for _ in range(budget.of(1, 3, 8)):
        each = Round(memory, scopes, capabilities.profiles, SPARSE if budget.size == "smoke" else DENSE)
        _kill_during(each, restart, chance.uniform(0, LATEST_S))
        control(session.alive(COMMAND_S), f"the server did not come back within {COMMAND_S:g} s of the restart command")
        killed = killed or any(writer.broken_off for writer in each.writers.values())
        items = _settled(memory, each, capabilities)
        found = list(losses(each, items))
        counts["rounds"] += 1
        counts["acknowledged"] += sum(len(writer.acknowledged) for writer in each.writers.values())
        counts["unknown"] += sum(len(writer.unknown) for writer in each.writers.values())
        counts["lost"] += len(found)
        for name, number in counts.items():
            measures.state(f"durability: {name}", number, "rounds" if name == "rounds" else "writes")
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            more += "" if items else _NOTHING
            raise NotMet(found[0].expected, found[0].observed + more)
        if "idempotency" in capabilities.profiles:
            _repeat(each, memory, capabilities)
    control(killed, "no request broke off while the restart command ran: did it kill the server?")


def _kill_during(round_: Round, restart: Restart, delay: float) -> None:
    """Restart the server while every writer writes, a moment after the first acknowledged write."""
    stop = threading.Event()
    writers = round_.writers.values()
    with ThreadPoolExecutor(len(writers)) as pool:
        running = [pool.submit(writer.run, stop) for writer in writers]
        try:
            while not any(writer.acknowledged for writer in writers) and not all(each.done() for each in running):
                time.sleep(0.001)
            time.sleep(delay)
            restart()
        finally:
            stop.set()
        for each in running:
            each.result()


def _settled(memory: MemoryApi, round_: Round, capabilities: Capabilities) -> list[Memory]:
    settle(max(capabilities.staleness("list"), capabilities.staleness("get")))
    return listed(memory, round_.scope)


def _repeat(round_: Round, memory: MemoryApi, capabilities: Capabilities) -> None:
    """Repeat adds that were never acknowledged, and one that was: each is there once afterwards."""
    adds = round_.writers["add"]
    again = [*adds.unknown, *(number for number, _ in adds.acknowledged[-1:])][:REPEATED]
    for number in again:
        because = (
            "an add repeated under its Idempotency-Key after the restart"  # 409: it counts as in flight for a while
        )
        round_.repeat(number).must_be(201, 409, because=because)
    items = _settled(memory, round_, capabilities)
    for number in again:
        must_be_once(items, str(round_.body(number)["content"]))
