"""Waiting where a server limits its rate: outside the load, where nobody measures."""

from __future__ import annotations

from collections.abc import Callable

import gevent

from memconform_load.calls import Reply

_TOO_MANY = 429
_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""How long a server is given, one time after another: more than a minute in all."""


def patiently(call: Callable[[], Reply]) -> Reply:
    """Return the first reply that is no 429, or the last one."""
    reply = call()
    for wait in _WAITS_S:
        if reply.status != _TOO_MANY:
            break
        gevent.sleep(wait)
        reply = call()
    return reply
