"""The front speaks HTTP/1.1 as any server does, and sees every request as it was sent."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from memconform.clients.wire import NOT_JSON, Answer, Front, Reply, Seen, json_reply, problem, refusing_url

from .raw_client import GET, asked, connected, listened, whole

OK = json_reply(200, {"status": "ok"})


@pytest.fixture
def front() -> Front:
    """Return a front that stands alone and answers 200."""
    front = Front()
    front.script(lambda _: OK)
    return front


def ended(front: Front, number: int) -> list[Seen]:
    """Return the requests when so many have ended."""
    assert front.wait_until(lambda seen: sum(each.ended_at is not None for each in seen) >= number)
    return front.seen


def test_everything_of_a_request_is_seen(front: Front) -> None:
    """Target, header fields, query, body, operation and the time are those of the request; the key is apart."""
    body = {"content": "tea", "scope": {"user_id": "u"}}
    with front:
        httpx.post(
            f"{front.url}/v1/memories?b=1+2&b=%C3%BC&c",
            json=body,
            headers={"Authorization": "Bearer secret-key-1", "X-Own": "yes", "Idempotency-Key": "k1"},
            trust_env=False,
        )
        seen = ended(front, 1)[0]
    assert seen.target == b"/v1/memories?b=1+2&b=%C3%BC&c"
    assert (seen.method, seen.number, seen.connection) == ("POST", 1, 1)
    assert seen.query == (("b", "1 2"), ("b", "ü"), ("c", ""))
    assert seen.json == body
    assert seen.body == json.dumps(body, separators=(",", ":")).encode()
    assert (seen.header("idempotency-key"), seen.authorization) == ("k1", "Bearer secret-key-1")
    assert seen.token == "secret-key-1"
    assert seen.operation_id == "addMemory"
    assert seen.received is not None
    assert (seen.received.status, seen.fault, seen.whole, seen.cut) == (200, "reply", True, False)
    assert seen.ended_at is not None
    assert 0 <= seen.at <= seen.ended_at
    assert "secret-key-1" not in repr(seen) + seen.exchange().curl() + json.dumps(seen.exchange().to_json())
    assert seen.sent.secrets == (("Authorization", "Bearer $MEMCONFORM_API_KEY"),)
    assert ("X-Own", "yes") in seen.sent.headers


def test_what_is_no_json_is_told_apart_from_null(front: Front) -> None:
    """The sentinel stands for a body that is empty or broken; null is JSON."""
    with front:
        for body in (b"", b"{", b"null"):
            httpx.post(f"{front.url}/v1/search", content=body, trust_env=False)
        assert [seen.json for seen in ended(front, 3)] == [NOT_JSON, NOT_JSON, None]


def test_secrets_are_hidden_in_what_is_reported() -> None:
    """A key in the target, a header field or the body is in the raw request only."""
    with Front(secrets=("key-0123456789",)) as front:
        httpx.post(
            f"{front.url}/v1/search?k=key-0123456789", content=b"my key-0123456789", headers={"X": "key-0123456789"}
        )
        seen = ended(front, 1)[0]
    assert "key-0123456789" not in json.dumps(seen.exchange().to_json())
    assert b"key-0123456789" in seen.target
    assert b"key-0123456789" in seen.body


def test_a_connection_serves_many_requests(front: Front) -> None:
    """Keep-alive: one client, one connection; another client, another one."""
    with front:
        with httpx.Client(base_url=front.url, trust_env=False) as client:
            for _ in range(3):
                assert client.get("/v1/health").status_code == 200
        httpx.get(f"{front.url}/v1/health", trust_env=False)
        assert [seen.connection for seen in ended(front, 4)] == [1, 1, 1, 2]
        assert [number for number, _, _ in front.connections] == [1, 2]
        opened = [at for _, at, _ in front.connections]
        assert opened == sorted(opened)


def test_pipelined_requests_are_answered_in_order(front: Front) -> None:
    """Three requests in one packet get three answers."""
    front.script(lambda seen: json_reply(200, seen.target.decode()))
    requests = b"".join(b"GET /v1/memories/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(3))
    with front:
        heard = asked(front.url, requests, enough=whole(3))
        assert [seen.connection for seen in ended(front, 3)] == [1, 1, 1]
    positions = [heard.data.index(b'"/v1/memories/%d"' % number) for number in range(3)]
    assert positions == sorted(positions)


def test_a_pipelined_request_is_no_sign_that_the_client_left() -> None:
    """While an answer waits, a further request in the pipe changes nothing."""
    from memconform.clients.wire import Late

    with Front() as front:
        front.when(lambda _: True, Late(0.3, OK), OK)
        heard = asked(front.url, GET + GET, enough=whole(2))
        assert heard.data.count(b"200 OK") == 2
        assert [seen.cut for seen in ended(front, 2)] == [False, False]


def test_head_is_answered_without_a_body(front: Front) -> None:
    """HEAD has the header of GET, and the connection goes on behind it."""
    with front:
        heard = asked(front.url, GET.replace(b"GET", b"HEAD") + GET, enough=250, patience=1)
        assert [seen.operation_id for seen in ended(front, 2)] == ["getHealth", "getHealth"]
    first, _, rest = heard.data.partition(b"\r\n\r\n")
    assert b"Content-Length: 16" in first
    assert rest.startswith(b"HTTP/1.1 200")


def test_a_chunked_body_is_read(front: Front) -> None:
    """A body of unknown length is put together."""
    with front:
        httpx.post(f"{front.url}/v1/search", content=iter([b'{"a"', b":1}"]), trust_env=False)
        assert ended(front, 1)[0].json == {"a": 1}


def test_a_client_that_expects_100_is_told_to_go_on(front: Front) -> None:
    """`Expect: 100-continue` is answered before the body comes."""
    head = b"POST /v1/search HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with front, connected(front.url) as sock:
        sock.sendall(head)
        assert listened(sock, enough=10).data == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"{}")
        assert b"200 OK" in listened(sock, enough=whole()).data
        assert ended(front, 1)[0].body == b"{}"


def test_http_1_0_and_connection_close_end_the_connection(front: Front) -> None:
    """A client that wants the connection closed gets it closed, in order."""
    with front:
        assert asked(front.url, GET.replace(b"1.1", b"1.0")).ended == "fin"
        heard = asked(front.url, GET.replace(b"Host: h", b"Host: h\r\nConnection: close"))
        assert heard.ended == "fin"
        assert b"Connection: close" in heard.head


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_gets_its_answers(front: Front) -> None:
    """curl, with a body of 2 MiB and its `Expect`, reads two answers from one connection."""
    with front:
        words = [
            "curl",
            "-sS",
            "--noproxy",
            "*",
            "--data-binary",
            "@-",
            f"{front.url}/v1/search",
            f"{front.url}/v1/health",
        ]
        said = subprocess.run(words, input=b"x" * 2_000_000, capture_output=True, timeout=20, check=True)
        assert said.stdout == OK.body * 2
        assert [len(seen.body) for seen in ended(front, 2)] == [2_000_000, 2_000_000]
        assert len(front.connections) == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"BROKEN\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\n\r\n",
        b"GET /a\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\x16\x03\x01\x00\r\n\r\n",
    ],
    ids=["no request line", "no Host", "no ASCII", "TLS"],
)
def test_what_is_no_http_is_seen_and_refused(front: Front, request_bytes: bytes) -> None:
    """Broken HTTP is answered with a problem, the connection ends, and the record says why."""
    with front:
        heard = asked(front.url, request_bytes)
        seen = ended(front, 1)[0]
    assert heard.head.startswith(b"HTTP/1.1 4")
    assert heard.ended == "fin"
    assert seen.broken
    assert not seen.cut


def test_a_request_that_breaks_off_is_seen_as_cut(front: Front) -> None:
    """A client that leaves inside its body is not taken for one that sends nonsense."""
    with front:
        with connected(front.url) as sock:
            sock.sendall(b"POST /v1/search HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{")
        seen = ended(front, 1)[0]
        assert seen.cut
        assert seen.broken == "the connection ended inside the request"


def test_a_client_that_leaves_before_the_answer_is_seen_to() -> None:
    """`cut` tells of it, and the fault ends with the client."""
    from memconform.clients.wire import Hang

    with Front() as front:
        front.script(lambda _: Hang())
        with connected(front.url) as sock:
            sock.sendall(GET)
            assert front.wait_until(lambda seen: len(seen) == 1)
        seen = ended(front, 1)[0]
        assert (seen.cut, seen.fault, seen.received) == (True, "hang", None)
        assert front.wait_idle(2)


def test_a_hundred_connections_at_once(front: Front) -> None:
    """A hundred clients at the same moment all get their own answer."""
    barrier = threading.Barrier(100)

    def together(seen: Seen) -> Answer:
        barrier.wait(20)
        return json_reply(200, seen.target.decode())

    front.script(together)

    def one(number: int) -> bool:
        heard = asked(front.url, b"GET /%d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % number, patience=20)
        return heard.body == b'"/%d"' % number

    with front, ThreadPoolExecutor(100) as pool:
        assert all(pool.map(one, range(100)))
        assert (front.most_at_once, front.opened, front.requests) == (100, 100, 100)


def test_marks_divide_what_was_seen(front: Front) -> None:
    """`since` gives what came after `mark`."""
    with front:
        httpx.get(f"{front.url}/one", trust_env=False)
        mark = front.mark()
        assert front.since(mark) == []
        httpx.get(f"{front.url}/two", trust_env=False)
        assert [seen.target for seen in front.since(mark)] == [b"/two"]


def test_sequences_come_before_the_script_and_run_out(front: Front) -> None:
    """First 503, then what the script says; `repeat` goes on; `quiet` ends all."""
    with front:

        def statuses(count: int) -> list[int]:
            return [httpx.get(f"{front.url}/v1/health", trust_env=False).status_code for _ in range(count)]

        front.when("getHealth", problem(503, "unavailable", "later"))
        front.when("addMemory", Reply(500))
        assert statuses(3) == [503, 200, 200]
        front.when(lambda seen: seen.method == "GET", Reply(500), Reply(404), repeat=True)
        assert statuses(3) == [500, 404, 404]
        front.quiet()
        assert statuses(1) == [404]  # nobody stands behind


def test_without_a_server_behind_it_says_so() -> None:
    """A front that stands alone answers 404, marked as its own answer."""
    with Front() as front:
        answer = httpx.get(f"{front.url}/v1/health", trust_env=False)
    assert answer.status_code == 404
    assert answer.headers["Memory-Answered-By"] == "memconform"
    assert "no server stands behind" in answer.json()["detail"]


def test_a_base_path_is_part_of_the_address(front: Front) -> None:
    """Requests below the base are those of the document; others are none."""
    with Front(base_path="/team/memory/") as front:
        front.script(lambda _: OK)
        assert front.url.endswith("/team/memory")
        httpx.get(f"{front.url}/v1/health", trust_env=False)
        httpx.get(f"{front.root}/v1/health", trust_env=False)
        assert [seen.operation_id for seen in ended(front, 2)] == ["getHealth", None]


def test_an_error_of_the_script_is_raised_at_the_end() -> None:
    """A script that fails is answered with 500 and not forgotten."""

    def fails(_: Seen) -> Answer:
        raise KeyError("of the script")

    front = Front()
    front.script(fails)

    def call() -> None:
        with front:
            assert httpx.get(f"{front.url}/v1/health", trust_env=False).status_code == 500
            assert front.wait_idle()

    with pytest.raises(KeyError, match="of the script"):
        call()


def test_only_the_newest_are_kept_when_told_so() -> None:
    """Memory is bounded where `kept` says so, and each request is handed over once when it has ended."""
    handed: list[int] = []
    with Front(kept=2, on_end=lambda seen: handed.append(seen.number)) as front:
        for _ in range(5):
            httpx.get(f"{front.url}/v1/health", trust_env=False)
        assert front.wait_idle()
        assert [seen.number for seen in front.seen] == [4, 5]
        assert front.requests == 5
    assert sorted(handed) == [1, 2, 3, 4, 5]


def test_the_port_is_free_again_after_the_block(front: Front) -> None:
    """A front that has closed refuses connections and has left no thread behind."""
    with front, connected(front.url) as sock:
        sock.sendall(GET)
        listened(sock, enough=50)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("front")]
    with pytest.raises(ConnectionRefusedError):
        connected(front.root).close()


def test_a_refusing_address_refuses() -> None:
    """Nobody listens there, and nobody can take the port meanwhile."""
    with refusing_url("/base") as url:
        assert url.endswith("/base")
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                connected(url).close()
        port = int(url.split(":")[2].split("/")[0])
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


def test_the_public_names_are_pinned() -> None:
    """A name that appears here is a promise to those who write tests of clients."""
    from memconform.clients import wire

    assert sorted(wire.__all__, key=str.casefold) == [
        "Answer",
        "BodyFlood",
        "Changed",
        "Close",
        "credentials_elsewhere",
        "Drip",
        "Fault",
        "FAULTS",
        "Front",
        "Garbage",
        "Hang",
        "HeaderFlood",
        "Html",
        "http_date",
        "json_reply",
        "Late",
        "NeverCloses",
        "NOT_JSON",
        "Opened",
        "problem",
        "Redirect",
        "refusing_url",
        "Reply",
        "RequestJudge",
        "Reset",
        "Seen",
        "SHORTEST_KEY",
        "Truncated",
        "with_unknown_members",
        "with_unknown_profiles",
        "with_wrong_media_type",
        "with_wrong_types",
    ]


def test_a_request_is_settled_when_all_of_it_is_known(front: Front) -> None:
    """The client has its answer first; `settled` waits for the front to take note, and not for what hangs."""
    from memconform.clients.wire import Hang

    with front:
        for number in range(1, 51):
            mark = front.mark()
            httpx.get(f"{front.url}/{number}", trust_env=False)
            assert [seen.ended_at is not None for seen in front.settled(front.since(mark))] == [True]
        front.script(lambda _: Hang())
        with connected(front.url) as sock:
            sock.sendall(GET)
            assert front.wait_until(lambda seen: len(seen) == 51)
            assert front.settled(front.seen[-1:], 0.1)[0].ended_at is None


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1/health HTTP/1.1\r\nHost: h\r\nAuthorization Bearer key-12345678901234\r\n\r\n",
        b"GET /v1/memories?user_id=a b&api_key=key-12345678901234 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"key-12345678901234\r\n\r\n",
    ],
)
def test_what_is_no_request_is_not_repeated(sent: bytes) -> None:
    """The rule that it breaks is named, in the answer and in what is kept; nothing of what stood there is."""
    with Front() as front, connected(front.url) as sock:
        sock.sendall(sent)
        heard = listened(sock, enough=lambda data: data.endswith(b"}"))
        assert front.wait_idle()
        (seen,) = front.seen
    assert heard.head.startswith(b"HTTP/1.1 400")
    assert seen.broken
    assert b"12345678901234" not in heard.data
    assert "12345678901234" not in f"{seen.broken} {seen.exchange().to_json()}"
