"""Signatures: those of ours verify, those of others and of changed packages do not."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from memconform.dify.packaging import KeyUnusable, SigningUnavailable, package, verify

from .good_plugin import GOOD, written

CREATED = 1769860800
"""The good plugin's created_at, 2026-01-31T12:00:00Z."""


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """Return the key of a size, made once."""
    return rsa.generate_private_key(65537, bits)


def private_pem(bits: int = 4096) -> bytes:
    """Return a private key in the form that Dify's tools read."""
    return rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def public_pem(bits: int = 4096) -> bytes:
    """Return a public key in the form that Dify's tools read."""
    return rsa_key(bits).public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def _elliptic_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a private key's file."""
    path = tmp_path / "private.pem"
    path.write_bytes(private_pem())
    return path


@pytest.fixture
def signed(tmp_path: Path, key: Path) -> Path:
    """Return the good plugin, packaged and signed."""
    path = tmp_path / "signed.difypkg"
    path.write_bytes(package(written(tmp_path / "notes"), key).data)
    return path


def _as_it_is(files: dict[str, bytes]) -> None:
    assert files


def changed(package: Path, change: Callable[[dict[str, bytes]], object], comment: bytes | None = None) -> Path:
    """Write a package anew with changed files, or another comment, and return it."""
    with zipfile.ZipFile(package) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        said = archive.comment
    change(files)
    with zipfile.ZipFile(package, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.comment = said if comment is None else comment
    return package


def test_a_signed_package_verifies(signed: Path) -> None:
    """With the owner's public key there is no problem; with another key the signature is invalid."""
    assert verify(signed, public_key=public_pem()) == []
    assert [each.rule for each in verify(signed, public_key=public_pem(2048))] == ["signature-invalid"]


def test_the_signature_is_what_the_daemon_checks(signed: Path) -> None:
    """RSA PKCS #1 v1.5 with SHA-256 over the digests in ZIP order and the time; the verification file comes last."""
    with zipfile.ZipFile(signed) as archive:
        said = json.loads(archive.comment)
        names = archive.namelist()
        digests = b"".join(hashlib.sha256(archive.read(name)).digest() for name in names)
        assert json.loads(archive.read(names[-1])) == {"authorized_category": "community"}
    assert names[-1] == ".verification.dify.json"
    assert said["time"] == CREATED
    data = digests + str(said["time"]).encode()
    rsa_key(4096).public_key().verify(base64.b64decode(said["signature"]), data, padding.PKCS1v15(), hashes.SHA256())


def test_signed_bytes_are_the_same_each_time(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time comes from the manifest, from SOURCE_DATE_EPOCH, or is given; each of them makes the same bytes."""
    folder = written(tmp_path / "notes")
    assert package(folder, key).data == package(folder, key).data
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert package(folder, key).time == 1234567890
    assert package(folder, key, time=7).data == package(folder, key, time=7).data
    assert package(folder, key, time=7).data != package(folder, key).data


def test_the_id_of_a_signed_package_covers_the_verification_file(tmp_path: Path, key: Path) -> None:
    """Signing adds a file, so the checksum is another one; it does not depend on the time."""
    folder = written(tmp_path / "notes")
    assert package(folder, key, time=1).checksum == package(folder, key, time=2).checksum != package(folder).checksum


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.update({"main.py": b"import os\n"}),
        lambda files: files.update({"more.py": b""}),
        lambda files: files.pop("tools/base.py"),
        lambda files: files.update({".verification.dify.json": b'{"authorized_category":"langgenius"}'}),
        lambda files: files.update({"main.py": files.pop("main.py")}),
    ],
    ids=["a file changed", "a file added", "a file removed", "the verification changed", "the order changed"],
)
def test_a_changed_package_is_detected(change: Callable[[dict[str, bytes]], object], signed: Path) -> None:
    """A package whose files or order were changed after signing has an invalid signature."""
    rules = [each.rule for each in verify(changed(signed, change), public_key=public_pem())]
    assert "signature-invalid" in rules


@pytest.mark.parametrize(
    ("comment", "rule"),
    [
        (b"", "signature-absent"),
        (b"{", "signature-absent"),
        (b"[1]", "signature-absent"),
        (b'{"signature":"?","time":1}', "signature-absent"),
        (b'{"signature":"AAAA"}', "signature-absent"),
        (b'{"signature":"AAAA","time":true}', "signature-absent"),
        (b'{"signature":"AAAA","time":1}', "signature-invalid"),
    ],
)
def test_a_strange_comment_is_no_signature(comment: bytes, rule: str, signed: Path) -> None:
    """A comment without a signature is told from one with a wrong signature."""
    assert [each.rule for each in verify(changed(signed, _as_it_is, comment), public_key=public_pem())] == [rule]


def test_another_time_is_detected(signed: Path) -> None:
    """The time is signed with the files."""
    with zipfile.ZipFile(signed) as archive:
        said = json.loads(archive.comment)
    comment = json.dumps({**said, "time": said["time"] + 1}).encode()
    assert [each.rule for each in verify(changed(signed, _as_it_is, comment), public_key=public_pem())] == [
        "signature-invalid"
    ]


def test_a_key_in_another_form_is_taken_with_advice(signed: Path) -> None:
    """A key as SubjectPublicKeyInfo verifies, with the advice that Dify's daemon reads only PKCS #1."""
    other_form = rsa_key(4096).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert [each.rule for each in verify(signed, public_key=other_form)] == ["key-form"]


def test_a_hidden_second_file_is_told(signed: Path) -> None:
    """A second entry of the same name, which Dify's signature does not see, is a problem of its own."""
    buffer = io.BytesIO(signed.read_bytes())
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("main.py", "import os\n")
    signed.write_bytes(buffer.getvalue())
    assert "zip-duplicate" in [each.rule for each in verify(signed, public_key=public_pem())]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: b"no key", "not a private key"),
        (lambda: public_pem(2048), "not a private key"),
        (_elliptic_pem, "expected an RSA key"),
        (lambda: private_pem(1024), "not safe"),
    ],
    ids=["rubbish", "public", "elliptic", "short"],
)
def test_an_unusable_key_is_told_in_a_sentence(
    content: Callable[[], bytes], words: str, key: Path, tmp_path: Path
) -> None:
    """A key that is none, of another kind or too short is refused with what was expected."""
    key.write_bytes(content())
    with pytest.raises(KeyUnusable, match=words):
        package(written(tmp_path / "notes"), key)


def test_a_private_key_is_not_taken_for_a_public_one(signed: Path) -> None:
    """Whoever gives the private key to `verify` is told to keep it."""
    with pytest.raises(KeyUnusable, match="keep the private one"):
        verify(signed, public_key=private_pem())


def test_without_cryptography_the_extra_is_named(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `cryptography` is not installed, the message says what to install; unsigned packages need it not."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    folder = written(tmp_path / "notes")
    assert package(folder).files == len(GOOD)
    with pytest.raises(SigningUnavailable, match="pip install"):
        package(folder, key)
