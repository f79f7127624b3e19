"""What a run was asked to do: addresses, headers, keys, and the command that repeats it."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import pytest

from memconform.budget import Budget
from memconform.cli.check import command as check
from memconform.exchange import Exchange, Received, Sent
from memconform.insides import insides
from memconform.judgement import Judgement
from memconform.no_server import hint
from memconform.options import arguments
from memconform.redaction import redactor
from memconform.session import Session
from memconform.settings import RunSettings, UsageError, checked_url

URL = "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (URL, URL),
        (f"{URL}/", URL),
        (f"{URL}/v1", URL),
        (f"{URL}/v1/", URL),
        (f"{URL}//", URL),
        (f"{URL}//v1", URL),
        ("https://memory.example/tenant-1/v1", "https://memory.example/tenant-1"),
        ("http://[::1]:8765/v1", "http://[::1]:8765"),
        ("HTTP://localhost", "HTTP://localhost"),
        ("http://münchen.example", "http://münchen.example"),
        ("https://memory.example/v1x", "https://memory.example/v1x"),
    ],
)
def test_addresses_lose_what_the_contract_adds(given: str, base: str) -> None:
    """The base is the address before /v1, however it was written."""
    assert checked_url(given) == base


@pytest.mark.parametrize(
    "given",
    [
        "",
        "127.0.0.1:8765",
        "localhost",
        "ftp://127.0.0.1",
        "http://",
        "http:///v1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1:x",
        "http://[::1",
        "http://exa mple",
        "http://example/a b",
        "http://example/\x1b[2J",
        "http://example/a\nb",
        "http://a..b",
        "http://" + "a" * 64 + ".example",
        "http://example/{tenant}",
        "http://example/ü",
        "http://127.0.0.1?x=1",
        "http://127.0.0.1/#x",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    """An address that cannot be used is refused before anything is sent, with what was given or what to give."""
    with pytest.raises(UsageError, match="URL"):
        checked_url(given)


@pytest.mark.parametrize("userinfo", ["alice:hunter2", ":hunter2", "hunter2", ""])
def test_credentials_in_the_address_are_refused_and_not_repeated(userinfo: str) -> None:
    """A password in the address would end in every report; the refusal itself does not say it again."""
    with pytest.raises(UsageError, match="MEMCONFORM_API_KEY") as refusal:
        checked_url(f"http://{userinfo}@127.0.0.1:8765")
    assert "hunter2" not in str(refusal.value)


def test_headers_come_from_the_command_line_or_the_environment() -> None:
    """`Name: value` and `Name: env:VARIABLE` both give a header; colons in a value stay."""
    settings = RunSettings(URL, headers=("X-A: b:c ", "X-B:env:SECRET", "X-Empty:"))
    assert settings.target({"SECRET": "s3cret"}).headers == (("X-A", "b:c"), ("X-B", "s3cret"), ("X-Empty", ""))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "X",
        ": x",
        "X Y: z",
        "X\r\nY: z",
        "X: a\r\nY: b",
        "X: \x00",
        "X: env:NOT_THERE",
        "X: \x7f",
        "Content-Length: 3",
    ],
)
def test_bad_headers_are_refused_without_their_value(header: str) -> None:
    """A header that HTTP cannot carry, or that frames a message, is a usage error."""
    with pytest.raises(UsageError, match="--header"):
        RunSettings(URL, headers=(header,)).target({})


def test_a_header_from_the_environment_may_not_break_out() -> None:
    """A line feed in a variable does not become a second header, and the value is not repeated."""
    with pytest.raises(UsageError) as refusal:
        RunSettings(URL, headers=("X-B: env:SECRET",)).target({"SECRET": "hunter2\r\nX-C: d"})
    assert "hunter2" not in str(refusal.value)


def test_keys_come_from_variables_or_files(tmp_path: Path) -> None:
    """A file wins over a variable; white space around a key is none of it; an empty key is no key."""
    file = tmp_path / "key"
    file.write_text("  from-the-file\n")
    environ = {"MEMCONFORM_API_KEY": "from-the-variable", "MEMCONFORM_SECOND_API_KEY": " "}
    assert RunSettings(URL).keys(environ) == ("from-the-variable", None)
    assert RunSettings(URL, api_key_file=str(file)).keys(environ) == ("from-the-file", None)
    assert RunSettings(URL, api_key_env="OTHER").keys({"OTHER": "x"}) == ("x", None)


@pytest.mark.parametrize("key", ["two words", "naïve", "line\nfeed", "\x1b[2J"])
def test_keys_that_no_header_can_carry_are_refused_unseen(key: str) -> None:
    """The refusal does not repeat the key."""
    with pytest.raises(UsageError, match="API key") as refusal:
        RunSettings(URL).keys({"MEMCONFORM_API_KEY": key})
    assert key not in str(refusal.value)


def test_a_named_variable_or_file_must_be_there(tmp_path: Path) -> None:
    """A misspelt name does not silently mean an open server."""
    with pytest.raises(UsageError, match="NO_SUCH"):
        RunSettings(URL, api_key_env="NO_SUCH").keys({})
    for wrong in (tmp_path / "absent", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            RunSettings(URL, api_key_file=str(wrong)).keys({})


@pytest.mark.parametrize("number", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_times_and_rates_are_positive_numbers(number: float) -> None:
    """What a clock cannot wait for is refused."""
    with pytest.raises(UsageError, match="--timeout"):
        RunSettings(URL, timeout=number).target({})
    with pytest.raises(UsageError, match="--rate"):
        RunSettings(URL, rate=number).target({})


def test_an_authority_must_be_a_certificate(tmp_path: Path) -> None:
    """--ca wants a PEM file that is there."""
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    for wrong in (tmp_path / "absent.pem", garbage):
        with pytest.raises(UsageError, match="--ca"):
            RunSettings(URL, ca_file=str(wrong)).target({})


@pytest.mark.parametrize("key", ["Bearer key", "naïve", "two words"])
def test_a_key_that_no_header_carries_is_told_by_its_place(tmp_path: Path, key: str) -> None:
    """The variable, or the file; the key itself is not repeated."""
    file = tmp_path / "key.txt"
    file.write_text(key, encoding="utf-8")
    for settings, place in (
        (RunSettings(URL, second_api_key_env="OTHER"), r"\$OTHER"),
        (RunSettings(URL, api_key_file=str(file)), "the file .*key.txt"),
    ):
        with pytest.raises(UsageError, match=f"the API key in {place} ") as said:
            settings.keys({"OTHER": key})
        assert key not in str(said.value)


EVERYTHING = RunSettings(
    "https://memory.example/a'b",
    profiles=("core", "search"),
    level="MUST",
    requirements=("CORE-13", "SEARCH-10"),
    budget=Budget("full"),
    seed=7,
    rate=2.5,
    timeout=3.0,
    api_key_env="KEY_1",
    second_api_key_env="KEY_2",
    api_key_file="key file",
    second_api_key_file="2",
    headers=("X-B: env:SECRET",),
    ca_file="ca $(id).pem",
    insecure=True,
    restart_command="kill -9 $(cat pid); ./serve &",
    keep_data=True,
)


def parsed(line: str, monkeypatch: pytest.MonkeyPatch) -> RunSettings:
    """Return the settings that `memconform check` makes of a command line."""
    taken: list[RunSettings] = []

    def take(settings: RunSettings) -> None:
        taken.append(settings)

    monkeypatch.setattr(RunSettings, "target", take)
    monkeypatch.setattr(RunSettings, "keys", take)
    program, name, *words = shlex.split(line)
    assert (program, name) == ("memconform", "check")
    with pytest.raises(SystemExit):
        check.main(words, obj=lambda _: 0)
    return taken[0]


@pytest.mark.parametrize("settings", [EVERYTHING, RunSettings(URL), RunSettings(URL, level="SHOULD")])
def test_the_command_asks_for_the_same_run(settings: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`again()` goes through the shell and click's parser and comes out as the same settings, every one of them."""
    assert parsed(settings.again(), monkeypatch) == settings


