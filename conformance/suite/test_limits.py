"""The rate limit, where one is declared."""

import time
from collections.abc import Callable

from memconform.answer import Answer, control
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.http import together
from memconform.memory_api import LONGEST_WAIT, Memory, MemoryApi
from memconform.requirement import requirement
from memconform.retry_after import retry_after
from memconform.scene.holdings import must_hold_only
from memconform.verdict import Inconclusive, NotApplicable, NotMet

AT_ONCE = 8
MARGIN = 40
"""Requests besides those that go over the rate: writes at its edge, waiting, looking at what was stored."""
WINDOW_S = 60
MOST_WAITS = 3


@requirement("LIMITS-01", requests=(160, 640, 1640), given="requests_per_minute", last=True)
def test_rate_limit_refuses_and_lets_work_resume(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Above the declared rate is 429 with Retry-After; a refused write leaves nothing; after the wait work goes on."""
    rate = capabilities.requests_per_minute
    if rate is None:
        raise NotApplicable("the server declares no limits.requests_per_minute")
    if 2 * rate > (most := budget.of(160, 640, 1640) - MARGIN):
        raise NotApplicable(
            f"{rate} requests a minute take up to {2 * rate} requests to exceed; this budget has {most}"
        )
    kept = [memory.add("before the rush", scope)]
    hasty = memory.impatient()
    _go_over(hasty, kept[0]["id"], rate)
    kept += _write_at_the_edge(hasty, scope)
    kept.append(_resume(hasty, scope))
    must_hold_only(memory, scope, kept, capabilities, refused="writes that were answered with 429")


def _go_over(hasty: MemoryApi, memory_id: str, rate: int) -> None:
    """Read until refused. In less than a minute twice the rate goes over it, however the minutes are cut."""
    began = time.monotonic()
    batch: list[Callable[[], Answer]] = [lambda: hasty.get(memory_id)] * AT_ONCE
    for sent in range(0, 2 * rate + 1, AT_ONCE):
        for answer in together(batch):
            if answer.status != 200:
                _must_be_throttled(
                    answer, f"request {sent + 1} to {sent + AT_ONCE} of this minute, and {rate} are allowed"
                )
                return
        if time.monotonic() - began > WINDOW_S:
            raise Inconclusive(f"the server answers too slowly to exceed {rate} requests a minute")
    raise NotMet(
        f"429 within {2 * rate + 1} requests: limits.requests_per_minute is {rate}",
        f"every one of {2 * rate + 1} requests answered within {time.monotonic() - began:.1f} s",
    )


def _must_be_throttled(answer: Answer, because: str) -> float:
    """Require 429 with a Retry-After that can be read; return the seconds to wait."""
    answer.must_be(429, because=because)
    wait = retry_after(answer.header("Retry-After"))
    given = answer.header("Retry-After")
    if wait is None:
        seen = "none" if given is None else repr(given)
        raise NotMet("Retry-After with seconds or an HTTP date on 429", seen, [answer.exchange])
    return wait


def _write_at_the_edge(hasty: MemoryApi, scope: dict[str, str]) -> list[Memory]:
    """Write while the rate is used up, until some writes were refused; return the memories that got through."""
    accepted, refused = [], 0
    for number in range(10):
        answer = hasty.post({"content": f"in the rush {number}", "scope": scope})
        if answer.status == 201:
            accepted.append(answer.control_object("id", str))
        else:
            _must_be_throttled(answer, "a write above the rate")
            refused += 1
        if refused == 3:
            break
    control(refused, "no write was refused: the rate recovered at once")
    return accepted


def _resume(hasty: MemoryApi, scope: dict[str, str]) -> Memory:
    """Wait as Retry-After says and write; others of the same principal may be quicker, so try a few times."""
    waited, tries = 0.0, 0
    while True:
        answer = hasty.post({"content": "after the rush", "scope": scope})
        if answer.status == 201:
            return answer.control_object("id", str)
        if tries == MOST_WAITS:
            raise NotMet(
                "work to resume after waiting as long as Retry-After said",
                f"429 still, after {tries} waits and {waited:g} s",
                [answer.exchange],
            )
        tries += 1
        wait = _must_be_throttled(answer, "a write above the rate")
        control(
            waited + wait <= LONGEST_WAIT,
            f"Retry-After asks for {wait:g} s; the judge waits {LONGEST_WAIT:g} s at most",
        )
        time.sleep(wait)
        waited += wait
