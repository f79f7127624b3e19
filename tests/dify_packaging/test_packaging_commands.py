"""The commands `plugin package` and `plugin verify`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from memconform.cli import main
from memconform.dify.packaging import package

from .good_plugin import GOOD, written


def ran(*words: object) -> Result:
    """Run the command line in this process; a traceback fails the test."""
    result = CliRunner().invoke(main, ["plugin", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert "Traceback" not in result.output
    return result


def test_package_writes_the_file_and_says_what_it_is(tmp_path: Path) -> None:
    """File, size, number of files, checksum and unique id are printed, and are those of the package."""
    folder = written(tmp_path / "notes")
    result = ran("package", folder, "-o", tmp_path / "out.difypkg")
    made = package(folder)
    assert result.exit_code == 0
    assert (tmp_path / "out.difypkg").read_bytes() == made.data
    for fact in ("out.difypkg", f"{len(made.data):,} bytes", f"{len(GOOD)} files", made.checksum, made.unique_id):
        assert fact in result.output


def test_package_names_the_file_after_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -o the package lies in the working directory, as with Dify's own tool, also for `.`."""
    folder = written(tmp_path / "notes")
    monkeypatch.chdir(tmp_path)
    assert ran("package", folder).exit_code == 0
    assert (tmp_path / "notes.difypkg").is_file()
    monkeypatch.chdir(folder)
    assert ran("package", ".").exit_code == 0
    assert (folder / "notes.difypkg").read_bytes() == (tmp_path / "notes.difypkg").read_bytes()


def test_package_as_json(tmp_path: Path) -> None:
    """`--json` prints the same facts as data."""
    folder = written(tmp_path / "notes")
    facts = json.loads(ran("package", folder, "-o", tmp_path / "a.difypkg", "--json").output)
    made = package(folder)
    assert facts["checksum"] == made.checksum
    assert facts["unique_id"] == made.unique_id
    assert (facts["files"], facts["bytes"], facts["signed_time"]) == (len(GOOD), len(made.data), None)


def test_package_refuses_with_the_problems(tmp_path: Path) -> None:
    """A plugin that Dify would refuse is not packaged: exit code 1, the line, and no file."""
    folder = written(tmp_path / "notes", {"manifest.yaml": ("author: someone", "author: Someone"), ".env": "A=1"})
    result = ran("package", folder, "-o", tmp_path / "a.difypkg")
    assert result.exit_code == 1
    assert "manifest.yaml:3:9: error author-name" in result.output
    assert ".env: error secret-file" in result.output
    assert "is not packaged: 2 problems" in result.output
    assert not (tmp_path / "a.difypkg").exists()
    data = json.loads(ran("package", folder, "--json").output)
    assert {each["rule"] for each in data["problems"]} == {"author-name", "secret-file"}


def test_package_signs_and_verify_checks(tmp_path: Path) -> None:
    """A package signed with --key passes `verify --public-key`; a changed one does not."""
    key = rsa.generate_private_key(65537, 2048)
    private, public, path = tmp_path / "private.pem", tmp_path / "public.pem", tmp_path / "a.difypkg"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1))
    made = ran("package", written(tmp_path / "notes"), "-o", path, "--key", private, "--time", 42)
    assert "time 42" in made.output
    good = ran("verify", path, "--public-key", public)
    assert (good.exit_code, "checked" in good.output) == (0, True)
    path.write_bytes(path.read_bytes().replace(b'"time":42', b'"time":43'))
    bad = ran("verify", path, "--public-key", public)
    assert (bad.exit_code, "signature-invalid" in bad.output) == (1, True)


def test_verify_of_a_clean_plugin_ends_with_0(tmp_path: Path) -> None:
    """A clean plugin has no errors and no advice; checksum and unique id are printed."""
    result = ran("verify", written(tmp_path / "notes"))
    assert result.exit_code == 0
    assert "no errors, 0 advice" in result.output
    assert package(tmp_path / "notes").unique_id in result.output


def test_verify_points_at_the_line(tmp_path: Path) -> None:
    """An error ends with 1 and is told in words: where, which rule, expected, seen, what to do, who refuses."""
    folder = written(tmp_path / "notes", {"manifest.yaml": ("utilities, productivity", "memory")})
    result = ran("verify", folder)
    assert result.exit_code == 1
    assert "manifest.yaml:32:8: error tag-unknown" in result.output
    assert "saw       'memory'" in result.output
    assert "by Dify's daemon" in result.output


def test_verify_for_a_host_of_ones_own(tmp_path: Path) -> None:
    """`--for self-hosted` turns the marketplace's rules into advice, which is allowed."""
    folder = written(tmp_path / "notes", {"PRIVACY.md": None})
    assert ran("verify", folder).exit_code == 1
    assert ran("verify", folder, "--for", "self-hosted").exit_code == 0


def test_verify_as_json(tmp_path: Path) -> None:
    """`--json` prints each problem with all its members."""
    folder = written(tmp_path / "notes", {"manifest.yaml": ("author: someone", "author: dify_fan")})
    result = ran("verify", folder, "--json")
    data = json.loads(result.output)
    assert (result.exit_code, data["errors"]) == (1, 1)
    (problem,) = data["problems"]
    assert problem["rule"] == "author-reserved"
    assert problem["where"] == "manifest.yaml:3:1"
    assert set(problem) == {"rule", "level", "where", "expected", "seen", "advice", "refused_by"}


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "does not exist"), (b"", "is empty"), (b"rubbish", "not a ZIP"), (b"PK\5\6" + bytes(18), "no manifest")],
)
def test_verify_of_no_plugin_ends_with_2(content: bytes | None, words: str, tmp_path: Path) -> None:
    """What is no plugin is said so in one sentence, with exit code 2."""
    path = tmp_path / "x.difypkg"
    if content is not None:
        path.write_bytes(content)
    result = ran("verify", path)
    assert result.exit_code == 2
    assert words in result.output


def test_a_missing_key_ends_with_2(tmp_path: Path) -> None:
    """A key file that is not there is usage."""
    folder = written(tmp_path / "notes")
    assert ran("verify", folder, "--public-key", tmp_path / "none.pem").exit_code == 2
    assert ran("package", folder, "--key", tmp_path / "none.pem").exit_code == 2
    assert ran("package", folder, "-o", tmp_path / "no" / "such" / "a.difypkg").exit_code == 2
