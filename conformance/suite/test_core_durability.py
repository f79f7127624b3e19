"""What was acknowledged outlives the process that acknowledged it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.http import Unanswered
from memconform.memory_api import MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.listing import listed, must_hold
from memconform.scene.restart import COMMAND_S, restart
from memconform.session import Session

ADDS = 65
"""How many memories a writer adds at most, over about a minute."""

AT_ONCE, EVENLY = 10, 40
"""How many it adds without a pause, and up to how many evenly, before the pauses grow."""

PAUSE_S, GROWTH = 0.02, 1.3


@requirement("CORE-26", requests=(110, 190, 330), given="restart_command", last=True)
def test_acknowledged_writes_survive_a_kill(
    memory: MemoryApi,
    scope: dict[str, str],
    capabilities: Capabilities,
    budget: Budget,
    restart_command: str,
    session: Session,
) -> None:
    """Acknowledged adds and deletes are there after a kill during writes, an unacknowledged add whole or not at all."""
    quiet = {memory.add(f"before the kill {number}", scope)["id"]: f"before the kill {number}" for number in range(5)}
    gone = next(iter(quiet))
    memory.delete(gone).control(204)
    memory.get(gone).control(404)
    writers = [Writer(f"during the kill {number}") for number in range(budget.of(1, 2, 4))]
    _kill_during(writers, memory, scope, partial(restart, restart_command))
    control(session.alive(COMMAND_S), f"the server did not come back within {COMMAND_S:g} s of the restart command")
    killed = any(writer.broken_off for writer in writers)
    control(killed, "no request broke off while the restart command ran: did it kill the server?")
    memory.get(gone).must_be(404, because="its deletion was acknowledged before the kill")
    settle(max(capabilities.staleness("list"), capabilities.staleness("get")))
    items = listed(memory, scope)
    acknowledged = {memory_id: text for writer in writers for memory_id, text in writer.acknowledged.items()}
    _must_be_kept(items, {key: text for key, text in quiet.items() if key != gone} | acknowledged, writers)


@dataclass
class Writer:
    """Adds memories until the server is gone."""

    name: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Contents by id."""
    tried: set[str] = field(default_factory=set)
    """Contents that were sent and never acknowledged."""
    broken_off: bool = False

    def write(self, memory: MemoryApi, scope: Scope, stop: threading.Event) -> None:
        """Add until a request breaks off, the restart is over, or there have been enough."""
        last = False
        for number in range(ADDS):
            text = f"{self.name}, {number}"
            self.tried.add(text)
            try:
                answer = memory.post({"content": text, "scope": dict(scope)})
            except Unanswered:
                self.broken_off = True
                return
            if answer.status == 201:
                self.acknowledged[str(answer.control_object("id", str)["id"])] = text
                self.tried.discard(text)
            if last:
                return
            last = stop.wait(_pause(number))  # once more afterwards: the server may be down only now


def _pause(number: int) -> float:
    return 0 if number < AT_ONCE else PAUSE_S * GROWTH ** max(0, number - EVENLY)


def _kill_during(writers: list[Writer], memory: MemoryApi, scope: Scope, kill: Callable[[], None]) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(len(writers)) as pool:
        running = [pool.submit(writer.write, memory, scope, stop) for writer in writers]
        try:
            while not any(writer.acknowledged for writer in writers) and not all(each.done() for each in running):
                time.sleep(0.001)
            kill()
        finally:
            stop.set()
        for each in running:
            each.result()


def _must_be_kept(items: list[dict[str, object]], acknowledged: dict[str, str], writers: list[Writer]) -> None:
    tried = {text for writer in writers for text in writer.tried}
    unacknowledged = [item for item in items if item.get("id") not in acknowledged]
    rest = [item for item in items if item.get("id") in acknowledged]
    must_hold(rest, acknowledged, f"the list after the restart ({len(acknowledged)} adds were acknowledged before)")
    for item in rest:
        text = acknowledged[str(item["id"])]
        must(item.get("content") == text, f"content {text!r} after the restart", f"{item.get('content')!r}")
    for item in unacknowledged:
        whole = item.get("content") in tried
        must(whole, "an unacknowledged add to be there whole or not at all", f"the content {item.get('content')!r}")
