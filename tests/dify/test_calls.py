"""Calls of a plugin that behaves, over its standard input and output."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.dify.conftest import PLUGINS, Started

import memconform.dify
from memconform.dify import CallError, NoSuchTool, Plugin, PluginDied


def test_the_public_names_are_pinned() -> None:
    """What other parts may use is listed in one place."""
    assert set(memconform.dify.__all__) == {
        "Blob",
        "CallError",
        "CallTimedOut",
        "EnvironmentFailed",
        "Invocation",
        "NoSuchTool",
        "NotAPlugin",
        "NotStarted",
        "Plugin",
        "PluginDied",
        "PluginFailed",
    }
    assert all(hasattr(memconform.dify, name) for name in memconform.dify.__all__)


def test_the_host_imports_no_runtime() -> None:
    """Neither gevent nor Dify's SDK, which patches the process, gets into ours."""
    code = (
        "import sys, memconform.dify, memconform.dify.startup, memconform.dify.remote, memconform.dify.serverless;"
        "print(sorted({'gevent', 'dify_plugin', 'locust', 'httpx'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_another_process_of_a_plugin_is_its_own(noop: Plugin) -> None:
    """It has the same tools and environment, a process of its own, and its end leaves the first one alone."""
    with noop.another() as other:
        assert other.pid != noop.pid
        assert (other.identity, other.environment, other.tools) == (noop.identity, noop.environment, noop.tools)
        assert other.invoke("nothing", {}).error is None
    assert other.gone is not None
    assert noop.invoke("nothing", {}).error is None


def test_a_plugin_says_who_it_is(noop: Plugin) -> None:
    """The manifest of the running plugin, its tools, and how long it took are there when it is ready."""
    assert noop.identity == "memconform/noop:0.1.0"
    assert noop.manifest["plugins"]["tools"] == ["provider/noop.yaml"]
    assert set(noop.tools) == {"nothing", "remember", "stream", "file", "whoami"}
    assert 0 < noop.ready_s < 120
    assert noop.environment.sdk_version.count(".") == 2
    assert noop.gone is None
    assert noop.rss_mb is None or 10 < noop.rss_mb < 1000


def test_a_call_gives_what_the_tool_gave(noop: Plugin) -> None:
    """One JSON object, no error, nothing else."""
    done = noop.invoke("nothing", {})
    assert done.json == [{"done": True}]
    assert (done.error, done.text, done.variables, done.blobs) == (None, "", {}, [])
    assert [message["type"] for message in done.messages] == ["json"]
    assert 0 < done.seconds < 30


def test_everything_that_is_sent_arrives(noop: Plugin) -> None:
    """User, credentials, conversation, app and parameters reach the tool as they were given."""
    done = noop.invoke(
        "whoami",
        {"echo": "tea ☕ \U0001f9cb \x00 \n 'quoted' \"twice\""},
        credentials={"token": "t-1"},
        user_id="änne",
        conversation_id="c-1",
        app_id="a-1",
    )
    seen = done.json[0]
    assert seen["echo"] == "tea ☕ \U0001f9cb \x00 \n 'quoted' \"twice\""
    assert (seen["user_id"], seen["credentials"]) == ("änne", {"token": "t-1"})
    assert (seen["conversation_id"], seen["app_id"]) == ("c-1", "a-1")
    assert done.variables == {"user_id": "änne"}


def test_half_a_surrogate_pair_does_not_lose_the_call(noop: Plugin) -> None:
    """What is no Unicode is replaced, as in the daemon's strings; the SDK would drop such a line without a word."""
    assert noop.invoke("whoami", {"echo": "a\ud800b"}).json[0]["echo"] == "a?b"


def test_a_request_has_only_the_members_of_the_protocol(noop: Plugin) -> None:
    """A misspelt member is an error of the caller, not silence."""
    with pytest.raises(TypeError, match="conversation_id"):
        noop.invoke("nothing", {}, conversation="c-1")


def test_pieces_come_as_they_are_made(noop: Plugin) -> None:
    """The first piece of a stream is there long before the last."""
    came = [(time.monotonic(), item) for item in noop.stream("stream", {"pieces": 4, "pause_ms": 200})]
    assert [item["type"] for _, item in came if not isinstance(item, CallError)] == ["text", "variable"] * 4
    assert came[-1][0] - came[0][0] > 0.3


def test_pieces_are_joined(noop: Plugin) -> None:
    """Text and streamed variables are whole in the finished call."""
    done = noop.invoke("stream", {"pieces": 3})
    assert done.text == "0\n1\n2\n"
    assert done.variables == {"story": "0 1 2 "}


@pytest.mark.parametrize("size", [0, 1, 8192, 20_000])
def test_a_file_is_put_together_from_its_chunks(noop: Plugin, size: int) -> None:
    """The SDK cuts files at 8,192 bytes; what comes out is the file."""
    done = noop.invoke("file", {"size": size})
    assert [blob.data for blob in done.blobs] == [bytes(number % 251 for number in range(size))]
    assert done.blobs[0].meta == {"mime_type": "application/octet-stream"}
    assert done.incomplete_blobs == []


def test_concurrent_calls_do_not_cross(noop: Plugin) -> None:
    """Of 200 calls in 64 threads each gets the answer to its own parameters, user and credentials."""

    def call(number: int) -> tuple[str, str, str]:
        done = noop.invoke(
            "whoami",
            {"echo": f"e{number}", "pause_ms": number % 7 * 5},
            credentials={"token": f"t{number}"},
            user_id=f"u{number}",
            timeout_s=60,
        )
        seen = done.json[0]
        return seen["echo"], seen["credentials"]["token"], done.variables["user_id"]

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(call, range(200))) == [(f"e{n}", f"t{n}", f"u{n}") for n in range(200)]


