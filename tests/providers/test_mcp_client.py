"""The MCP client: a process is started, asked from many threads, and ended; what goes wrong has a name."""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, StoreError, Unavailable

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("mcp") is None, reason="needs the extra `mcp`"),
]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.mcp_client import McpClient

SERVER = """
import json, os, signal, sys, threading, time

def say(number, **result):
    with writing:
        print(json.dumps({"jsonrpc": "2.0", "id": number, **result}), flush=True)

def work(number, tool, text="", after=0):
    time.sleep(after)
    if tool == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    told = {"echo": {"text": text}, "environment": dict(os.environ), "process": {"id": os.getpid()}, "fail": {}}[tool]
    content = [{"type": "text", "text": text}]
    say(number, result={"content": content, "structuredContent": told, "isError": tool == "fail"})

writing = threading.Lock()
for line in sys.stdin:
    asked = json.loads(line)
    number, params = asked.get("id"), asked.get("params")
    if asked["method"] == "initialize":
        who = {"name": "tiny", "version": "1"}
        say(number, result={"protocolVersion": params["protocolVersion"], "capabilities": {}, "serverInfo": who})
    elif asked["method"] == "tools/list":
        tools = ("echo", "environment", "process", "fail", "die")
        say(number, result={"tools": [{"name": each, "inputSchema": {"type": "object"}} for each in tools]})
    elif asked["method"] == "tools/call":
        threading.Thread(target=work, args=(number, params["name"]), kwargs=params["arguments"], daemon=True).start()
"""


@pytest.fixture
def command(tmp_path: Path) -> str:
    """Return the command of a tiny MCP server that answers each call from a thread of its own."""
    script = tmp_path / "tiny.py"
    script.write_text(SERVER, "utf-8")
    return f"{sys.executable} {script}"


def opened(command: str, **more: Any) -> McpClient:
    """Start a server and shake hands."""
    from memconform_server.mcp_client import McpClient

    given: dict[str, Any] = {
        "expected": "tiny",
        "needed": ["echo"],
        "install": "Install tiny.",
        "deadline_s": 10.0,
    } | more
    return McpClient("Tiny", command, {"HOME": "/nowhere"}, **given)


@pytest.fixture
def client(command: str) -> Iterator[McpClient]:
    """Start the tiny server, and end it."""
    client = opened(command)
    yield client
    client.close()


def is_alive(process: int) -> bool:
    """Tell whether a process is there, and not one that has ended and is not yet reaped."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_tool_is_called_and_answers(client: McpClient) -> None:
    """Text goes and comes code point for code point, as structured content and as text; the server says who it is."""
    text = "e\u0301\u00e9 \U0001f680\r\n\u2028\0"
    told = client.call("echo", text=text)
    assert told.structured == {"text": text}
    assert "\U0001f680" in told.text
    assert client.name == "tiny"
    assert {"echo", "die"} <= client.tools


def test_calls_overlap(client: McpClient) -> None:
    """Eight calls from eight threads, each of which takes half a second, take less than four; none gets another's."""
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.call("echo", text=str(number), after=0.5), range(8)))
    assert [each.structured["text"] for each in answers] == [str(number) for number in range(8)]
    assert time.monotonic() - begun < 4


def test_the_process_sees_little(client: McpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this process's environment it has no variable but a few harmless ones, and HOME is the one that is given."""
    monkeypatch.setenv("SECRET_KEY", "canary")
    seen = client.call("environment").structured
    assert seen["HOME"] == "/nowhere"
    assert set(seen) <= {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LC_CTYPE", "PWD"}


def test_a_tool_that_fails_says_so_without_its_text(client: McpClient) -> None:
    """An error of a tool is an error that keeps what was said beside its message."""
    from memconform_server.mcp_client import ToolFailed

    with pytest.raises(ToolFailed, match=r"^Tiny failed in its tool fail$") as failed:
        client.call("fail", text="canary")
    assert "canary" in failed.value.text


def test_no_answer_in_time_is_unavailable(command: str) -> None:
    """A call that outlives the deadline is told as that; the server goes on."""
    client = opened(command, deadline_s=1.0)
    try:
        with pytest.raises(Unavailable, match="Tiny gave no answer within 1 s"):
            client.call("echo", text="x", after=5)
        assert client.call("echo", text="y").structured == {"text": "y"}
    finally:
        client.close()


def test_a_process_that_dies_is_named(client: McpClient) -> None:
    """The call during which it dies fails at once and says what died, and so does every later one."""
    begun = time.monotonic()
    for _ in range(2):
        with pytest.raises(Unavailable, match="the process of Tiny has ended; start the bridge again"):
            client.call("die")
    assert time.monotonic() - begun < 5


def test_every_waiting_call_ends_when_the_process_dies(client: McpClient) -> None:
    """Calls of other threads do not wait for their deadline when nobody is left to answer."""
    process = client.call("process").structured["id"]
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(client.call, "echo", text="x", after=60) for _ in range(4)]
        time.sleep(0.5)
        os.kill(process, signal.SIGKILL)
        for each in waiting:
            assert isinstance(each.exception(timeout=5), Unavailable)


def test_closing_ends_the_process(command: str) -> None:
    """After `close` the process is gone, and calls say so."""
    client = opened(command)
    process = client.call("process").structured["id"]
    client.close()
    assert not is_alive(process)
    with pytest.raises(StoreError):
        client.call("echo", text="x")


def test_a_program_that_is_not_there() -> None:
    """The command is named, and how to install it."""
    with pytest.raises(CannotOpen, match=r"Tiny cannot be started with '/nowhere/tiny' .*: Install tiny\."):
        opened("/nowhere/tiny")


@pytest.mark.parametrize(
    "program",
    ["import sys; sys.exit('no such module')", "print('hello', flush=True); raise SystemExit('no such module')"],
)
def test_a_program_that_ends_at_once(program: str) -> None:
    """What it said last is quoted: nothing was written to it yet that it could repeat."""
    begun = time.monotonic()
    with pytest.raises(CannotOpen, match=r"does not speak MCP over stdio .* it said 'no such module'\. Install tiny\."):
        opened(f'{sys.executable} -c "{program}"')
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"expected": "other"}, "calls itself 'tiny' .*: it is not Tiny as the bridge knows it"),
        ({"needed": ["echo", "remember"]}, "lacks the tools remember: it is not Tiny"),
    ],
)
def test_another_server_is_recognised(command: str, wanted: dict[str, Any], said: str) -> None:
    """A server of another name, or of another version without a tool, is not used."""
    with pytest.raises(CannotOpen, match=f"{said}.*Nothing was written"):
        opened(command, **wanted)


def test_a_command_that_no_shell_would_read() -> None:
    """An open quotation mark is told as that."""
    with pytest.raises(CannotOpen, match="cannot be read; quote it as for a shell"):
        opened("tiny 'oh")
