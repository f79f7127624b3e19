"""How the process of a run asks for the server to be killed and started again: by whoever started it.

The two hold the ends of a pair of sockets. The run sends a line; it is answered by one, in JSON: null where the server
is back, else why it is not.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from memconform.providers.failures import NotStarted
from memconform.pytest_process import INTERRUPTING

if TYPE_CHECKING:
    from memconform.server_process import ServerProcess


@contextmanager
def restartable(server: ServerProcess) -> Iterator[int]:
    """Restart the server whenever a run asks for it, on the descriptor that is yielded; a run has to inherit it."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_keep, args=(server, ours), daemon=True)
    thread.start()
    try:
        yield theirs.fileno()
    finally:
        server.over.set()
        theirs.close()
        with suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
        thread.join()
        ours.close()


def _keep(server: ServerProcess, ours: socket.socket) -> None:
    """Do what is asked until nobody can ask any more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTING)  # they are for the main thread, which waits for the run
    with suppress(OSError), ours.makefile("rb") as asked:
        for _ in asked:
            try:
                server.restart()
                why = None
            except NotStarted as failed:
                why = str(failed)
            ours.sendall(json.dumps(why).encode() + b"\n")


def ask(descriptor: int) -> str | None:
    """Ask for a restart and return once it is over: None where the server is back, else why it is not.

    Raises `ConnectionError` where nobody is there to do it.
    """
    with socket.socket(fileno=os.dup(descriptor)) as channel, channel.makefile("rwb") as line:
        line.write(b"restart\n")
        line.flush()
        answer = line.readline()
    if not answer:
        raise ConnectionError("the process that started the server is gone")
    why: str | None = json.loads(answer)
    return why