def test_credentials_are_checked_by_the_plugin(noop: Plugin) -> None:
    """Valid ones give None, others what the plugin says of them."""
    assert noop.validate({"token": "right"}) is None
    refused = noop.validate({"token": "wrong"})
    assert refused is not None
    assert refused.type == "ToolProviderCredentialValidationError"
    assert refused.message == "the token is wrong: set another one"


def test_a_plugin_without_a_check_of_credentials_says_so(unruly: Started) -> None:
    """What the SDK answers for the plugin is not taken for valid."""
    refused = unruly().validate({})
    assert refused is not None
    assert refused.type == "NotImplementedError"


def test_an_unknown_tool_is_told_from_the_near_ones(noop: Plugin) -> None:
    """The message names what was meant and what there is."""
    with pytest.raises(NoSuchTool, match=r"no tool 'noting'\. Did you mean 'nothing'\? There are: file, nothing"):
        noop.invoke("noting", {})


def test_an_unknown_tool_can_be_sent_all_the_same(noop: Plugin) -> None:
    """With a provider the request goes out, and the runtime's own answer comes back."""
    done = noop.invoke("noting", {}, provider="noop")
    assert done.error is not None
    assert "noting" in done.error.message


def test_an_error_has_type_message_and_traceback(unruly: Started) -> None:
    """What the tool raised is all there, as far as the SDK sends it, and the plugin lives on."""
    plugin = unruly()
    done = plugin.invoke("misbehave", {"how": "fail"})
    assert done.error is not None
    assert (done.error.type, done.error.message) == ("KeyError", "'user_id'")
    # The SDK sends the traceback from 0.10 on.
    assert ("misbehave.py" in done.error.traceback) == (not plugin.environment.sdk_version.startswith("0.7."))
    assert plugin.invoke("misbehave", {"how": "write_stderr"}).error is None


def test_all_that_came_out_is_kept(unruly: Started) -> None:
    """Results and standard error are there for whoever looks for secrets in them."""
    plugin = unruly()
    plugin.invoke("misbehave", {"how": "write_stderr"})
    plugin.close()
    assert "a complaint" in plugin.stderr()
    assert b"a complaint" in plugin.written()
    assert b'"done":"write_stderr"' in plugin.written()
    assert plugin.forgotten == 0


def test_after_the_end_nothing_is_called(unruly: Started) -> None:
    """A call of a plugin that was closed ends at once; closing twice does nothing."""
    plugin = unruly()
    plugin.close()
    plugin.close()
    with pytest.raises(PluginDied, match="stopped by its host"):
        plugin.invoke("misbehave", {"how": "write_stderr"})


def test_a_package_is_unpacked_and_called(tmp_path: Path) -> None:
    """A .difypkg works like the folder, and leaves nothing behind."""
    package = tmp_path / "noop.difypkg"
    root = PLUGINS / "noop"
    with zipfile.ZipFile(package, "w") as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(root).as_posix())
    with Plugin.start(package, start_timeout_s=120) as plugin:
        seen = plugin.invoke("whoami", {}).json[0]
        unpacked = Path(f"/proc/{seen['pid']}/cwd").readlink()
        assert unpacked.is_dir()
        assert unpacked != root
    assert not unpacked.exists()


def test_a_checkout_stays_clean(noop: Plugin) -> None:
    """Running a plugin writes nothing into its folder."""
    noop.invoke("nothing", {})
    assert list((PLUGINS / "noop").rglob("__pycache__")) == []
