"""Connections that are kept for the next call: the one thing that outlives a call.

A pool belongs to a base URL *and* to what its TLS trusts: a connection that was verified under one tenant's
certificate authority must not serve another tenant. It knows no key; each request brings its own.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from .certificates import tls_context
from .connection import Connection, TlsConnection
from .settings import Settings

IDLE_CONNECTIONS = 128
"""So many idle connections of a server are kept."""

POOLS = 64
"""So many servers are remembered; the one that was used longest ago makes room."""


class Pool:
    """The idle connections of one server; the one used last is taken first."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []

    def take(self) -> Connection:
        """Return an idle connection that is still open, or a new one, not yet connected."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect()
            if connection.is_reusable:
                return connection
            connection.close()

    def fresh(self) -> Connection:
        """Return a new connection; what is idle is as stale as the one that failed, so it goes."""
        self.clear()
        return self._connect()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last answer was read to its end."""
        if len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

    def clear(self) -> None:
        """Close what is idle."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class Pools:
    """The registry: at most `most` pools, by base URL and certificate authority."""

    def __init__(self, most: int = POOLS) -> None:
        self._most = most
        self._pools: OrderedDict[tuple[str, str], Pool] = OrderedDict()
        self._lock = Lock()

    def of(self, settings: Settings) -> Pool:
        """Return the pool for these settings."""
        key = pool_key(settings)
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = new_pool(settings)
            self._pools.move_to_end(key)
            dropped = self._pools.popitem(last=False)[1] if len(self._pools) > self._most else None
        if dropped is not None:
            dropped.clear()
        return pool


def pool_key(settings: Settings) -> tuple[str, str]:
    """Return what decides whether two calls may share connections."""
    digest = hashlib.sha256((settings.ca_certificate or "").encode()).hexdigest()
    return settings.base_url, digest


def new_pool(settings: Settings) -> Pool:
    """Return an empty pool for a server."""
    if settings.scheme == "https":
        context = tls_context(settings.ca_certificate)
        return Pool(lambda: TlsConnection(settings.host, settings.port, context))
    return Pool(lambda: Connection(settings.host, settings.port))


POOLS_IN_USE = Pools()
