"""Connections: kept for the next call, never handed to a tenant with other trust, never a failure by being old."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from memory_api import pools
from memory_api.client import MemoryClient
from memory_api.deadline import Deadline
from memory_api.failures import MemoryFailure
from memory_api.pools import Pools, pool_key

from .scripted_server import Received, Script, Scripted, always, memory, reply, scripted, settings_at

PAGE = reply(200, {"items": [], "next_cursor": None})


def listed(server: Scripted, **more: object) -> None:
    """List once, as a call of its own."""
    MemoryClient(server.settings(**more), Deadline(5.0)).list({"user_id": "u1"}, None, None)


def test_calls_share_a_connection() -> None:
    """Ten calls in a row need one connection, also with different keys."""
    with scripted(always(PAGE)) as server:
        for number in range(10):
            listed(server, api_key=f"a-key-{number}")
        assert server.connections == 1
    assert [each.headers["authorization"] for each in server.requests] == [f"Bearer a-key-{n}" for n in range(10)]


def test_errors_keep_the_connection() -> None:
    """An answer that was read to its end leaves its connection usable, whatever its status."""
    with scripted(always(reply(422, {"status": 422}))) as server:
        for _ in range(3):
            with pytest.raises(MemoryFailure):
                listed(server)
        assert server.connections == 1


def test_calls_at_once_have_a_connection_each() -> None:
    """Twenty calls at once need at most twenty connections, and the next twenty none."""
    with scripted(always(PAGE)) as server:
        for _ in range(2):
            threads = [threading.Thread(target=listed, args=(server,)) for _ in range(20)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        assert len(server.requests) == 40
        assert server.connections <= 20


def closing_when_reused(then: bytes = PAGE) -> Script:
    """Answer the first request of a connection; close it at the second without a byte."""
    used: set[int] = set()

    def script(sock: socket.socket, request: Received, _server: Scripted) -> bool:
        if request.connection in used:
            return False
        used.add(request.connection)
        sock.sendall(then)
        return True

    return script


def test_stale_connection_is_not_shown() -> None:
    """A kept connection that closes when it is used again costs a new one, not a failure."""
    with scripted(closing_when_reused()) as server:
        listed(server)
        listed(server)
        assert server.connections == 2
    assert len(server.requests) == 3


def test_connection_that_closed_while_idle_is_not_used() -> None:
    """One that the server has closed meanwhile is noticed before anything is sent on it."""

    def script(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(PAGE)
        return False

    with scripted(script) as server:
        listed(server)
        time.sleep(0.2)
        listed(server)
        assert len(server.requests) == 2


def test_add_is_not_sent_again_on_a_new_connection_where_keys_are_not_heeded() -> None:
    """An add on a connection that closed may have arrived: without idempotency it stays at one."""
    script = closing_when_reused()
    with scripted(script) as server:
        listed(server)
        with pytest.raises(MemoryFailure) as caught:
            MemoryClient(server.settings(), Deadline(5.0)).add({"content": "x", "scope": {"user_id": "u"}}, None)
    assert caught.value.kind == "disconnected"
    assert [each.method for each in server.requests].count("POST") == 1


def test_add_is_sent_again_on_a_new_connection_where_keys_are_heeded() -> None:
    """With idempotency the add goes through, with the same key."""
    answered: set[int] = set()

    def script(sock: socket.socket, request: Received, _server: Scripted) -> bool:
        if request.target == "/v1/capabilities":
            sock.sendall(reply(200, {"contract": "1.0", "profiles": ["core", "idempotency"]}))
        elif request.method == "GET":
            answered.add(request.connection)
            sock.sendall(PAGE)
        elif request.connection in answered:
            return False
        else:
            sock.sendall(reply(201, memory()))
        return True

    with scripted(script) as server:
        listed(server)
        MemoryClient(server.settings(), Deadline(5.0)).add({"content": "x", "scope": {"user_id": "u"}}, None)
    keys = [each.headers["idempotency-key"] for each in server.requests if each.method == "POST"]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_unread_answer_does_not_stay_for_the_next_call() -> None:
    """A connection on which more comes than its answer is not used again: the next call may be another tenant's."""

    def script(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(PAGE)
        time.sleep(0.1)
        sock.sendall(reply(200, {"items": [memory("of somebody else")]}))
        return True

    with scripted(script) as server:
        for _ in range(2):
            page = MemoryClient(server.settings(), Deadline(5.0)).list({"user_id": "u1"}, None, None)
            assert page["items"] == []
            time.sleep(0.3)
        assert server.connections == 2


def test_pools_differ_by_server_and_by_authority() -> None:
    """Other trust or another server is another pool; another key is not."""
    same = pool_key(settings_at(8765, api_key="a")), pool_key(settings_at(8765, api_key="b"))
    assert same[0] == same[1]
    others = {pool_key(settings_at(8765, **more)) for more in ({"ca_certificate": "X"}, {"prefix": "/p"})}
    others.add(pool_key(settings_at(1)))
    assert len(others | {same[0]}) == 4


def test_registry_is_bounded() -> None:
    """The server that was used longest ago makes room, and its idle connections are closed."""
    registry = Pools(most=3)
    first = registry.of(settings_at(1))
    closed: list[bool] = []
    first.clear = lambda: closed.append(True)  # type: ignore[method-assign]  # only to see that it is called
    for port in (2, 3, 4, 5):
        registry.of(settings_at(port))
    assert closed == [True]
    assert registry.of(settings_at(1)) is not first


def test_registry_holds_no_key() -> None:
    """What outlives a call knows no credentials."""
    with scripted(always(PAGE)) as server:
        listed(server, api_key="a-key-to-look-for")
        pool = pools.POOLS_IN_USE.of(server.settings())
        connection = pool.take()
        assert "a-key-to-look-for" not in repr([vars(connection), vars(pool), vars(pools.POOLS_IN_USE)])
        connection.close()