def test_the_command_for_one_requirement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command under a finding repeats the run for its requirement only."""
    found = parsed(EVERYTHING.again("CORE-16"), monkeypatch)
    assert found == dataclasses.replace(EVERYTHING, requirements=("CORE-16",))


def test_the_command_hides_a_header_from_the_command_line() -> None:
    """A value that was typed is not printed."""
    assert "hunter2" not in RunSettings(URL, headers=("X-B: hunter2",)).again()


def test_the_settings_reach_pytest_whole(pytester_config: Any) -> None:
    """What `memconform check` hands down is what the plugin reads, also values that begin with a dash."""
    strange = dataclasses.replace(EVERYTHING, restart_command="-x", headers=("X-B: -v",))
    for settings in (EVERYTHING, RunSettings(URL), strange):
        assert pytester_config(arguments(settings)) == settings


@pytest.fixture
def pytester_config() -> Any:
    """Return a function from pytest's arguments to the settings that the plugin reads from them."""
    from _pytest.config import get_config

    from memconform.options import settings_of

    def read(words: list[str]) -> RunSettings | None:
        config = get_config()
        config.parse([f"--rootdir={Path.cwd()}", "-c", "/dev/null", *words])
        return settings_of(config)

    return read


def test_redaction_knows_every_spelling() -> None:
    """A secret is hidden as it is, as JSON spells it, as a URL spells it, and where a cut left the beginning of it."""
    secret = 'pa"ss\\wo/rd+1234'
    redact = redactor([secret, "second-secret"])
    assert redact(f"a {secret} b second-secret") == "a [redacted] b [redacted]"
    assert redact(r'{"echo": "pa\"ss\\wo/rd+1234"}') == '{"echo": "[redacted]"}'
    assert redact("?key=pa%22ss%5Cwo%2Frd%2B1234") == "?key=[redacted]"
    assert redact("401 you sent Bearer second-sec") == "401 you sent Bearer [redacted]"
    assert redact("you sent second-secr… (700 characters)") == "you sent [redacted]… (700 characters)"
    assert redact("a second opinion") == "a second opinion"
    assert redactor([])("anything") == "anything"


@pytest.mark.parametrize("secret", ["a", "k1", "seven77"])
def test_a_short_secret_is_hidden_where_it_stands_alone(secret: str) -> None:
    """A key of a few characters is hidden as a word; the letters of other words stay readable."""
    redact = redactor([secret])
    assert redact(f"Authorization: Bearer {secret}, then") == "Authorization: Bearer [redacted], then"
    readable = f"a{secret}b and x{secret}"
    assert redact(readable.replace(" and ", "-")) == readable.replace(" and ", "-")


def test_redaction_reaches_every_text_of_a_judgement() -> None:
    """Expected, observed, reason, bodies, headers, URLs and the curl command are all redacted."""
    secret = "hunter2-hunter2"
    exchange = Exchange(
        Sent("GET", f"{URL}/?k={secret}", (("X", secret),), secret.encode()),
        Received(500, (("Echo", secret),), secret.encode()),
        0,
        0,
        secret,
    )
    judgement = Judgement(expected=secret, observed=secret, reason=secret, see=[exchange], redact=redactor([secret]))
    assert secret not in str(judgement.to_json())


def test_harmless_headers_are_no_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A media type, or a tenant's name, given as a header, may come back; a token given so may not."""
    monkeypatch.setenv("MEMCONFORM_STATE", str(tmp_path))
    monkeypatch.setenv("TENANT_TOKEN", "from-the-environment")
    headers = ("Accept: application/json", "X-Tenant: default", "X-Api-Key: typed-secret", "X-Odd: env:TENANT_TOKEN")
    session = Session(RunSettings(URL, headers=headers), "0123abcd")
    assert "application/json" not in session.secrets
    assert {"default", "typed-secret", "from-the-environment"} <= set(session.secrets)
    received = Received(404, (("Content-Type", "application/json"),), b"no tenant default; typed-secret")
    said = list(insides(Exchange(Sent("GET", URL), received, 0, 0), session.credentials))
    assert said == ["the credentials in the body"]
    assert set(session.credentials) == {"typed-secret", "from-the-environment"}


@pytest.mark.parametrize(
    ("detail", "advice"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "--ca"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "http://"),
        ("[Errno -2] Name or service not known", "host name"),
        ("[Errno 111] Connection refused", "running"),
    ],
)
def test_the_reason_decides_the_advice(detail: str, advice: str) -> None:
    """What to try next fits why no connection could be made."""
    assert advice in hint(detail)
